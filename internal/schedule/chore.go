package schedule

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"mirrortracker/internal/store"
)

// A Chore is what is done once a day beside the crawls.
type Chore struct {
	Name string
	Log  *slog.Logger

	// Do does as much of it as can be done now, and reports whether that is all. A
	// *store.LeaseHeldError says that somebody else is at it.
	Do func(ctx context.Context) (done bool, err error)
}

// When a chore is done: some time after the start, lest a process that is started over
// and over does nothing else; again soon where something was in its way; and daily.
const (
	choreFirst = 10 * time.Minute
	choreSoon  = 5 * time.Minute
	choreDaily = 24 * time.Hour
)

// Run does the chore each day until ctx is done.
func (c *Chore) Run(ctx context.Context) {
	for wait := choreFirst; ; wait = c.once(ctx) {
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}

// once returns when to come again.
func (c *Chore) once(ctx context.Context) time.Duration {
	done, err := c.Do(ctx)
	_, held := errors.AsType[*store.LeaseHeldError](err)
	switch {
	case done || held:
		return choreDaily
	case err != nil && ctx.Err() == nil:
		c.Log.Error("chore is not done", "chore", c.Name, "err", err)
	}
	return choreSoon
}
