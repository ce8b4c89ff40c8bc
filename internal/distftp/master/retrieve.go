package master

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"mirrortracker/internal/distftp/catalogue"
	"mirrortracker/internal/distftp/choice"
	"mirrortracker/internal/distftp/data"
	"mirrortracker/internal/distftp/wire"
)

// tries is how many slaves are tried for one transfer.
const tries = 3

// Retrieve implements [control.Planner].
func (m *Master) Retrieve(ctx context.Context, r data.Request) (data.Plan, error) {
	file, err := m.Catalogue.File(ctx, r.Path)
	if err != nil {
		return data.Plan{}, err
	}
	if r.Offset > file.Ref.Size {
		return data.Plan{}, fmt.Errorf("retrieve %s from %d: %w", r.Path, r.Offset, data.ErrOffset)
	}
	if len(m.holding(file)) == 0 {
		return data.Plan{}, fmt.Errorf("retrieve %s: %w", r.Path, data.ErrUnavailable)
	}
	plan := data.Plan{Why: holds, Size: file.Ref.Size - r.Offset, Sized: !r.Text}
	plan.Holders = m.readers(r, file)
	return plan, nil
}

// holds is why a slave was chosen, in the log.
const holds = "the best of those that hold it"

// holding returns the slaves that are joined and have a file.
func (m *Master) holding(file catalogue.File) []*slave {
	m.mu.RLock()
	defer m.mu.RUnlock()
	var all []*slave
	for _, h := range file.Holders {
		if s := m.slaves[h.Slave]; s != nil {
			all = append(all, s)
		}
	}
	return all
}

// readers goes through the slaves that a download may come from. Where the client was told
// to come to one, that goes first if it has the file.
func (m *Master) readers(r data.Request, file catalogue.File) iter.Seq[data.Remote] {
	return func(yield func(data.Remote) bool) {
		for s, release := range m.choose(choice.Request{Purpose: choice.Download, Path: r.Path, Client: r.Client}, m.holding(file), at(r.At), func(*slave) string { return "" }) {
			stay := yield(&sending{master: m, slave: s, request: r, file: file})
			release()
			if !stay {
				return
			}
		}
	}
}

// choose goes through slaves in the order in which they are to be tried, each chosen anew
// with what is known then, but first the one that the client was told to come to.
func (m *Master) choose(r choice.Request, among []*slave, first *slave, out func(*slave) string) iter.Seq2[*slave, func()] {
	return func(yield func(*slave, func()) bool) {
		tried := map[*slave]bool{}
		why := func(s *slave) string {
			if tried[s] {
				return "tried"
			}
			return out(s)
		}
		for range tries {
			var s *slave
			var release func()
			for _, c := range among {
				if c == first && why(c) == "" {
					s, release = c, m.Chooser.Reserve(r, c.name)
				}
			}
			if s == nil {
				r.Candidates = candidates(among, why)
				choice, err := m.Chooser.Choose(r)
				if err != nil {
					return
				}
				for _, c := range among {
					if c.name == choice.Slave {
						s, release = c, choice.Release
					}
				}
			}
			tried[s] = true
			if !yield(s, release) {
				return
			}
		}
	}
}

// at returns the slave that the client was told to come to, nil for none of ours.
func at(r data.Rendezvous) *slave {
	if r, ok := r.(*rendezvous); ok {
		return r.slave
	}
	return nil
}

// A sending is a download from one slave.
type sending struct {
	master  *Master
	slave   *slave
	request data.Request
	file    catalogue.File
}

// Holder implements [data.Remote].
func (t *sending) Holder() string { return t.slave.name }

// Commit implements [data.Remote]: there is nothing to keep.
func (t *sending) Commit(context.Context, data.Charge) error { return nil }

// Close implements [data.Remote]: all that was begun has ended.
func (t *sending) Close() error { return nil }

// Move implements [data.Remote].
func (t *sending) Move(ctx context.Context, where data.Meeting, o *data.Order) error {
	meet, via, err := whereTo(where, t.slave, o)
	if err != nil {
		return err
	}
	o = taking(where, o)
	if via == nil {
		return t.send(ctx, t.slave, meet, o, again(where))
	}
	return t.pass(ctx, via, meet, o)
}

// send has the slave send the file, and looks once more where it is if the slave says that
// it is not there.
func (t *sending) send(ctx context.Context, s *slave, meet wire.Meeting, o *data.Order, next *wire.Listen) error {
	err := t.once(ctx, s, meet, o, next)
	if t.stale(ctx, err) {
		err = t.once(ctx, s, meet, o, next)
	}
	return err
}

func (t *sending) once(ctx context.Context, s *slave, meet wire.Meeting, o *data.Order, next *wire.Listen) error {
	words := t.words(meet, o)
	words.Next = next
	return watch(ctx, o, func(ctx context.Context, tell func(wire.Event)) error {
		return s.Send(ctx, words, func(e wire.Event) {
			if e.Next != nil && next != nil {
				s.keep(*next, *e.Next)
			}
			tell(e)
		})
	})
}

// words is what the slave is asked for.
func (t *sending) words(meet wire.Meeting, o *data.Order) wire.Send {
	return wire.Send{
		Ref: t.file.Ref, After: after(t.file, t.slave), Offset: t.request.Offset, Length: t.request.Length, Text: t.request.Text,
		Meet: meet, Pace: o.Pace, Stall: o.Stall, Parting: o.Parting,
	}
}

// stale reports whether an error came from what the cache has being old, and looks again.
// Only a slave that has sent nothing yet says so.
func (t *sending) stale(ctx context.Context, err error) bool {
	var f *wire.Failure
	if !errors.As(err, &f) || f.Reason != wire.Absent && f.Reason != wire.Behind {
		return false
	}
	t.master.Catalogue.Forget()
	file, err := t.master.Catalogue.File(ctx, t.request.Path)
	if err != nil || t.request.Offset > file.Ref.Size || after(file, t.slave) == 0 || file.Ref == t.file.Ref && after(file, t.slave) == after(t.file, t.slave) {
		return false
	}
	t.file = file
	return true
}

// after returns the number of the intent that a slave must have applied to have a file; 0 if
// it is not to have it.
func after(file catalogue.File, s *slave) uint64 {
	for _, h := range file.Holders {
		if h.Slave == s.id {
			return h.After
		}
	}
	return 0
}

// pass has the slave that the client came to send what it fetches from the one that has the
// file.
func (t *sending) pass(ctx context.Context, via *slave, meet wire.Meeting, o *data.Order) error {
	secret := newSecret()
	secure := o.Secure != nil
	place, err := t.slave.place(via, secret, secure)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	gave := make(chan error, 1)
	go func() {
		words := t.words(wire.Meeting{Secret: secret, Timeout: o.Timeout, Secure: secure}, o)
		words.Pace, words.Parting = 0, 0 // kept towards the client
		err := t.slave.Send(ctx, words, func(wire.Event) {})
		if err != nil {
			cancel(err)
		}
		gave <- err
	}()
	words := t.words(meet, o)
	words.From = place
	err = watch(ctx, o, func(ctx context.Context, tell func(wire.Event)) error { return via.Send(ctx, words, tell) })
	if err != nil {
		cancel(err)
	}
	if other := <-gave; other != nil && (err == nil || errors.Is(err, other)) {
		return verdict(other)
	}
	return err
}

// Relay implements [data.Remote].
func (t *sending) Relay(ctx context.Context, o *data.Order) (data.Leg, error) {
	return t.master.leg(ctx, t.slave, o, func(ctx context.Context, meet wire.Meeting, tell func(wire.Event)) error {
		words := t.words(meet, o)
		words.Pace, words.Parting = 0, 0 // kept on the other leg
		err := t.slave.Send(ctx, words, tell)
		if t.stale(ctx, err) {
			words.Ref, words.After = t.file.Ref, after(t.file, t.slave)
			err = t.slave.Send(ctx, words, tell)
		}
		return err
	})
}

var _ data.Remote = (*sending)(nil)
