package listing

import "math"

// The functions of this file look at a line from an offset on, and say how far
// they came.

func isBlank(c byte) bool { return c == ' ' || c == '\t' }
func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// blanks returns the offset of the first byte from i on that is not blank.
func blanks(s string, i int) int {
	for i < len(s) && isBlank(s[i]) {
		i++
	}
	return i
}

// field returns the offset of the first blank from i on.
func field(s string, i int) int {
	for i < len(s) && !isBlank(s[i]) {
		i++
	}
	return i
}

// digits returns the offset of the first byte from i on that is no digit.
func digits(s string, i int) int {
	for i < len(s) && isDigit(s[i]) {
		i++
	}
	return i
}

// at reports whether the byte at i is c.
func at(s string, i int, c byte) bool { return i < len(s) && s[i] == c }

// blankAt reports whether the byte at i is a blank.
func blankAt(s string, i int) bool { return i < len(s) && isBlank(s[i]) }

// ended reports whether a field ends at i.
func ended(s string, i int) bool { return i == len(s) || isBlank(s[i]) }

// number reads a number of from least to most digits; end is 0 if there is none.
func number(s string, i, least, most int) (n, end int) {
	end = digits(s, i)
	if end-i < least || end-i > most {
		return 0, 0
	}
	for _, c := range []byte(s[i:end]) {
		n = n*10 + int(c-'0')
	}
	return n, end
}

// clock reads HH:MM; end is 0 if there is none.
func clock(s string, i int) (hour, minute, end int) {
	hour, end = number(s, i, 1, 2)
	if end == 0 || hour > 23 || !at(s, end, ':') {
		return 0, 0, 0
	}
	minute, end = number(s, end+1, 2, 2)
	if minute > 59 {
		return 0, 0, 0
	}
	return hour, minute, end
}

// size reads an exact size: decimal, no sign, no leading zeros, below 2^63.
func size(s string) (int64, bool) {
	if s == "" || len(s) > 19 || s[0] == '0' && len(s) > 1 {
		return 0, false
	}
	var n uint64
	for _, c := range []byte(s) {
		if !isDigit(c) {
			return 0, false
		}
		n = n*10 + uint64(c-'0')
	}
	return int64(n), n <= math.MaxInt64
}

const badSize = "the size is not a decimal number below 2^63"
