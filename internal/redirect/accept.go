package redirect

import (
	"net/http"
	"slices"
	"strings"
)

// preferred returns that of some media types which a client names in Accept
// with the greatest weight, the first where several have it, or "" if it names
// another type with a greater one, or none of them (RFC 9110, section 12.5.1).
// Wildcards name nothing, but have a weight.
func preferred(req *http.Request, kinds ...string) string {
	var (
		named   = len(kinds) // position of the best
		greater float64      // its weight
		other   float64      // the greatest weight of another type
	)
	for _, line := range req.Header["Accept"] {
		for part := range strings.SplitSeq(line, ",") {
			kind, params, _ := strings.Cut(strings.TrimSpace(part), ";")
			kind = strings.TrimSpace(kind)
			i := slices.IndexFunc(kinds, func(k string) bool { return strings.EqualFold(k, kind) })
			switch w := weight(params); {
			case kind == "": // lists may have empty elements
			case i < 0:
				other = max(other, w)
			case w > greater, w == greater && i < named:
				named, greater = i, w
			}
		}
	}
	if greater == 0 || other > greater {
		return ""
	}
	return kinds[named]
}

// takesAnything reports whether a client takes all types as gladly as any.
func takesAnything(req *http.Request) bool {
	for _, line := range req.Header["Accept"] {
		for part := range strings.SplitSeq(line, ",") {
			kind, params, _ := strings.Cut(strings.TrimSpace(part), ";")
			if strings.TrimSpace(kind) == "*/*" && weight(params) == 1 {
				return true
			}
		}
	}
	return false
}
