package squid

import "strings"

// A Reply is one line that a helper writes back. The zero Reply is ERR: Squid goes on
// as if it had not asked.
type Reply struct {
	Channel  string // as it was asked; "" where it was asked without
	Redirect string // where the client is to ask instead, answering a rewrite helper's request
	StoreID  string // the key under which the response is cached, answering a store-id helper's
}

// String writes the line without its end. Values stand in quotes, since Squid would
// take escapes out of those that do not (helper/Reply.cc, parseResponseKeys).
func (r Reply) String() string {
	var b strings.Builder
	if r.Channel != "" {
		b.WriteString(r.Channel)
		b.WriteByte(' ')
	}
	switch {
	case r.Redirect != "":
		b.WriteString("OK status=302 url=")
		quote(&b, r.Redirect)
	case r.StoreID != "":
		b.WriteString("OK store-id=")
		quote(&b, r.StoreID)
	default:
		b.WriteString("ERR")
	}
	return b.String()
}

// quote writes a value so that it is one line and Squid reads the same bytes
// (strwordtok: a backslash stands before a character that is meant as it is, and before
// the letters of line ends).
func quote(b *strings.Builder, value string) {
	b.WriteByte('"')
	for i := range len(value) {
		switch c := value[i]; c {
		case '\n':
			b.WriteString(`\n`)
		case '\r':
			b.WriteString(`\r`)
		case '"', '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
}

// outcome says in a word for metrics what the reply is.
func (r Reply) outcome() string {
	switch {
	case r.Redirect != "":
		return "redirect"
	case r.StoreID != "":
		return "identified"
	}
	return "unchanged"
}
