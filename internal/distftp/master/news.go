package master

import (
	"context"
	"errors"
	"time"

	"mirrortracker/internal/distftp/wire"
)

// How often it is recorded how a slave is: soon where something has changed, and now and then
// that it is there at all. Both together are less than that after which a slave whose report
// is in the database alone counts as away ([overview.Recent]).
const (
	recording = 5 * time.Second
	alive     = 10 * time.Second
)

// errLeft says that a slave has said goodbye.
var errLeft = errors.New("the slave stops")

// hear takes in what a slave tells, until its link ends or it stops.
func (m *Master) hear(ctx context.Context, s *slave) error {
	err := s.News(ctx, func(n wire.News) error {
		if n.State != nil {
			s.state.Store(n.State)
			s.applied.reach(n.State.Applied)
			m.report(s)
		}
		for _, d := range n.Damaged {
			m.Log.Error("a file is damaged", "slave", s.name, "path", string(d.Ref.Path), "fault", string(d.Fault), "err", d.Text)
		}
		if len(n.Damaged) > 0 && m.Damaged != nil {
			if err := m.Damaged(ctx, s.id, n.Damaged); err != nil {
				m.Log.Warn("damaged files are not repaired before the slave joins again", "slave", s.name, "err", err)
			}
		}
		if n.Leaving {
			m.record(ctx, s)
			return errLeft
		}
		return nil
	})
	if err != nil && ctx.Err() == nil && !errors.Is(err, errLeft) {
		m.Log.Warn("a slave tells no more", "slave", s.name, "err", err)
	}
	return err
}

// keepRecorded records how a slave is until its link ends.
func (m *Master) keepRecorded(ctx context.Context, s *slave) {
	tick := time.NewTicker(recording)
	defer tick.Stop()
	var last *wire.State
	var recorded time.Time
	for {
		if now := s.state.Load(); now != last || time.Since(recorded) >= alive {
			m.record(ctx, s)
			last, recorded = now, time.Now()
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// record writes to the database what a slave told last.
func (m *Master) record(ctx context.Context, s *slave) {
	state := s.state.Load()
	err := m.Catalogue.Report(ctx, s.id, *state)
	if err == nil && s.agreed.Load() {
		err = m.Catalogue.InSync(ctx, s.id, state.Applied, state.Digest)
	}
	if err != nil && ctx.Err() == nil {
		m.Log.Warn("what a slave reports is not recorded", "slave", s.name, "err", err)
	}
}
