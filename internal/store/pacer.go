package store

import (
	"context"
	"time"
)

// maxPause is the longest pause after a bulk write. One that took longer has
// waited itself.
const maxPause = 100 * time.Millisecond

// A pacer keeps bulk writers of a database with one lock from starving
// everybody else: it lets one work at a time, and makes the next wait as long
// as the last one took.
type pacer struct {
	turn chan time.Time // holds when the next may begin, while nobody is at work
}

func newPacer() *pacer {
	p := &pacer{turn: make(chan time.Time, 1)}
	p.turn <- time.Time{}
	return p
}

// do calls fn in its turn. A nil pacer calls it at once.
func (p *pacer) do(ctx context.Context, fn func() error) error {
	if p == nil {
		return fn()
	}
	var next time.Time
	select {
	case next = <-p.turn:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	defer func() { p.turn <- next }()
	select {
	case <-time.After(time.Until(next)):
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	begin := time.Now()
	err := fn()
	end := time.Now()
	next = end.Add(min(end.Sub(begin), maxPause))
	return err
}
