package master

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"slices"
	"time"

	"mirrortracker/internal/distftp/catalogue"
	"mirrortracker/internal/distftp/choice"
	"mirrortracker/internal/distftp/data"
	"mirrortracker/internal/distftp/vfs"
	"mirrortracker/internal/distftp/wire"
)

// publishing is how long the reply to an upload waits for a slave that is there to give it
// its name, once that is committed.
const publishing = 10 * time.Second

// farewell is how long it may take to have a slave forget an upload.
const farewell = 10 * time.Second

// An upload is what is to be stored where.
type upload struct {
	master *Master
	target catalogue.Target
	base   *wire.Ref // what it goes on from; nil: nothing
	holds  catalogue.File
	first  int64 // how many bytes of that are kept
	data.Request
}

// upload looks at what an upload would change.
func (m *Master) upload(ctx context.Context, r data.Request) (*upload, error) {
	target, err := m.Catalogue.Target(ctx, r.Path)
	if err != nil {
		return nil, err
	}
	u := &upload{master: m, target: target, Request: r}
	var size int64
	if target.Old != nil {
		size = target.Old.Ref.Size
	}
	u.first = r.Offset
	if r.Offset == data.KeepAll {
		u.first = size
	}
	if u.first > size {
		return nil, fmt.Errorf("store %s from %d: %w", r.Path, r.Offset, data.ErrOffset)
	}
	if u.first > 0 {
		u.holds, u.base = *target.Old, &target.Old.Ref
	}
	return u, nil
}

// among returns the slaves that it may go to.
func (u *upload) among() []*slave {
	if u.base != nil {
		return u.master.holding(u.holds)
	}
	return u.master.present()
}

// full says why nothing is to be stored at a slave; "" if it may be.
func (s *slave) full() string {
	if s.drains() {
		return "draining"
	}
	return s.state.Load().Fault
}

// taker returns what says why a new file is not to go to a slave; "" if it may. One that has
// far more intents to apply than others would give the file its name only after them all,
// and nobody could fetch it before.
func taker(among []*slave) func(*slave) string {
	prompt := slices.ContainsFunc(among, func(s *slave) bool { return s.full() == "" && !s.behind.Load() })
	return func(s *slave) string {
		why := s.full()
		if why == "" && prompt && s.behind.Load() {
			return "behind with its names"
		}
		return why
	}
}

// Store implements [control.Storer].
func (m *Master) Store(ctx context.Context, r data.Request) (data.Plan, error) {
	u, err := m.upload(ctx, r)
	if err != nil {
		return data.Plan{}, err
	}
	if len(u.among()) == 0 {
		return data.Plan{}, fmt.Errorf("store %s: %w", r.Path, data.ErrUnavailable)
	}
	why := "the best of all"
	if u.base != nil {
		why = holds
	}
	return data.Plan{Why: why, Upload: true, Holders: u.writers(vfs.User(ctx))}, nil
}

// writers goes through the slaves that an upload may go to. One that goes on from what is
// there goes to who has that, even if it is to be emptied.
func (u *upload) writers(owner string) iter.Seq[data.Remote] {
	m, among := u.master, u.among()
	out := taker(among)
	if u.base != nil {
		out = func(s *slave) string { return s.state.Load().Fault }
	}
	return func(yield func(data.Remote) bool) {
		r := choice.Request{Purpose: choice.Upload, Path: u.target.Path, Size: u.first, Client: u.Client}
		for s, release := range m.choose(r, among, at(u.At), out) {
			stay := yield(&receiving{upload: u, slave: s, owner: owner})
			release()
			if !stay {
				return
			}
		}
	}
}

// A receiving is an upload to one slave.
type receiving struct {
	*upload
	slave *slave
	owner string

	op       uint64
	done     func()
	prepared *wire.Prepared
	settled  bool // it is committed, or may be
}

var _ data.Remote = (*receiving)(nil)

// Holder implements [data.Remote].
func (t *receiving) Holder() string { return t.slave.name }

// words is what the slave is asked for.
func (t *receiving) words(ctx context.Context, meet wire.Meeting, o *data.Order) (wire.Receive, error) {
	if err := t.drop(); err != nil {
		return wire.Receive{}, err
	}
	op, done, err := t.master.Begin(ctx)
	if err != nil {
		return wire.Receive{}, fmt.Errorf("%w: %w", data.ErrSink, err)
	}
	t.op, t.done = op, done
	r := wire.Receive{Op: op, Keep: t.base, First: t.first, Text: t.Text, Most: o.Most, Meet: meet, Pace: o.Pace, Stall: o.Stall}
	if t.base != nil {
		r.After = after(t.holds, t.slave)
	}
	return r, nil
}

// Move implements [data.Remote].
func (t *receiving) Move(ctx context.Context, where data.Meeting, o *data.Order) error {
	meet, via, err := whereTo(where, t.slave, o)
	if err != nil {
		return err
	}
	if via != nil {
		return data.ErrNotDirect
	}
	words, err := t.words(ctx, meet, o)
	if err != nil {
		return err
	}
	return t.changed(watch(ctx, taking(where, o), func(ctx context.Context, tell func(wire.Event)) error {
		p, err := t.slave.Receive(ctx, words, tell)
		if err == nil {
			t.prepared = &p
		}
		return err
	}))
}

// changed says of a slave that no longer has what was to be kept that the file has changed.
func (t *receiving) changed(err error) error {
	if f, ok := errors.AsType[*wire.Failure](err); ok && t.base != nil && (f.Reason == wire.Absent || f.Reason == wire.Behind) {
		t.master.Catalogue.Forget()
		return fmt.Errorf("%w: %w", vfs.ErrChanged, err)
	}
	return err
}

// Relay implements [data.Remote].
func (t *receiving) Relay(ctx context.Context, o *data.Order) (data.Leg, error) {
	words, err := t.words(ctx, wire.Meeting{}, o)
	if err != nil {
		return nil, err
	}
	words.Pace = 0 // kept on the other leg
	l, err := t.master.leg(ctx, t.slave, o, func(ctx context.Context, meet wire.Meeting, tell func(wire.Event)) error {
		words.Meet = meet
		p, err := t.slave.Receive(ctx, words, tell)
		if err == nil {
			t.prepared = &p
		}
		return err
	})
	if err != nil {
		return nil, t.changed(err)
	}
	return l, nil
}

// Commit implements [data.Remote].
func (t *receiving) Commit(ctx context.Context, charge data.Charge) error {
	if t.prepared == nil {
		return fmt.Errorf("%w: slave %s has prepared nothing", data.ErrSink, t.slave.name)
	}
	m := t.master
	done, err := m.Catalogue.Commit(ctx, catalogue.Arrival{Path: t.target.Path, Slave: t.slave.id, Prepared: *t.prepared, Base: t.base, Owner: t.owner}, charge)
	if err != nil {
		t.settled = !certain(err)
		return fmt.Errorf("%w: %w", data.ErrSink, err)
	}
	t.settled = true
	ctx, cancel := context.WithTimeoutCause(ctx, publishing, errSlow)
	defer cancel()
	if err := t.slave.applied.await(ctx, t.slave.gone, done.Seq); err != nil {
		m.Log.Warn("an upload will get its name when the slave can give it", "slave", t.slave.name, "path", t.target.Path, "err", err)
	}
	return nil
}

var errSlow = errors.New("the slave takes long")

// certain reports whether an error of a commit means that nothing was committed.
func certain(err error) bool {
	for _, refusal := range []error{
		vfs.ErrQuota, vfs.ErrChanged, vfs.ErrNotDir, vfs.ErrNotRegular, vfs.ErrName, vfs.ErrSpace,
		fs.ErrNotExist, fs.ErrExist, fs.ErrPermission, catalogue.ErrNoSlave, catalogue.ErrFenced,
	} {
		if errors.Is(err, refusal) {
			return true
		}
	}
	return false
}

// Close implements [data.Remote].
func (t *receiving) Close() error { return t.drop() }

// drop has the slave forget what will not be committed. Where the slave cannot be told now,
// it is when it joins.
func (t *receiving) drop() error {
	if t.done == nil {
		return nil
	}
	t.done()
	op, slave := t.op, t.slave
	if !t.settled && slave.gone.Err() == nil {
		go func() {
			ctx, cancel := context.WithTimeout(slave.gone, farewell)
			defer cancel()
			if err := slave.Forget(ctx, []uint64{op}); err != nil {
				t.master.Log.Warn("an upload that was given up stays until the slave joins again", "slave", slave.name, "err", err)
			}
		}()
	}
	t.op, t.done, t.prepared = 0, nil, nil
	return nil
}
