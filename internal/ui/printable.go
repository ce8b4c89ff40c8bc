package ui

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Printable returns text fit for a terminal: what is not valid or could control
// the terminal is replaced.
func Printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return '\uFFFD'
		}
		return r
	}, text)
}
