package crawl

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/sethvargo/go-retry"

	"mirrortracker/internal/store"
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

// insistFor is how long a crawl insists when the store fails.
const insistFor = 2 * time.Minute

// insist calls f, which uses the store, until it succeeds, fails for good, or has
// failed for too long; message is what is logged of each failure. A store that is away
// for a while costs nothing but time.
func insist(ctx context.Context, log *slog.Logger, message string, f func(ctx context.Context) error) error {
	pauses := retry.WithMaxDuration(insistFor, retry.WithCappedDuration(10*time.Second, retry.NewExponential(100*time.Millisecond)))
	return retry.Do(ctx, pauses, func(ctx context.Context) error {
		err := f(ctx)
		if err == nil || final(err) || ctx.Err() != nil {
			return err
		}
		log.Warn(message+", trying again", "err", err)
		return retry.RetryableError(err)
	})
}

// final reports whether the store will say the same again.
func final(err error) bool {
	_, large := errors.AsType[*store.TooLargeError](err)
	return large || errors.Is(err, store.ErrLeaseLost) || errors.Is(err, store.ErrNoTree) || errors.Is(err, store.ErrNoSite)
}

// farewell bounds what is still written when a crawl was interrupted.
const farewell = 10 * time.Second

// outlast returns a context that ends a farewell after ctx does.
func outlast(ctx context.Context) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		if wait(longer, farewell) == nil {
			cancel(context.Cause(ctx))
		}
	})
	return longer, func() {
		stop()
		cancel(nil)
	}
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
	_, final := errors.AsType[*FinalError](err)
	_, fatal := errors.AsType[*fatalError](err)
	return !restart && !limit && !final && !fatal
}
