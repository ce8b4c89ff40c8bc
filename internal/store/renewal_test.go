package store

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// A lease is renewed however long one step takes, and a step ends when it is lost.
func TestRenewal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		defer cancel(nil)
		away, lost := errors.New("database is away"), fmt.Errorf("renew: %w", ErrLeaseLost)
		answers := []error{nil, away, nil, lost}
		calls := 0
		stop := renewal(ctx, time.Minute, func(context.Context) error {
			calls++
			return answers[calls-1]
		}, cancel)
		began := time.Now()
		<-ctx.Done() // a step
		if took := time.Since(began); context.Cause(ctx) != lost || calls != 4 || took != 4*time.Minute {
			t.Errorf("%v after %d calls in %v", context.Cause(ctx), calls, took)
		}
		stop()
	})
}

// Nothing is renewed any more once that is over.
func TestRenewalEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		stop := renewal(t.Context(), time.Minute, func(context.Context) error { calls++; return nil }, func(error) { t.Error("it is lost") })
		time.Sleep(150 * time.Second)
		stop()
		time.Sleep(time.Hour)
		if calls != 2 {
			t.Errorf("renewed %d times", calls)
		}
	})
}
