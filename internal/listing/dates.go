package listing

import (
	"time"

	"mirrortracker/internal/digest"
)

// Dates turns stamps into dates by the rules of docs/digest-v1.md, "Dates from
// listings without a year or a time zone". Stamps that say that they are UTC
// need neither field.
type Dates struct {
	// Now is the time of the listing, from which missing years are found.
	Now time.Time

	// Zone is the server's: time.UTC unless an operator declared another. With
	// nil all dates without a zone are unknown: the server's clock is known
	// not to be UTC.
	Zone *time.Location
}

// How far a date without a year may be after and before the listing.
const (
	mostAhead = 24 * time.Hour
	mostBack  = 190 * 24 * time.Hour
)

// Date returns the day in UTC, or the unknown date where the stamp does not
// tell it.
func (d Dates) Date(s Stamp) digest.Date {
	s, zone := d.complete(s)
	if !s.HasYear {
		return 0
	}
	if zone == time.UTC {
		return digest.NewDate(int(s.Year), int(s.Month), int(s.Day))
	}
	length := time.Minute
	if !s.HasTime {
		length = 24 * time.Hour
	}
	// The wall clock from the beginning to the last second of what was printed.
	begin := s.in(time.UTC)
	first, _, ok := instants(begin, zone)
	if !ok {
		return 0
	}
	_, last, ok := instants(begin.Add(length-time.Second), zone)
	if !ok || digest.DateOf(first) != digest.DateOf(last) {
		return 0
	}
	return digest.DateOf(first)
}

// Time returns the beginning of the minute that a stamp tells, to be compared
// with MDTM. It is false for a stamp without a time of day and where [Dates.Date]
// would not know the year.
func (d Dates) Time(s Stamp) (time.Time, bool) {
	if !s.HasTime {
		return time.Time{}, false
	}
	s, zone := d.complete(s)
	if !s.HasYear {
		return time.Time{}, false
	}
	first, last, ok := instants(s.in(time.UTC), zone)
	return first, ok && first.Equal(last)
}

// complete adds the year to a stamp that lacks it and tells its zone. The
// result lacks the year where the date is unknown.
func (d Dates) complete(s Stamp) (Stamp, *time.Location) {
	zone := d.Zone
	if s.UTC {
		zone = time.UTC
	}
	switch {
	case zone == nil || s.Month == 0:
		return Stamp{}, nil
	case !s.HasYear:
		s = d.addYear(s, zone)
	}
	if !s.valid() {
		return Stamp{}, nil
	}
	return s, zone
}

// addYear takes the latest year that does not put the stamp more than a day
// after the listing, or none if that is too far back.
func (d Dates) addYear(s Stamp, zone *time.Location) Stamp {
	now := d.Now.In(zone)
	for year := now.Year() + 1; year >= now.Year()-1; year-- {
		s.setYear(year)
		ahead := s.in(zone).Sub(now)
		if ahead > mostAhead {
			continue
		}
		if ahead < -mostBack {
			break
		}
		return s
	}
	return Stamp{}
}

// instants returns the first and last instant at which the clocks of a zone
// show a wall clock reading, given as if it were UTC. There are two where
// clocks are put back, and none (ok is false) where they are put forward.
func instants(wall time.Time, zone *time.Location) (first, last time.Time, ok bool) {
	for _, near := range [...]time.Duration{-24 * time.Hour, 24 * time.Hour} {
		_, east := wall.Add(near).In(zone).Zone()
		t := wall.Add(-time.Duration(east) * time.Second)
		if _, e := t.In(zone).Zone(); e != east {
			continue
		}
		if !ok || t.Before(first) {
			first = t
		}
		if !ok || t.After(last) {
			last = t
		}
		ok = true
	}
	return first, last, ok
}
