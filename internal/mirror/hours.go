package mirror

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Hours are those of the day in which something may be done. The zero value is
// the whole day. A time is taken by the clock of its location.
type Hours struct{ from, to int } // in minutes since midnight; from > to passes midnight

// day is how many minutes a day has.
const day = 24 * 60

// ParseHours reads "22-6", "0-24" or "22:30-06:00": the beginning, which belongs to
// the hours, and the end, which does not. "" is the whole day.
func ParseHours(text string) (Hours, error) {
	if text == "" {
		return Hours{}, nil
	}
	begin, end, ok := strings.Cut(text, "-")
	from, fromOK := minutes(begin)
	to, toOK := minutes(end)
	switch {
	case !ok || !fromOK || !toOK || from == day:
		return Hours{}, fmt.Errorf(`hours %q: want two times of the day such as "22-6", "22:30-06:00" or "0-24"`, text)
	case from == to:
		return Hours{}, fmt.Errorf(`hours %q have no length; "0-24" is the whole day`, text)
	case from == 0 && to == day:
		return Hours{}, nil
	}
	return Hours{from, to % day}, nil
}

// minutes reads a time of the day from 0:00 to 24:00.
func minutes(text string) (int, bool) {
	hour, minute, exact := strings.Cut(text, ":")
	if !exact {
		minute = "00"
	}
	h, okHour := digits(hour, 1)
	m, okMinute := digits(minute, 2)
	return h*60 + m, okHour && okMinute && m < 60 && h*60+m <= day
}

// digits reads a number of at least so many digits, and of two at most.
func digits(text string, least int) (int, bool) {
	if len(text) < least || len(text) > 2 || strings.Trim(text, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.Atoi(text)
	return n, err == nil
}

// Contain reports whether t lies in the hours.
func (h Hours) Contain(t time.Time) bool {
	now := shown(t)
	switch {
	case h == Hours{}:
		return true
	case h.from < h.to:
		return h.from <= now && now < h.to
	}
	return h.from <= now || now < h.to
}

// Open returns t where it lies in the hours, or else when they begin next.
func (h Hours) Open(t time.Time) time.Time {
	if h.Contain(t) {
		return t
	}
	return next(t, h.from)
}

// Close returns when hours that contain t end, the zero time for the whole day.
func (h Hours) Close(t time.Time) time.Time {
	if (h == Hours{}) {
		return time.Time{}
	}
	return next(t, h.to)
}

// next returns the first time after t at which the clock shows so many minutes, or is
// put forward over them.
func next(t time.Time, minutes int) time.Time {
	wait := (minutes-shown(t)+day-1)%day + 1
	u := t.Truncate(time.Minute).Add(time.Duration(wait) * time.Minute)
	_, before := t.Zone()
	_, after := u.Zone()
	u = u.Add(time.Duration(before-after) * time.Second)
	if shown(u) != minutes%day {
		_, u = u.ZoneBounds()
	}
	return u
}

// shown is what the clock shows, in minutes since midnight.
func shown(t time.Time) int { return t.Hour()*60 + t.Minute() }

// String writes what ParseHours reads, "" for the whole day.
func (h Hours) String() string {
	if (h == Hours{}) {
		return ""
	}
	return fmt.Sprintf("%02d:%02d-%02d:%02d", h.from/60, h.from%60, h.to/60, h.to%60)
}
