package crawl

import (
	"context"
	"time"
)

// every calls f again and again, each time after the next of the pauses, which is told
// how long f took the last time, until the function that it returns is called, which
// waits for a call under way.
func every(ctx context.Context, pause func(took time.Duration) time.Duration, f func()) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		var took time.Duration
		for wait(ctx, pause(took)) == nil {
			began := time.Now()
			f()
			took = time.Since(began)
		}
	}()
	return func() {
		cancel()
		<-done
	}
}

// always returns one pause for ever.
func always(pause time.Duration) func(time.Duration) time.Duration {
	return func(time.Duration) time.Duration { return pause }
}

const (
	firstSave = 250 * time.Millisecond // when a crawl saves its progress first
	savePart  = 10                     // pauses are such a part of the time since the crawl began
	saveCost  = 10                     // times what the last save took, pauses are at least
)

// sooner returns pauses that are a tenth of the time since it was called, up to the one
// given: a crawl that is killed has lost a twentieth of what it did on the average,
// however soon that is. Saving takes a tenth of the time at the most.
func sooner(pause time.Duration) func(took time.Duration) time.Duration {
	began := time.Now()
	return func(took time.Duration) time.Duration {
		return max(min(max(firstSave, time.Since(began)/savePart), pause), saveCost*took)
	}
}
