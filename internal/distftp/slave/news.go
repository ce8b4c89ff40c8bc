package slave

import (
	"context"
	"time"

	"mirrortracker/internal/distftp/wire"
)

// State implements [wire.Slave].
func (s *Slave) State(ctx context.Context) (wire.State, error) {
	state, err := s.Storage.State(ctx)
	if err != nil {
		return state, err
	}
	f := s.load.figures()
	state.Receiving, state.Sending, state.In, state.Out = f.receiving, f.sending, f.in, f.out
	state.Ports = [2]uint16{s.Ports.First, s.Ports.Last}
	for _, a := range s.Data {
		state.Data = append(state.Data, a.Public)
	}
	state.Relay, state.Rack, state.Software = s.RelayAt, *s.rack.Load(), s.Software
	return state, nil
}

// between is how long at least news are apart.
const between = time.Second

// News implements [wire.Slave]. A master asks for them when it has brought all intents.
func (s *Slave) News(ctx context.Context, tell func(wire.News) error) error {
	if !s.listens() {
		return stopping
	}
	defer s.listening.Done()
	s.Storage.Settled()
	tick := time.NewTicker(between)
	defer tick.Stop()
	var damages int64
	for {
		changed, load := s.Storage.Changed(), s.load.figures()
		var news wire.News
		select {
		case <-s.leave:
			news.Leaving = true
		default:
		}
		state, err := s.State(ctx)
		if err != nil {
			return err
		}
		news.State = &state
		if news.Damaged, damages, err = s.Storage.Damaged(ctx, damages); err != nil {
			return err
		}
		if err := tell(news); err != nil {
			return err
		}
		if news.Leaving {
			s.heard(ctx)
			return nil
		}
		for again := len(news.Damaged) > 0; !again; {
			select {
			case <-ctx.Done():
				return context.Cause(ctx)
			case <-s.leave:
				again = true
			case <-tick.C:
				select {
				case <-changed:
					again = true
				default:
					again = s.load.figures() != load
				}
			}
		}
	}
}

// heard waits for a master to hang up, which it does when it has heard all; what a link that
// ends at once still carries may never arrive.
func (s *Slave) heard(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(farewell):
	}
}

// listens counts one more who wants to know when the slave leaves.
func (s *Slave) listens() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.left {
		s.listening.Add(1)
	}
	return !s.left
}
