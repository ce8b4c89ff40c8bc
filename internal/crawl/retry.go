package crawl

import (
	"context"
	"errors"
	"time"

	"github.com/sethvargo/go-retry"
)

// Retry says how a crawl insists when a connection fails: the pauses begin with
// Pause and double each time, up to a minute, with a tenth of chance in them.
type Retry struct {
	Tries int           // in all, at least 1
	Pause time.Duration // before the second try
}

// DefaultRetry lets a server restart: five tries in about half a minute.
func DefaultRetry() Retry { return Retry{Tries: 5, Pause: 2 * time.Second} }

// pauses returns the pauses between the tries.
func (r Retry) pauses() retry.Backoff {
	return retry.WithMaxRetries(uint64(max(r.Tries, 1)-1),
		retry.WithJitterPercent(10, retry.WithCappedDuration(time.Minute, retry.NewExponential(max(r.Pause, 1)))))
}

// wait waits, or returns why ctx ended before.
func wait(ctx context.Context, pause time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

// A fatalError ends a walk whatever the connections do.
type fatalError struct{ error }

func (e *fatalError) Unwrap() error { return e.error }

// temporary reports whether an error may go away when it is tried again.
func temporary(err error) bool {
	_, restart := errors.AsType[*RestartError](err)
	_, limit := errors.AsType[*LimitError](err)
	_, fatal := errors.AsType[*fatalError](err)
	return !restart && !limit && !fatal
}
