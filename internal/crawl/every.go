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
const firstSave = time.Second

// sooner returns intervals that begin short and double up to the one given: a crawl
// that is killed soon after it began has lost little, each time that it is.
func sooner(interval time.Duration) func() time.Duration {
	now := firstSave / 2
	return func() time.Duration {
		now = min(2*now, interval)
		return now
	}
}
