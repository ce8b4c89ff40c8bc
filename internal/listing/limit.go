package listing

import "fmt"

// A LimitError says that a listing was given up because it holds more than
// allowed. What was read before is returned beside it.
type LimitError struct {
	Line int    // at which it was given up, counted from 1
	What string // "entries", "bytes", or "bytes of a line", its end included
	Max  int    // what was allowed
	Dir  string // whose block it was in a recursive listing; "" elsewhere
}

func (e *LimitError) Error() string {
	where := ""
	if e.Dir != "" {
		where = fmt.Sprintf(" in directory %q", e.Dir[:min(len(e.Dir), maxQuoted)])
	}
	return fmt.Sprintf("line %d: more than %d %s%s", e.Line, e.Max, e.What, where)
}
