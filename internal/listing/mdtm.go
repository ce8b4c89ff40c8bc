package listing

import (
	"fmt"
	"strings"
	"time"
)

// ParseMDTM reads the text of a 213 reply to MDTM (RFC 3659, section 2.3):
// YYYYMMDDHHMMSS, perhaps with a fraction, always UTC. Blanks around it are
// nothing.
func ParseMDTM(reply string) (time.Time, error) {
	t, ok := timeVal(strings.Trim(reply, " \t\r\n"))
	if !ok {
		return time.Time{}, fmt.Errorf("modification time %q is not YYYYMMDDHHMMSS", reply)
	}
	return t, nil
}

// modified returns the stamp of a modify fact. A value that is not understood
// is an unknown date: it costs the exact digest and nothing else.
func modified(value string) Stamp {
	t, ok := timeVal(value)
	if !ok {
		return Stamp{}
	}
	return stampOf(t)
}

// timeVal reads RFC 3659's time-val: 14 digits and perhaps a dot and more of
// them, which are dropped. A second 60 is the first of the next minute.
func timeVal(s string) (time.Time, bool) {
	end := digits(s, 0)
	if end != 14 || len(s) > 14 && (s[14] != '.' || len(s) == 15 || digits(s, 15) != len(s)) {
		return time.Time{}, false
	}
	two := func(i int) int { return int(s[i]-'0')*10 + int(s[i+1]-'0') }
	stamp := Stamp{Month: int8(two(4)), Day: int8(two(6))}
	stamp.setYear(two(0)*100 + two(2))
	hour, minute, second := two(8), two(10), two(12)
	if !stamp.valid() || hour > 23 || minute > 59 || second > 60 {
		return time.Time{}, false
	}
	stamp.setTime(hour, minute)
	return stamp.in(time.UTC).Add(time.Duration(second) * time.Second), true
}
