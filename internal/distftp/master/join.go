package master

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"mirrortracker/internal/distftp/catalogue"
	"mirrortracker/internal/distftp/choice"
	"mirrortracker/internal/distftp/wire"
)

// Join has a slave take part until ctx ends, which its link's end ends. Any other end is a
// reason for which the slave cannot take part.
func (m *Master) Join(ctx context.Context, name string, link wire.Slave) error {
	began := time.Now()
	s, equal, err := m.meet(ctx, name, link)
	if err != nil {
		return fmt.Errorf("slave %s cannot join: %w", name, err)
	}
	ctx, leave := context.WithCancelCause(ctx)
	defer leave(nil)
	s.gone = ctx
	m.enter(s)
	m.Log.Info("slave has joined", "slave", name, "files", s.state.Load().Files, "unchanged", equal, "took", time.Since(began).Round(time.Millisecond).String())
	var work sync.WaitGroup
	work.Go(func() { m.deliver(ctx, s) })
	work.Go(func() { leave(m.hear(ctx, s)) })
	work.Go(func() { m.keepRecorded(ctx, s) })
	work.Go(func() { m.keepKnown(ctx, s) })
	if !equal {
		work.Go(func() { m.compare(ctx, s) })
	}
	<-ctx.Done()
	m.leave(s)
	work.Wait()
	m.Chooser.Forget(s.name) // after its last report
	if m.Places != nil {
		m.Places.Remove(s.name)
	}
	return nil
}

// meet checks a slave and brings it up to date. It reports whether its names are those that
// the database gives it.
func (m *Master) meet(ctx context.Context, name string, link wire.Slave) (*slave, bool, error) {
	state, err := link.State(ctx)
	if err != nil {
		return nil, false, err
	}
	row, err := m.Catalogue.Slave(ctx, name)
	if errors.Is(err, catalogue.ErrNoSlave) {
		row, err = m.Catalogue.AddSlave(ctx, name)
	}
	if err != nil {
		return nil, false, err
	}
	if err := m.Catalogue.Bind(ctx, row.ID, state.Storage, state.Applied); err != nil {
		return nil, false, err
	}
	if row, err = m.Catalogue.Slave(ctx, name); err != nil {
		return nil, false, err
	}
	if state.Applied > row.Last {
		return nil, false, fmt.Errorf("%w (%d, and not more than %d)", catalogue.ErrAhead, state.Applied, row.Last)
	}
	s := &slave{Slave: link, id: row.ID, name: name, gone: ctx}
	s.row.Store(&row)
	s.state.Store(&state)
	s.applied.reach(state.Applied)
	equal := row.SyncSeq == state.Applied && row.SyncDigest == state.Digest && row.SyncSeq > 0
	s.agreed.Store(equal)
	// What nobody is at was committed before, or will never be: once the slave has caught
	// up, the former is published.
	over, err := m.over(ctx, s)
	if err == nil {
		err = m.catchUp(ctx, s)
	}
	for some := range slices.Chunk(over, batch) {
		if err == nil {
			err = s.Forget(ctx, some)
		}
	}
	return s, equal, err
}

// over returns the operations of which a slave has prepared content and that are over:
// those of masters that are no more, and of this one, unless it is at it.
func (m *Master) over(ctx context.Context, s *slave) ([]uint64, error) {
	prepared, err := s.Operations(ctx)
	if err != nil || len(prepared) == 0 {
		return nil, err
	}
	oldest, err := m.Catalogue.Oldest(ctx)
	if err != nil {
		return nil, err
	}
	var ops []uint64
	for _, p := range prepared {
		if p.Op < oldest || m.Catalogue.Idle(p.Op) {
			ops = append(ops, p.Op)
		}
	}
	return ops, nil
}

// enter has a slave take part.
func (m *Master) enter(s *slave) {
	m.report(s)
	m.mu.Lock()
	m.slaves[s.id] = s
	m.mu.Unlock()
	if m.Changed != nil {
		m.Changed()
	}
}

// report tells those who choose slaves how one is.
func (m *Master) report(s *slave) {
	state := s.state.Load()
	m.Chooser.Report(s.name, *state)
	if m.Places != nil {
		m.Places.Set(s.name, state.Data)
	}
}

// leave takes a slave out of every plan.
func (m *Master) leave(s *slave) {
	m.mu.Lock()
	if m.slaves[s.id] == s {
		delete(m.slaves, s.id)
	}
	m.mu.Unlock()
	m.Log.Info("slave has left", "slave", s.name)
	if m.Changed != nil {
		m.Changed()
	}
}

// candidates are slaves as the chooser wants them, with what keeps some out.
func candidates(slaves []*slave, out func(*slave) string) []choice.Candidate {
	all := make([]choice.Candidate, len(slaves))
	for i, s := range slaves {
		all[i] = choice.Candidate{Name: s.name, Out: out(s)}
	}
	return all
}
