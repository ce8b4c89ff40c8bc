package account

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"mirrortracker/internal/mirror"
)

// A Pattern says which paths a rule is about. It is written like a path, and is compared
// with one component by component, byte by byte:
//
//   - any number of bytes of a name, also none
//     ?    one byte of a name
//     **   as a whole component: any number of components, also none
//     ~    as the first component, without a slash before it: the user's home
//     \    takes from the byte after it the meaning that it may have here
//
// Everything else stands for itself, upper and lower case are different. A pattern matches whole
// paths: /pub is the directory alone, /pub/* what is directly in it, /pub/** the
// directory and all below it.
type Pattern struct {
	text  string
	home  bool // it begins with a home that is not in its place yet
	parts []part
}

// A part of a pattern is one component, nil for "**".
type part []token

// A token matches one byte, or any number of them.
type token uint16

// The tokens that are not a byte.
const (
	anyByte  token = 256
	anyBytes token = 257
)

// maxPattern bounds a pattern, in bytes.
const maxPattern = 4096

// ParsePattern reads a pattern.
func ParsePattern(text string) (Pattern, error) {
	refuse := func(why string) (Pattern, error) { return Pattern{}, fmt.Errorf("pattern %q: %s", text, why) }
	p := Pattern{text: text}
	rest, home := strings.CutPrefix(text, "~")
	p.home = home
	switch {
	case len(text) > maxPattern:
		return Pattern{}, fmt.Errorf("pattern has %d bytes, at most %d are possible", len(text), maxPattern)
	case !utf8.ValidString(text):
		return refuse("it is not UTF-8; ? stands for a byte of a name in another encoding")
	case strings.ContainsAny(text, "\x00\r\n"):
		return refuse("it holds a control character that no path may hold")
	case home && rest == "", text == "/":
		return p, nil
	case !strings.HasPrefix(rest, "/"):
		return refuse("it must begin with a slash, or with ~ and a slash for the user's home")
	}
	for component := range strings.SplitSeq(rest[1:], "/") {
		part, err := parsePart(component)
		if err != nil {
			return refuse(err.Error())
		}
		p.parts = append(p.parts, part)
	}
	return p, nil
}

// parsePart reads a component.
func parsePart(text string) (part, error) {
	switch {
	case text == "**":
		return nil, nil
	case text == "":
		return nil, errors.New("it has two slashes in a row, or one at its end")
	case text == ".", text == "..":
		return nil, fmt.Errorf("no path has a component %q", text)
	}
	p := make(part, 0, len(text))
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case '*':
			if strings.HasPrefix(text[i:], "**") {
				return nil, errors.New("** must stand alone between slashes")
			}
			p = append(p, anyBytes)
		case '?':
			p = append(p, anyByte)
		case '\\':
			if i++; i == len(text) {
				return nil, errors.New(`there is nothing for \ to act on`)
			}
			p = append(p, token(text[i]))
		default:
			p = append(p, token(c))
		}
	}
	return p, nil
}

// String returns the pattern as it was written.
func (p Pattern) String() string { return p.text }

// at returns the pattern with a user's home in its place, if there is one.
func (p Pattern) at(home mirror.Path) Pattern {
	if !p.home || home == "" {
		return p
	}
	var parts []part
	for _, name := range home.Names() {
		exact := make(part, len(name))
		for i := range len(name) {
			exact[i] = token(name[i])
		}
		parts = append(parts, exact)
	}
	return Pattern{text: p.text, parts: slices.Concat(parts, p.parts)}
}

// matches compares a path with a pattern. It takes time in proportion to both lengths multiplied: of several "**", only the last
// one met needs to be tried with more components, as what follows it may stand at any
// later place too. The same holds for "*" in a name.
func (p Pattern) matches(path mirror.Path) bool {
	if p.home {
		return false
	}
	rest := string(path) // begins with a slash for each component, "" at the end
	if path == mirror.Root {
		rest = ""
	}
	next, retry, from := 0, -1, ""
	for rest != "" {
		name, after := firstName(rest)
		switch {
		case next < len(p.parts) && p.parts[next] == nil:
			retry, from = next, rest
			next++
			continue
		case next < len(p.parts) && p.parts[next].matches(name):
			next++
			rest = after
			continue
		case retry < 0:
			return false
		}
		_, from = firstName(from)
		next, rest = retry+1, from
	}
	for next < len(p.parts) && p.parts[next] == nil {
		next++
	}
	return next == len(p.parts)
}

// firstName splits "/a/b" into "a" and "/b".
func firstName(path string) (name, rest string) {
	path = path[1:]
	if i := strings.IndexByte(path, '/'); i >= 0 {
		return path[:i], path[i:]
	}
	return path, ""
}

// matches compares a name with a component other than "**".
func (p part) matches(name string) bool {
	next, retry, from := 0, -1, 0
	for i := 0; i < len(name); {
		switch {
		case next < len(p) && p[next] == anyBytes:
			retry, from = next, i
			next++
			continue
		case next < len(p) && (p[next] == anyByte || p[next] == token(name[i])):
			next++
			i++
			continue
		case retry < 0:
			return false
		}
		from++
		next, i = retry+1, from
	}
	for next < len(p) && p[next] == anyBytes {
		next++
	}
	return next == len(p)
}
