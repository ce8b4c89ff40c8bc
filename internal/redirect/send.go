package redirect

import (
	"net/http"
	"strconv"

	"mirrortracker/internal/mirror"
	"mirrortracker/internal/resolver"
)

// Values of headers that are the same for many. They are never changed.
var (
	zeroValue     = []string{"0"}
	privateValue  = []string{"private, no-cache"}
	acceptValue   = []string{"Accept"}
	nosniffValue  = []string{"nosniff"}
	noMatchValue  = []string{"none"}
	originalValue = []string{"original"}
	classValues   = func() (values [resolver.File + 1][]string) {
		for class := range values {
			values[class] = []string{resolver.Class(class).String()}
		}
		return values
	}()
)

// send redirects. All that is particular to an answer is written into one buffer,
// of which the headers' values are parts.
//
// There is a Link for each candidate (RFC 6249, section 3), a line each, because
// clients are known that read no more than one from a line. The first is to where
// Location leads. There is no content: no client shows it, and it would take longer than
// to choose among the candidates.
func (r *Redirector) send(w http.ResponseWriter, req *http.Request, q *Question, d *decision) event {
	best, isDir := d.member(0), d.isDir(q)
	text, ends := d.text[:0], d.ends[:0]
	text = append(text, '<')
	text = d.appendURL(text, 0, isDir)
	location := len(text)
	if best.Class != 0 && r.links > 0 {
		text = d.appendParameters(text, 0)
		ends = append(ends, len(text))
		for i := 1; i < len(d.best); i++ {
			text = append(text, '<')
			text = d.appendURL(text, i, isDir)
			text = d.appendParameters(text, i)
			ends = append(ends, len(text))
		}
	}
	if best.Class != 0 && !isDir {
		text = appendDescribedBy(text, w, req, &d.found)
		ends = append(ends, len(text))
	}
	d.text, d.ends = text, ends

	all := string(text)
	values := make([]string, 1, 1+len(ends))
	values[0] = all[1:location]
	begin := 0
	if best.Class == 0 || r.links <= 0 {
		begin = location // there is no Link to it
	}
	for _, end := range ends {
		values = append(values, all[begin:end])
		begin = end
	}
	h := w.Header()
	h["Location"] = values[:1:1]
	if len(ends) > 0 {
		h["Link"] = values[1:]
	}
	h["X-Mirror-Match"] = classValues[best.Class]
	if best.Original && best.Class != 0 {
		h["X-Mirror-Match"] = originalValue
	}
	h["X-Mirror-Site"] = d.offered(0).name
	if q.Within != "" {
		h.Set("X-Mirror-Within", d.within(q))
	}
	if req.Method == http.MethodHead {
		h["Content-Length"] = zeroValue // as net/http has it of a GET
	}
	w.WriteHeader(http.StatusFound)
	done := event{"replica", h["X-Mirror-Match"][0], d.offered(0).url.Scheme}
	if best.Original {
		done.outcome = "original"
	}
	return done
}

// appendParameters appends what a Link says of the i-th best.
func (d *decision) appendParameters(b []byte, i int) []byte {
	b = append(b, ">; rel=duplicate; pri="...)
	b = strconv.AppendInt(b, int64(i+1), 10)
	b = append(b, d.offered(i).geo...)
	if depth := d.depth(d.member(i)); depth > 0 {
		b = append(b, "; depth="...)
		b = strconv.AppendInt(b, int64(depth), 10)
	}
	return b
}

// appendDescribedBy appends the Link to the Metalink of a file.
func appendDescribedBy(b []byte, w http.ResponseWriter, req *http.Request, found *resolver.Answer) []byte {
	b = append(b, '<')
	if soundHost(req.Host) { // clients are known that take no relative reference
		if x, ok := w.(*exchange); ok && x.secure {
			b = append(b, "https://"...)
		} else {
			b = append(b, "http://"...)
		}
		b = append(b, req.Host...)
	}
	b = append(b, '/')
	b = append(b, found.Site.Name...)
	b = mirror.AppendEscaped(b, string(found.Asked))
	return append(b, `.meta4>; rel=describedby; type="application/metalink4+xml"`...)
}

// soundHost reports whether what a client says that it connected to can stand in a
// URL. It is a name or an address, with or without a port.
func soundHost(host string) bool {
	for i := range len(host) {
		c := host[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case c == '.', c == '-', c == '_', c == ':', c == '[', c == ']':
		default:
			return false
		}
	}
	return host != ""
}

// within writes the directory that an answer holds for.
func (d *decision) within(q *Question) string {
	path, err := mirror.ParsePath(q.Within)
	if err != nil { // the decision was made with it
		return ""
	}
	return mirror.EscapePath(path.Dir())
}
