package crawl

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// A desk is the Work of one connection: it knows what the connection has taken and
// not delivered yet. The walk's mutex guards it.
type desk struct {
	*walk
	taken     map[*Task]bool
	delivered int64 // so far
	idled     bool  // whether the connection stood still since it delivered last
}

// longIdle is how long a connection may stand still before an error on its next use
// is taken for the server's having closed it. Servers wait for a minute at least.
const longIdle = 20 * time.Second

// Errors of listers that break the rules of [Work]. Nothing that such a one says can
// be believed.
var (
	errNotTaken = errors.New("internal error: the lister delivers a directory that it has not taken")
	errWaiting  = errors.New("internal error: the lister waits for a directory while it has others under way")
	errEarly    = errors.New("internal error: the lister ended before the walk")
)

var _ Work = (*desk)(nil)

// Next implements [Work].
func (d *desk) Next(ctx context.Context, from End) (*Task, error) {
	began := d.Now()
	t, err := d.await(ctx, from)
	if t != nil {
		err = d.pace(ctx)
	}
	if d.Now().Sub(began) > longIdle {
		d.idled = true
	}
	return t, err
}

// await waits for a directory and takes it.
func (d *desk) await(ctx context.Context, from End) (*Task, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.taken) > 0 {
		return nil, &fatalError{errWaiting}
	}
	for len(d.pending) == 0 && !d.done && ctx.Err() == nil {
		d.wake.Wait()
	}
	if err := d.overdue(ctx); err != nil || d.done {
		return nil, err
	}
	return d.take(from), nil
}

// More implements [Work].
func (d *desk) More(from End) *Task {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.pending) == 0 || d.Pace != nil && !d.Pace.Allow() {
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
	return d.deliver(ctx, t, listing, true)
}

func (d *desk) deliver(ctx context.Context, t *Task, listing Listing, hold bool) (held []*Task, err error) {
	if err := d.Sink.Ready(ctx); err != nil {
		return nil, &fatalError{err}
	}
	if t.held {
		if err := d.pace(ctx); err != nil {
			return nil, err
		}
	}
	listing = d.judge(listing)
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.overdue(ctx); err != nil {
		return nil, err
	}
	if !d.taken[t] {
		return nil, &fatalError{fmt.Errorf("%w: %s", errNotTaken, t.Path.Dir())}
	}
	delete(d.taken, t)
	d.delivered++
	d.idled = false
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
		t.held = true
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
		if d.taken[t] {
			delete(d.taken, t)
			d.putBack(t.todo)
		}
	}
}

// abandon gives back all that was taken when the connection failed, and counts that
// against the directory that was taken first. It returns that directory, if there is
// one. Where the connection had only stood still for too long it is forgiven, once
// for each directory, so that none can break connections for ever.
func (d *desk) abandon() (first *Task, forgiven bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := slices.SortedFunc(maps.Keys(d.taken), func(a, b *Task) int { return cmp.Compare(a.number, b.number) })
	clear(d.taken)
	if len(all) > 0 {
		first = all[0]
		_, before := d.failures[first.todo]
		if forgiven = d.idled && !before; !forgiven {
			first.Failures++
		}
		d.failures[first.todo] = first.Failures
	}
	d.idled = false
	for _, t := range slices.Backward(all) {
		d.putBack(t.todo)
	}
	return first, forgiven
}
