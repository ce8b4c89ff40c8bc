// Package urn names places by Uniform Resource Names (RFC 8141) that do not say
// on which server they are.
//
// The names are urn:NID:ARCHIVE/PATH. The operator chooses the namespace NID
// and names archives, each a directory of a tracked site; PATH is escaped as in
// a URL. A URL after the namespace, as in urn:NID:ftp://ftp.example/pub/x, names
// the place of that URL: the form in which a cache hands any URL to a resolver.
package urn

import (
	"fmt"
	"strings"
)

// MaxLength is the longest name that is read, in bytes.
const MaxLength = 8 << 10

// A URN is a name without the components that RFC 8141, section 3, leaves out
// of comparisons.
type URN struct {
	NID string // the namespace, lower case
	NSS string // what it names there, escaped
}

// String writes the name.
func (u URN) String() string { return "urn:" + u.NID + ":" + u.NSS }

// Is reports whether a text begins like a URN.
func Is(text string) bool { return len(text) >= 4 && strings.EqualFold(text[:4], "urn:") }

// Parse reads a name by the grammar of RFC 8141, section 2. The r-, q- and
// f-components are checked and dropped.
func Parse(text string) (URN, error) {
	refuse := func(format string, args ...any) (URN, error) {
		return URN{}, fmt.Errorf("URN %q: %s", shorten(text), fmt.Sprintf(format, args...))
	}
	switch {
	case len(text) > MaxLength:
		return refuse("it has %d bytes, at most %d are read", len(text), MaxLength)
	case !Is(text):
		return refuse(`it does not begin with "urn:"`)
	}
	nid, rest, ok := strings.Cut(text[len("urn:"):], ":")
	if !ok || !ValidNID(nid) {
		return refuse("its namespace is not 2 to 32 letters, digits and dashes, a letter or digit at both ends")
	}
	rest, fragment, _ := strings.Cut(rest, "#")
	nss, query, asked := strings.Cut(rest, "?")
	switch {
	case nss == "" || nss[0] == '/':
		return refuse("nothing is named in the namespace")
	case !made(nss, "/"):
		return refuse("%s", alphabet)
	case asked && !components(query):
		return refuse(`after a question mark comes "+" or "=", and then something`)
	case !made(fragment, "/?"):
		return refuse("its fragment: %s", alphabet)
	}
	return URN{NID: strings.ToLower(nid), NSS: nss}, nil
}

const alphabet = "it holds what must be escaped, or a percent sign without two hex digits"

// components checks what stands after the first question mark: "+R", "=Q" or
// "+R?=Q".
func components(query string) bool {
	if r, ok := strings.CutPrefix(query, "+"); ok {
		r, q, both := strings.Cut(r, "?=")
		return component(r) && (!both || component(q))
	}
	q, ok := strings.CutPrefix(query, "=")
	return ok && component(q)
}

func component(text string) bool {
	return text != "" && strings.IndexByte("/?", text[0]) < 0 && made(text, "/?")
}

// ValidNID reports whether a text can be a namespace (RFC 8141, section 2).
func ValidNID(nid string) bool {
	if len(nid) < 2 || len(nid) > 32 {
		return false
	}
	for i := range len(nid) {
		if !alphanumeric(nid[i]) && (nid[i] != '-' || i == 0 || i == len(nid)-1) {
			return false
		}
	}
	return true
}

func alphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z'
}

// made reports whether a text is made of pchar (RFC 3986, section 3.3) and the
// further characters.
func made(text, further string) bool {
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case alphanumeric(c), strings.IndexByte("-._~!$&'()*+,;=:@", c) >= 0, strings.IndexByte(further, c) >= 0:
		case c == '%' && i+2 < len(text) && hex(text[i+1]) && hex(text[i+2]):
			i += 2
		default:
			return false
		}
	}
	return true
}

func hex(c byte) bool { return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f' }

// shorten keeps what is shown of a name within a line.
func shorten(text string) string {
	const most = 200
	if len(text) > most {
		return text[:most] + "..."
	}
	return text
}
