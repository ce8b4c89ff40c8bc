package strict

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A Duration is a span of time, written with its unit: "30s", "1h30m". It is a
// struct so that a bare number, which would have no unit, is refused.
type Duration struct{ time.Duration }

// Span returns a duration as the value of a key.
func Span(d time.Duration) Duration { return Duration{d} }

// UnmarshalText reads what time.ParseDuration reads.
func (d *Duration) UnmarshalText(text []byte) (err error) {
	if d.Duration, err = time.ParseDuration(string(text)); err != nil {
		return fmt.Errorf(`%q is not a duration such as "30s", "5m" or "1h30m"`, text)
	}
	return nil
}

// String writes the duration without units of which there is none: "12h".
func (d Duration) String() string {
	text := d.Duration.String()
	if minutes, ok := strings.CutSuffix(text, "m0s"); ok {
		text = minutes + "m"
	}
	if hours, ok := strings.CutSuffix(text, "h0m"); ok {
		text = hours + "h"
	}
	return text
}

// MarshalText writes what UnmarshalText reads.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// A Size is a number of bytes, written as such or with a unit: "32MiB".
type Size int64

var units = []struct {
	name  string
	bytes Size
}{
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40},
}

// UnmarshalText reads a whole number, with or without a unit.
func (s *Size) UnmarshalText(text []byte) error {
	number, unit := string(text), Size(1)
	for _, u := range units {
		if rest, ok := strings.CutSuffix(number, u.name); ok {
			number, unit = strings.TrimRight(rest, " "), u.bytes
			break
		}
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || Size(n)*unit/unit != Size(n) {
		return fmt.Errorf(`%q is not a size: want a number of bytes, or a whole number of KiB, MiB, GiB or TiB such as "32MiB"`, text)
	}
	*s = Size(n) * unit
	return nil
}

// String writes the size with the largest unit that leaves it whole.
func (s Size) String() string {
	for i := len(units) - 1; i >= 0; i-- {
		if u := units[i]; s != 0 && s%u.bytes == 0 {
			return fmt.Sprintf("%d%s", s/u.bytes, u.name)
		}
	}
	return strconv.FormatInt(int64(s), 10)
}
