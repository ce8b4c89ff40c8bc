package crawl

import (
	"cmp"
	"context"
	"maps"
	"slices"
)

// A desk is the Work of one connection: it knows what the connection has taken and
// not delivered yet. The walk's mutex guards it.
type desk struct {
	*walk
	taken     map[*Task]bool
	delivered int64 // so far
}

var _ Work = (*desk)(nil)

// Next implements [Work].
func (d *desk) Next(ctx context.Context, from End) (*Task, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for len(d.pending) == 0 && !d.done && ctx.Err() == nil {
		d.wake.Wait()
	}
	if err := d.overdue(ctx); err != nil || d.done {
		return nil, err
	}
	t := d.take(from)
	d.mu.Unlock()
	err := d.pace(ctx)
	d.mu.Lock()
	return t, err
}

// More implements [Work].
func (d *desk) More(from End) *Task {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.pending) == 0 || d.Rate != nil && !d.Rate.Allow() {
		return nil
	}
	return d.take(from)
}

// take takes a pending directory; there is one.
func (d *desk) take(from End) *Task {
	var next todo
	if from == Highest {
		next, d.pending = d.pending[0], d.pending[1:]
	} else {
		last := len(d.pending) - 1
		next, d.pending = d.pending[last], d.pending[:last]
	}
	t := d.task(next)
	d.taken[t] = true
	d.status.Current = t.Path
	return t
}

// Deliver implements [Work].
func (d *desk) Deliver(ctx context.Context, t *Task, listing Listing) error {
	_, err := d.deliver(ctx, t, listing, false)
	return err
}

// Hold implements [Work].
func (d *desk) Hold(ctx context.Context, t *Task, listing Listing) ([]*Task, error) {
	held, err := d.deliver(ctx, t, listing, true)
	for range held {
		if err == nil {
			err = d.pace(ctx)
		}
	}
	return held, err
}

func (d *desk) deliver(ctx context.Context, t *Task, listing Listing, hold bool) (held []*Task, err error) {
	if err := d.Sink.Ready(ctx); err != nil {
		return nil, &fatalError{err}
	}
	listing = d.judge(listing)
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.overdue(ctx); err != nil {
		return nil, err
	}
	delete(d.taken, t)
	d.delivered++
	delete(d.failures, t.todo)
	below, err := d.listed(t, listing)
	if err != nil {
		return nil, err
	}
	if !hold {
		d.putBack(below...)
		return nil, nil
	}
	held = make([]*Task, len(below))
	for i, next := range below {
		t := d.task(next)
		held[len(below)-1-i] = t
		d.taken[t] = true
	}
	return held, nil
}

// Return implements [Work].
func (d *desk) Return(tasks ...*Task) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, t := range slices.Backward(tasks) {
		delete(d.taken, t)
		d.putBack(t.todo)
	}
}

// abandon gives back all that was taken when the connection failed, and counts that
// against the directory that was taken first. It returns that directory, if there is
// one.
func (d *desk) abandon() (first *Task) {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := slices.SortedFunc(maps.Keys(d.taken), func(a, b *Task) int { return cmp.Compare(a.number, b.number) })
	clear(d.taken)
	if len(all) > 0 {
		first = all[0]
		first.Failures++
		d.failures[first.todo] = first.Failures
	}
	for _, t := range slices.Backward(all) {
		d.putBack(t.todo)
	}
	return first
}
