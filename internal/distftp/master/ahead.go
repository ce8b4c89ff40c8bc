package master

import (
	"context"
	"slices"
	"sync"
	"time"

	"mirrortracker/internal/distftp/data"
	"mirrortracker/internal/distftp/wire"
)

// ahead is how long a slave listens for the next transfer of a client that has just come to
// it, before that is asked for.
const ahead = 10 * time.Second

// mostAhead is how many ports a slave listens at ahead for one client, which may have several
// sessions.
const mostAhead = 16

// ports are those that a slave listens at for transfers that are likely to follow. So a
// client that fetches many small files waits for one question to the slave a file, not two.
type ports struct {
	mu   sync.Mutex
	open map[wire.Listen][]*port // by what will be asked, the oldest first
}

// A port is listened at until its time is over.
type port struct {
	wire.Listening
	over *time.Timer
}

// again returns what a client that comes to a slave will ask for next, nil for one that
// does not come to it.
func again(where data.Meeting) *wire.Listen {
	if r, ok := where.(*rendezvous); ok {
		return &r.asked
	}
	return nil
}

// listen has the slave listen, unless it does already.
func (s *slave) listen(ctx context.Context, l wire.Listen) (wire.Listening, error) {
	if p := s.ahead.take(l); p != nil {
		return p.Listening, nil
	}
	return s.Listen(ctx, l)
}

// keep keeps a port for the next who asks.
func (s *slave) keep(l wire.Listen, at wire.Listening) {
	p := &port{Listening: at}
	p.over = time.AfterFunc(ahead, func() {
		if s.ahead.drop(l, p) {
			s.unlisten(at)
		}
	})
	if former := s.ahead.put(l, p); former != nil {
		go s.unlisten(former.Listening)
	}
}

// unlisten closes a port that nobody needs. If that fails, time does it.
func (s *slave) unlisten(at wire.Listening) { _ = s.Unlisten(s.gone, at.Listener) }

// put returns one that has to go for it.
func (a *ports) put(l wire.Listen, p *port) (former *port) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.open == nil {
		a.open = map[wire.Listen][]*port{}
	}
	open := append(a.open[l], p)
	if len(open) > mostAhead {
		former = open[0]
		former.over.Stop()
		open = slices.Delete(open, 0, 1)
	}
	a.open[l] = open
	return former
}

// take takes the newest.
func (a *ports) take(l wire.Listen) *port {
	a.mu.Lock()
	defer a.mu.Unlock()
	open := a.open[l]
	if len(open) == 0 {
		return nil
	}
	p := open[len(open)-1]
	p.over.Stop()
	a.remove(l, p)
	return p
}

// drop reports whether the port was still there.
func (a *ports) drop(l wire.Listen, p *port) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.remove(l, p)
}

// remove needs the lock.
func (a *ports) remove(l wire.Listen, p *port) bool {
	open := a.open[l]
	i := slices.Index(open, p)
	switch {
	case i < 0:
		return false
	case len(open) == 1:
		delete(a.open, l)
	default:
		a.open[l] = slices.Delete(open, i, i+1)
	}
	return true
}
