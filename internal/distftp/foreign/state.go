package foreign

import (
	"cmp"
	"net/netip"
	"slices"
	"time"
)

// Health is how a server does.
type Health struct {
	Resting  bool      `json:"resting"`
	Until    time.Time `json:"until"`    // the end of the rest, when one try is made
	Failures int       `json:"failures"` // in a row
	Reason   string    `json:"reason"`   // of the last one, for operators, with what they can do
}

// Health returns how the server does.
func (p *Pool) Health() Health {
	p.mu.Lock()
	defer p.mu.Unlock()
	b := p.breaker
	if b.failures == 0 {
		return Health{}
	}
	return Health{Resting: !b.usable(time.Now()), Until: b.until, Failures: b.failures, Reason: b.reason()}
}

// Usable reports whether the server may be asked: it does not rest, or has rested long
// enough for one try.
func (p *Pool) Usable() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !p.closed && p.breaker.usable(time.Now())
}

// A State is what a connection is doing.
type State string

// The states.
const (
	connecting State = "connecting"
	idle       State = "idle"
	keeping    State = "keeping alive"
	inUse      State = "in use"
)

// A Connection is what a connection of a pool is doing.
type Connection struct {
	State State          `json:"state"`
	Since time.Time      `json:"since"` // in this state
	Doing string         `json:"doing"` // RETR, say; "" for nothing that takes long
	Uses  int            `json:"uses"`  // how often it was checked out
	Peer  netip.AddrPort `json:"peer"`  // not valid while connecting
}

// Connections returns what all connections are doing, the oldest state first.
func (p *Pool) Connections() []Connection {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []Connection
	for c := range p.conns {
		about := Connection{State: c.state, Since: c.since, Doing: c.doing, Uses: c.uses}
		if c.state != connecting {
			about.Peer = c.Peer()
		}
		all = append(all, about)
	}
	slices.SortFunc(all, func(a, b Connection) int {
		return cmp.Or(a.Since.Compare(b.Since), a.Peer.Compare(b.Peer))
	})
	return all
}

// Waiting returns how many wait for a connection.
func (p *Pool) Waiting() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.waiting)
}
