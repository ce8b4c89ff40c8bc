package master

import (
	"context"
	"net/netip"
	"sync"
	"sync/atomic"

	"mirrortracker/internal/distftp/catalogue"
	"mirrortracker/internal/distftp/wire"
)

// A slave is one that has joined, for as long as its link lives.
type slave struct {
	wire.Slave
	id   catalogue.SlaveID
	name string
	gone context.Context // ends with the link

	row       atomic.Pointer[catalogue.Slave] // what the database says of it
	state     atomic.Pointer[wire.State]      // what it last said of itself
	certified atomic.Bool                     // it can show clients our certificate
	agreed    atomic.Bool                     // its names are those that the database gives it, but for intents on their way
	behind    atomic.Bool                     // there are more of these than fit into one batch
	applied   progress
	ahead     ports
}

// drains reports whether nothing is to be stored there.
func (s *slave) drains() bool { return s.row.Load().Drain }

// at returns the address at which clients of a family reach the slave, which is invalid if
// there is none.
func (s *slave) at(family netip.Addr) netip.Addr {
	for _, a := range s.state.Load().Data {
		if a.Is4() == family.Is4() {
			return a
		}
	}
	return netip.Addr{}
}

// A progress is how far a slave has come with its intents.
type progress struct {
	mu    sync.Mutex
	seq   uint64
	moved chan struct{} // closed when seq moves; nil if nobody waits
}

// reach notes that all intents up to seq are applied.
func (p *progress) reach(seq uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if seq <= p.seq {
		return
	}
	p.seq = seq
	if p.moved != nil {
		close(p.moved)
		p.moved = nil
	}
}

// last returns the last that is applied.
func (p *progress) last() uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.seq
}

// await returns when all up to seq are applied, or when one of the two ends.
func (p *progress) await(ctx, gone context.Context, seq uint64) error {
	for {
		p.mu.Lock()
		if p.seq >= seq {
			p.mu.Unlock()
			return nil
		}
		if p.moved == nil {
			p.moved = make(chan struct{})
		}
		moved := p.moved
		p.mu.Unlock()
		select {
		case <-moved:
		case <-gone.Done():
			return context.Cause(gone)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
