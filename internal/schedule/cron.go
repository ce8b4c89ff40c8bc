package schedule

import (
	"fmt"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// A Cron is a cron expression: it tells the next moment after another. @every has
// moments too, the multiples of its duration since midnight, UTC, of 1 January of the
// year 1, a Monday, so that a crawl that begins a little late does not move those after it.
type Cron struct{ spec cron.Schedule }

// Parse reads a cron expression of five fields, or one of @hourly, @daily,
// @midnight, @weekly, @monthly, @yearly, @annually and @every DURATION.
func Parse(expression string) (Cron, error) {
	// The library panics on a time zone without anything after it, and sites that
	// are not in the same one are configured better by the hour.
	if strings.Contains(expression, "TZ=") {
		return Cron{}, fmt.Errorf("%q names a time zone; schedules are in that of crawl.zone, which is UTC unless configured", expression)
	}
	spec, err := cron.ParseStandard(expression)
	if err != nil {
		return Cron{}, fmt.Errorf("%q is not a cron expression such as \"30 4 * * *\" or @daily: %w", expression, err)
	}
	if every, ok := spec.(cron.ConstantDelaySchedule); ok && every.Delay < time.Minute {
		return Cron{}, fmt.Errorf("%q is every %s, the least is 1m", expression, every.Delay)
	}
	c := Cron{spec}
	if c.Next(time.Unix(0, 0).UTC()).IsZero() {
		return Cron{}, fmt.Errorf("%q never comes: there is no such day", expression)
	}
	return c, nil
}

// Next returns the first moment after t by the clock of t's location. The library
// is asked about the days of UTC, which all have the same hours: it would leave out
// a day on which clocks are put forward over the moment. That comes an hour earlier
// or later instead, and one that clocks show twice comes once.
func (c Cron) Next(t time.Time) time.Time {
	if every, ok := c.spec.(cron.ConstantDelaySchedule); ok {
		return t.Truncate(every.Delay).Add(every.Delay)
	}
	clock := shown(t, time.UTC)
	for {
		if clock = c.spec.Next(clock); clock.IsZero() {
			return clock
		}
		if next := shown(clock, t.Location()); next.After(t) {
			return next
		}
	}
}

// shown returns when clocks in a location show what they show at t where it is.
func shown(t time.Time, in *time.Location) time.Time {
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	return time.Date(year, month, day, hour, minute, second, t.Nanosecond(), in)
}
