package listing

import (
	"strings"

	"mirrortracker/internal/digest"
)

// isDOS reports whether a line begins with a date as Windows prints it.
func isDOS(line string) bool {
	return len(line) > 8 && isDigit(line[0]) && isDigit(line[1]) && line[2] == '-' &&
		isDigit(line[3]) && isDigit(line[4]) && line[5] == '-' && isDigit(line[6])
}

// dosLine reads a line of IIS in its own style: MM-DD-YY or MM-DD-YYYY, a time
// with AM or PM, a size or a tag, and the name.
func dosLine(line string) (e Entry, why string) {
	month, _ := number(line, 0, 2, 2)
	day, _ := number(line, 3, 2, 2)
	year, end := number(line, 6, 2, 4)
	if end != 8 && end != 10 || !blankAt(line, end) {
		return e, noDate
	}
	fourDigits := end == 10
	hour, minute, end := clock12(line, blanks(line, end))
	if end == 0 || !blankAt(line, end) {
		return e, noDate
	}
	if fourDigits {
		e.Stamp = Stamp{Month: int8(month), Day: int8(day)}
		e.Stamp.setYear(year)
		e.Stamp.setTime(hour, minute)
	}
	start := blanks(line, end)
	end = field(line, start)
	if end == len(line) {
		return e, noName
	}
	switch what := line[start:end]; what {
	case "<DIR>":
		e.Kind, e.Name = digest.Dir, padded(line, start, end)
	case "<JUNCTION>", "<SYMLINKD>", "<SYMLINK>":
		e.Kind = digest.Link
		e.Name, e.Target = bracketed(padded(line, start, end))
	default:
		e.Kind, e.Name = digest.File, line[end+1:]
		var ok bool
		if e.Size, ok = size(what); !ok {
			e.Size = digest.UnknownSize
			return e, badSize
		}
	}
	return e, ""
}

// tagWidth is how wide the column of tags is, padding included.
const tagWidth = len("<DIR>") + 10

// padded returns the name behind a tag. What lies within the tag's column is
// padding; where the column is not kept, so are all blanks.
func padded(line string, start, end int) string {
	name := blanks(line, end)
	return line[min(name, max(start+tagWidth, end+1)):]
}

// bracketed splits NAME [TARGET] at the first bracket.
func bracketed(s string) (name, target string) {
	if inner, ok := strings.CutSuffix(s, "]"); ok {
		if name, target, ok := strings.Cut(inner, " ["); ok {
			return name, target
		}
	}
	return s, ""
}

// clock12 reads HH:MM and AM or PM, or a time of 24 hours.
func clock12(s string, i int) (hour, minute, end int) {
	hour, minute, end = clock(s, i)
	if end == 0 || ended(s, end) {
		return hour, minute, end
	}
	if hour < 1 || hour > 12 || end+2 > len(s) {
		return 0, 0, 0
	}
	switch s[end : end+2] {
	case "AM", "am":
		return hour % 12, minute, end + 2
	case "PM", "pm":
		return hour%12 + 12, minute, end + 2
	}
	return 0, 0, 0
}
