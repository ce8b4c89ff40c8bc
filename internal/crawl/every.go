package crawl

import (
	"context"
	"time"
)

// every calls f again and again, each time after the next of the intervals, until
// the function that it returns is called, which waits for a call under way.
func every(ctx context.Context, next func() time.Duration, f func()) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for wait(ctx, next()) == nil {
			f()
		}
	}()
	return func() {
		cancel()
		<-done
	}
}

// always returns one interval for ever.
func always(interval time.Duration) func() time.Duration {
	return func() time.Duration { return interval }
}

// firstSave is when a crawl saves its progress for the first time.
const firstSave = 250 * time.Millisecond

// sooner returns intervals that begin short and grow by a quarter each up to the one
// given, so that each is about a quarter of the time since the first: a crawl that is
// killed has lost an eighth of what it did on the average, however soon that is.
func sooner(interval time.Duration) func() time.Duration {
	next := firstSave
	return func() time.Duration {
		now := min(next, interval)
		next = now + now/4
		return now
	}
}
