package listing

import (
	"time"

	"mirrortracker/internal/digest"
)

// A Stamp is a date as a listing prints it: perhaps without a year, perhaps
// without a time of day, mostly without a zone. Its zero value is no date. The
// calendar need not have it.
type Stamp struct {
	Year       int16 // if HasYear
	Month, Day int8
	Hour, Min  int8 // if HasTime

	HasYear bool
	HasTime bool
	UTC     bool // the listing said so: MLSD, EPLF, ls --full-time

	Sec int8 // if UTC
}

func (s *Stamp) setYear(year int) { s.Year, s.HasYear = int16(year), true }

func (s *Stamp) setTime(hour, minute int) {
	s.Hour, s.Min, s.HasTime = int8(hour), int8(minute), true
}

// stampOf returns the stamp of an instant, or none where its year in UTC does
// not have four digits.
func stampOf(t time.Time) Stamp {
	t = t.UTC()
	if t.Year() < 0 || t.Year() > 9999 {
		return Stamp{}
	}
	s := Stamp{Month: int8(t.Month()), Day: int8(t.Day()), UTC: true}
	s.setYear(t.Year())
	s.setTime(t.Hour(), t.Minute())
	s.Sec = int8(t.Second())
	return s
}

// valid reports whether the calendar has the day of a stamp with a year.
func (s Stamp) valid() bool { return digest.NewDate(int(s.Year), int(s.Month), int(s.Day)).Known() }

// in returns the beginning of the stamp's minute, or of its day where it has no
// time, in a zone. The stamp must have a year.
func (s Stamp) in(zone *time.Location) time.Time {
	return time.Date(int(s.Year), time.Month(s.Month), int(s.Day), int(s.Hour), int(s.Min), 0, 0, zone)
}
