package schedule

import (
	"fmt"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// A Cron is a cron expression: it tells the next moment after another, in UTC.
type Cron struct{ spec cron.Schedule }

// Parse reads a cron expression of five fields, or one of @hourly, @daily,
// @midnight, @weekly, @monthly, @yearly, @annually and @every DURATION.
func Parse(expression string) (Cron, error) {
	// The library panics on a time zone without anything after it, and reading
	// the same expression differently on different machines serves nobody.
	if strings.Contains(expression, "TZ=") {
		return Cron{}, fmt.Errorf("%q names a time zone; schedules are in UTC", expression)
	}
	spec, err := cron.ParseStandard(expression)
	if err != nil {
		return Cron{}, fmt.Errorf("%q is not a cron expression such as \"30 4 * * *\" or @daily: %w", expression, err)
	}
	if every, ok := spec.(cron.ConstantDelaySchedule); ok && every.Delay < time.Minute {
		return Cron{}, fmt.Errorf("%q is every %s, the least is 1m", expression, every.Delay)
	}
	c := Cron{spec}
	if c.Next(time.Unix(0, 0)).IsZero() {
		return Cron{}, fmt.Errorf("%q never comes: there is no such day", expression)
	}
	return c, nil
}

// Next returns the first moment after t.
func (c Cron) Next(t time.Time) time.Time { return c.spec.Next(t.UTC()) }
