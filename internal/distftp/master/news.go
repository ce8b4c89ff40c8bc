package master

import (
	"context"
	"errors"
	"time"

	"mirrortracker/internal/distftp/wire"
)

// recording is how often at most it is recorded how a slave is.
const recording = 5 * time.Second

// errLeft says that a slave has said goodbye.
var errLeft = errors.New("the slave stops")

// hear takes in what a slave tells, until its link ends or it stops.
func (m *Master) hear(ctx context.Context, s *slave) error {
	var recorded time.Time
	err := s.News(ctx, func(n wire.News) error {
		if n.State != nil {
			s.state.Store(n.State)
			s.applied.reach(n.State.Applied)
			m.Chooser.Report(s.name, *n.State)
			if n.Leaving || time.Since(recorded) >= recording {
				recorded = time.Now()
				m.record(ctx, s)
			}
		}
		for _, d := range n.Damaged {
			m.Log.Error("a file is damaged", "slave", s.name, "path", d.Ref.Path, "fault", string(d.Fault), "err", d.Text)
			if m.Damaged != nil {
				m.Damaged(s.id, d)
			}
		}
		if n.Leaving {
			return errLeft
		}
		return nil
	})
	if err != nil && ctx.Err() == nil && !errors.Is(err, errLeft) {
		m.Log.Warn("a slave tells no more", "slave", s.name, "err", err)
	}
	return err
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
