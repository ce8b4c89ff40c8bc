package master

import (
	"context"
	"errors"
	"time"

	"mirrortracker/internal/distftp/wire"
)

// batch is how many intents a slave is given at a time.
const batch = 500

// How long is waited after a slave could not apply an intent, as with a disk that fails.
const (
	firstPause = time.Second
	lastPause  = 30 * time.Second
)

// catchUp brings a slave all intents that there are for it.
func (m *Master) catchUp(ctx context.Context, s *slave) error {
	for {
		applied := s.applied.last()
		intents, err := m.Catalogue.Intents(ctx, s.id, applied, batch)
		if err != nil {
			return err
		}
		s.behind.Store(len(intents) == batch)
		if len(intents) == 0 {
			return nil
		}
		last, err := s.Apply(ctx, intents)
		if last > applied {
			s.applied.reach(last)
			if err := m.Catalogue.Applied(ctx, s.id, last); err != nil {
				m.Log.Warn("what a slave has applied is not recorded yet", "slave", s.name, "err", err)
			}
		}
		if err != nil {
			return err
		}
		if last < intents[len(intents)-1].Seq {
			return &wire.Failure{Reason: wire.Invalid, Text: "the slave does not say why it did not apply its intents"}
		}
	}
}

// deliver brings a slave its intents as they are committed, until its link ends.
func (m *Master) deliver(ctx context.Context, s *slave) {
	wake := m.Catalogue.Wake(s.id)
	pause := firstPause
	for {
		err := m.catchUp(ctx, s)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			pause = firstPause
			select {
			case <-wake:
			case <-ctx.Done():
				return
			}
			continue
		case errors.Is(err, wire.ErrLink):
			m.Log.Debug("intents wait for the slave", "slave", s.name, "err", err)
		default:
			m.Log.Error("a slave does not apply what the database says", "slave", s.name, "err", err, "again_in", pause.String())
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return
		}
		pause = min(2*pause, lastPause)
	}
}
