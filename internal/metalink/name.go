package metalink

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ErrName says that no document can hold a file of that name.
var ErrName = errors.New("name that no Metalink holds")

// CheckName says why a file's name, relative to the folder of the download and
// with slashes between directories, cannot stand in a document; the error wraps
// [ErrName]. Refused are names that are absolute or have empty, "." or ".."
// components (RFC 5854, section 4.1.2.1), names that are not UTF-8 or that hold
// a character which XML does not have, as well as control characters, which
// clients refuse, marks that turn the direction of writing, by which a name shows
// another ending than it has, and backslashes and colons in second place, by which a name
// leads elsewhere on some systems.
func CheckName(name string) error {
	refuse := func(why string) error { return fmt.Errorf("%w: %q %s", ErrName, name, why) }
	switch {
	case !utf8.ValidString(name):
		return refuse("is not UTF-8")
	case strings.ContainsFunc(name, func(r rune) bool { return !inName(r) }):
		return refuse("holds a control character")
	case strings.Contains(name, `\`), len(name) > 1 && name[1] == ':':
		return refuse("is a path to other systems")
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || part == "." || part == ".." {
			return refuse("does not stay in the folder of the download")
		}
	}
	return nil
}

// inName reports whether a character may be in a name: all of XML 1.0 (section
// 2.2) but those that control something, lines and their direction among it.
func inName(r rune) bool {
	return !unicode.In(r, unicode.Cc, unicode.Bidi_Control) && r != '\uFFFE' && r != '\uFFFF' && r != '\u2028' && r != '\u2029'
}
