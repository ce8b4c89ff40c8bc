package wire

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// MaxName and MaxPath are how long one component, and a path as a whole, may be, in bytes:
// what Linux lets a program use.
const (
	MaxName = 255
	MaxPath = 4095
)

// Check reports why p is no absolute, clean path.
func (p Path) Check() error {
	switch {
	case p == "/":
		return nil
	case len(p) > MaxPath:
		return fmt.Errorf("a path of %d bytes; there may be %d", len(p), MaxPath)
	case !strings.HasPrefix(string(p), "/"):
		return fmt.Errorf("path %q is not absolute", p)
	}
	return checkNames(p[1:])
}

// checkNames checks what is relative to a directory.
func checkNames(p Path) error {
	for name := range strings.SplitSeq(string(p), "/") {
		if err := checkName(name); err != nil {
			return fmt.Errorf("path %q: %w", p, err)
		}
	}
	return nil
}

func checkName(name string) error {
	switch {
	case name == "":
		return errors.New("an empty name")
	case name == "." || name == "..":
		return errors.New("it is not clean")
	case len(name) > MaxName:
		return fmt.Errorf("a name of %d bytes; there may be %d", len(name), MaxName)
	case strings.IndexByte(name, 0) >= 0:
		return errors.New("a name with a NUL byte")
	}
	return nil
}

// MarshalText writes bytes that JSON cannot hold, and percent signs, as %XX.
func (p Path) MarshalText() ([]byte, error) {
	const upperHex = "0123456789ABCDEF"
	text := make([]byte, 0, len(p))
	for i := 0; i < len(p); {
		r, n := utf8.DecodeRuneInString(string(p[i:]))
		if c := p[i]; c == '%' || r == utf8.RuneError && n == 1 {
			text = append(text, '%', upperHex[c>>4], upperHex[c&15])
		} else {
			text = append(text, p[i:i+n]...)
		}
		i += n
	}
	return text, nil
}

// UnmarshalText reads what MarshalText wrote. That it is a path at all is not checked: see
// [Path.Check].
func (p *Path) UnmarshalText(text []byte) error {
	raw := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c == '%' {
			if i+2 >= len(text) {
				return fmt.Errorf("path %q ends within an escape", text)
			}
			high, low := unhex(text[i+1]), unhex(text[i+2])
			if high > 15 || low > 15 {
				return fmt.Errorf("path %q has a bad escape", text)
			}
			c = high<<4 | low
			i += 2
		}
		raw = append(raw, c)
	}
	*p = Path(raw)
	return nil
}

// unhex returns 255 for what is no digit of MarshalText's.
func unhex(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	}
	return 255
}
