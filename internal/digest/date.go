package digest

import (
	"fmt"
	"time"
)

// A Date is the day, in UTC, on which a file was last modified, as the number
// YYYYMMDD. The zero Date is the unknown one.
type Date int32

// DateOf returns the day of t in UTC, or the unknown date where its year does
// not have four digits.
func DateOf(t time.Time) Date {
	y, m, d := t.UTC().Date()
	return NewDate(y, int(m), d)
}

// NewDate returns the date of a year, month (1 to 12) and day of the month, or
// the unknown date where the calendar has no such day or the year does not have
// four digits.
func NewDate(year, month, day int) Date {
	if year < 0 || year > 9999 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month) {
		return 0
	}
	return Date(year*10000 + month*100 + day)
}

func daysIn(year, month int) int {
	return time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// ParseDate reads the form that String writes.
func ParseDate(s string) (Date, error) {
	if s == "-" {
		return 0, nil
	}
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return 0, fmt.Errorf("date %q is neither YYYY-MM-DD nor -", s)
	}
	return DateOf(t), nil
}

// Known reports whether the date is one.
func (d Date) Known() bool { return d != 0 }

// Time returns the beginning of the day, in UTC. The date must be known.
func (d Date) Time() time.Time {
	return time.Date(int(d/10000), time.Month(d/100%100), int(d%100), 0, 0, 0, 0, time.UTC)
}

// String writes YYYY-MM-DD, or "-" for the unknown date.
func (d Date) String() string { return string(d.append(nil)) }

func (d Date) append(b []byte) []byte {
	if !d.Known() {
		return append(b, '-')
	}
	n := int(d)
	digit := func(unit int) byte { return byte('0' + n/unit%10) }
	return append(b,
		digit(10000000), digit(1000000), digit(100000), digit(10000), '-',
		digit(1000), digit(100), '-',
		digit(10), digit(1))
}
