package store

import (
	"context"
	"errors"
	"time"
)

// renewal calls renew after each pause, until the function that it returns is called,
// which waits for a call under way. When the lease is lost it cancels, and ends. Other
// errors cost nothing as long as a later call comes before the lease expires.
func renewal(ctx context.Context, pause time.Duration, renew func(ctx context.Context) error, cancel context.CancelCauseFunc) (stop func()) {
	ctx, end := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(pause)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			if err := renew(ctx); errors.Is(err, ErrLeaseLost) {
				cancel(err)
				return
			}
		}
	}()
	return func() {
		end()
		<-done
	}
}
