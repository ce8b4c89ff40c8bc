package listing

import (
	"strings"

	"mirrortracker/internal/digest"
)

const (
	badForm  = "not a line of a listing"
	badMode  = "the mode is not understood"
	noDate   = "there is no date"
	badDate  = "the date is not understood"
	noName   = "there is no name"
	badBlock = "a number is not followed by a mode"
)

// isTotal reports whether a line is the sum of blocks that ls prints first.
func isTotal(line string) bool {
	const total = "total "
	if len(line) <= len(total) || !strings.EqualFold(line[:len(total)], total) {
		return false
	}
	return digits(line, len(total)) == len(line)
}

// unixLine reads a line of `ls -l`, with or without a block count before it.
func unixLine(line string) (e Entry, why string) {
	if isDigit(line[0]) {
		end := digits(line, 0)
		if !blankAt(line, end) {
			return e, badForm
		}
		line = line[blanks(line, end):]
		if line == "" {
			return e, badBlock
		}
	}
	e.Kind = unixKind(line[0])
	if e.Kind == 0 {
		return e, badForm
	}
	end, netware := mode(line)
	if end == 0 {
		return e, badMode
	}
	size, end, why := e.fields(line, end)
	if why != "" {
		return e, why
	}
	if netware {
		end = blanks(line, end) - 1
	} else {
		e.Closed = e.Kind == digest.Dir && closed(line)
	}
	e.Name = line[end+1:]
	return e.sized(size)
}

// fields finds the date and the size before it. End is the offset of the blank
// behind the date.
//
// The first field is the number of links, or the owner where there is no such
// number, and the size stands at least in the second, so a date is looked for
// from the third on. An owner or a group named after a month does no harm: the
// year needs four digits, and no size is followed by a year or a time.
//
// A date in another language must not be taken for a part of the owner, lest a
// date in the name be found instead. So no field before the size may hold a
// colon, and a number there may be followed by two others at most.
func (e *Entry) fields(line string, i int) (size string, end int, why string) {
	numeric, foreign := 0, false
	for n := 0; ; n++ {
		start := blanks(line, i)
		if start == len(line) {
			return "", 0, noDate
		}
		if n >= 2 {
			if e.Stamp, end = printedDate(line, start); end > 0 {
				break
			}
			foreign = foreign || numeric > 0 && n-1-numeric > 2 || strings.IndexByte(size, ':') >= 0
		}
		i = field(line, start)
		size = line[start:i]
		if n > 0 && numeric == 0 && digits(size, 0) == len(size) {
			numeric = n
		}
	}
	switch {
	case foreign:
		return "", 0, badDate
	case end == len(line):
		return "", 0, noName
	}
	return size, end, ""
}

// sized completes an entry whose name, kind and date are known with what the
// field before the date says.
func (e Entry) sized(field string) (Entry, string) {
	n, ok := size(field)
	switch e.Kind {
	case digest.File:
		if !ok {
			e.Size = digest.UnknownSize
			return e, badSize
		}
		e.Size = n
	case digest.Dir:
		if field == "" || digits(field, 0) != len(field) {
			return e, badSize
		}
	case digest.Link:
		if !ok {
			n = -1
		}
		e.Name, e.Target = splitLink(e.Name, n)
	}
	return e, ""
}

const arrow = " -> "

// splitLink splits NAME -> TARGET. Where there are several arrows, the one is
// taken that leaves a target of the given length, else the first.
func splitLink(s string, length int64) (name, target string) {
	if n := int64(len(s)) - length; 0 <= length && n > int64(len(arrow)) {
		if name, found := strings.CutSuffix(s[:n], arrow); found {
			return name, s[n:]
		}
	}
	name, target, _ = strings.Cut(s, arrow)
	return name, target
}

// unixKind returns the kind for the first letter of a mode, or 0.
func unixKind(letter byte) digest.Kind {
	switch letter {
	case '-':
		return digest.File
	case 'd':
		return digest.Dir
	case 'l':
		return digest.Link
	case 'b', 'c', 'p', 's', 'D': // devices, pipe, socket, Solaris door
		return digest.Other
	}
	return 0
}

// mode returns the offset of the blank that ends the mode, or 0 if there is no
// mode: the letter of the type, nine letters of permissions, perhaps a mark for
// an access list, a security context or extended attributes. NetWare has eight
// rights in brackets instead.
func mode(line string) (end int, netware bool) {
	if strings.HasPrefix(line[1:], " [") {
		end = 3
		for end < len(line) && end < 11 && ('A' <= line[end] && line[end] <= 'Z' || line[end] == '-') {
			end++
		}
		if end == 11 && at(line, 11, ']') && blankAt(line, 12) {
			return 12, true
		}
		return 0, false
	}
	if len(line) < 12 {
		return 0, false
	}
	for i := 1; i < 10; i++ {
		if c := line[i]; c != '-' && strings.IndexByte(permissions[(i-1)%3], c) < 0 {
			return 0, false
		}
	}
	switch line[10] {
	case '+', '.', '@':
		if isBlank(line[11]) {
			return 11, false
		}
	case ' ', '\t':
		return 10, false
	}
	return 0, false
}

// closed reports whether the mode of a directory, of ten letters, lacks one of the
// permissions that others need to list it and what it holds.
func closed(mode string) bool { return mode[7] != 'r' || mode[9] != 'x' && mode[9] != 't' }

// permissions are the letters at the three places of each triple: reading,
// writing, and executing or what replaces it (set-id, sticky, locking).
var permissions = [3]string{"r", "w", "xsStTlL"}
