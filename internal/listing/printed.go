package listing

import "time"

// printedDate reads a date as ls prints it, beginning at i. End is the offset
// behind it, which is the blank before the name or the end of the line; it is 0
// if there is no date.
func printedDate(s string, i int) (stamp Stamp, end int) {
	if !isDigit(s[i]) {
		return monthFirst(s, i)
	}
	switch n := digits(s, i); n - i {
	case 1, 2:
		if at(s, n, '-') {
			return isoRecent(s, i)
		}
		return dayFirst(s, i)
	case 4:
		if at(s, n, '-') {
			return isoDate(s, i)
		}
	}
	return Stamp{}, 0
}

// monthFirst reads `Jan  5 12:00`, `Jan  5  2023` and `Jan  5 12:00:00 2023`.
func monthFirst(s string, i int) (Stamp, int) {
	month := monthNamed(s, i)
	if month == 0 || !blankAt(s, i+3) {
		return Stamp{}, 0
	}
	day, end := number(s, blanks(s, i+3), 1, 2)
	if end == 0 || !blankAt(s, end) {
		return Stamp{}, 0
	}
	return timeOrYear(s, blanks(s, end), month, day)
}

// dayFirst reads `5 Jan 12:00`, `5. Jan  2023` and the like.
func dayFirst(s string, i int) (Stamp, int) {
	day, end := number(s, i, 1, 2)
	if at(s, end, '.') {
		end++
	}
	if !blankAt(s, end) {
		return Stamp{}, 0
	}
	i = blanks(s, end)
	month := monthNamed(s, i)
	if month == 0 || !blankAt(s, i+3) {
		return Stamp{}, 0
	}
	return timeOrYear(s, blanks(s, i+3), month, day)
}

// timeOrYear reads what follows a month and a day: a time of day, a year, or a
// time with seconds and a year. A year without four digits is an unknown date,
// but at least four are asked for, so that no number before the real date is
// taken for a year.
func timeOrYear(s string, i, month, day int) (Stamp, int) {
	stamp := Stamp{Month: int8(month), Day: int8(day)}
	if hour, minute, end := clock(s, i); end > 0 {
		stamp.setTime(hour, minute)
		if ended(s, end) {
			return stamp, end
		}
		_, end = seconds(s, end)
		if end == 0 || !blankAt(s, end) {
			return Stamp{}, 0
		}
		i = blanks(s, end)
	}
	end := digits(s, i)
	if end-i < 4 || !ended(s, end) {
		return Stamp{}, 0
	}
	if end-i > 4 {
		return Stamp{}, end
	}
	year, _ := number(s, i, 4, 4)
	stamp.setYear(year)
	return stamp, end
}

// isoRecent reads `01-05 12:00`, GNU's iso style for recent dates.
func isoRecent(s string, i int) (Stamp, int) {
	month, end := number(s, i, 2, 2)
	if end == 0 {
		return Stamp{}, 0
	}
	day, end := number(s, end+1, 2, 2)
	if end == 0 || !at(s, end, ' ') {
		return Stamp{}, 0
	}
	hour, minute, end := clock(s, end+1)
	if end == 0 || !ended(s, end) {
		return Stamp{}, 0
	}
	stamp := Stamp{Month: int8(month), Day: int8(day)}
	stamp.setTime(hour, minute)
	return stamp, end
}

// isoDate reads `2023-01-05 12:00`, the same with seconds and a zone, and
// GNU's iso style for old dates, which is the date and a blank that belongs to
// it. A date with neither is refused: it could not be told from one whose file
// has a time for a name.
func isoDate(s string, i int) (Stamp, int) {
	stamp, end := yearMonthDay(s, i)
	if end == 0 || !at(s, end, ' ') {
		return Stamp{}, 0
	}
	if at(s, end+1, ' ') {
		return stamp, end + 1
	}
	hour, minute, end := clock(s, end+1)
	if end == 0 {
		return Stamp{}, 0
	}
	stamp.setTime(hour, minute)
	if ended(s, end) {
		return stamp, end
	}
	second, end := seconds(s, end)
	if end == 0 || !at(s, end, ' ') {
		return Stamp{}, 0
	}
	east, end := offset(s, end+1)
	if end == 0 || !ended(s, end) {
		return Stamp{}, 0
	}
	if !stamp.valid() {
		return Stamp{}, end
	}
	return stampOf(stamp.in(time.FixedZone("", east)).Add(time.Duration(second) * time.Second)), end
}

func yearMonthDay(s string, i int) (Stamp, int) {
	year, end := number(s, i, 4, 4)
	if !at(s, end, '-') {
		return Stamp{}, 0
	}
	month, end := number(s, end+1, 2, 2)
	if end == 0 || !at(s, end, '-') {
		return Stamp{}, 0
	}
	day, end := number(s, end+1, 2, 2)
	if end == 0 {
		return Stamp{}, 0
	}
	stamp := Stamp{Month: int8(month), Day: int8(day)}
	stamp.setYear(year)
	return stamp, end
}

// seconds reads :SS and perhaps a fraction; end is 0 if there are none.
func seconds(s string, i int) (second, end int) {
	if !at(s, i, ':') {
		return 0, 0
	}
	second, end = number(s, i+1, 2, 2)
	if end == 0 || second > 60 {
		return 0, 0
	}
	if at(s, end, '.') {
		end = digits(s, end+1)
	}
	return second, end
}

// offset reads +HHMM or -HHMM as seconds east of Greenwich.
func offset(s string, i int) (east, end int) {
	if !at(s, i, '+') && !at(s, i, '-') {
		return 0, 0
	}
	n, end := number(s, i+1, 4, 4)
	if end == 0 {
		return 0, 0
	}
	east = n/100*3600 + n%100*60
	if s[i] == '-' {
		east = -east
	}
	return east, end
}

// monthNamed returns the month (1 to 12) whose English name's first three
// letters stand at i, in any case, or 0.
func monthNamed(s string, i int) int {
	if i+3 > len(s) {
		return 0
	}
	switch lower3(s[i], s[i+1], s[i+2]) {
	case lower3('j', 'a', 'n'):
		return 1
	case lower3('f', 'e', 'b'):
		return 2
	case lower3('m', 'a', 'r'):
		return 3
	case lower3('a', 'p', 'r'):
		return 4
	case lower3('m', 'a', 'y'):
		return 5
	case lower3('j', 'u', 'n'):
		return 6
	case lower3('j', 'u', 'l'):
		return 7
	case lower3('a', 'u', 'g'):
		return 8
	case lower3('s', 'e', 'p'):
		return 9
	case lower3('o', 'c', 't'):
		return 10
	case lower3('n', 'o', 'v'):
		return 11
	case lower3('d', 'e', 'c'):
		return 12
	}
	return 0
}

// lower3 packs three letters into a number that does not depend on their case:
// setting that bit makes a lower-case letter of nothing but letters.
func lower3(a, b, c byte) uint32 {
	return uint32(a|0x20)<<16 | uint32(b|0x20)<<8 | uint32(c|0x20)
}
