package foreign

import (
	"sync"
	"time"
)

// Pools are the pools of all servers, one for each login at each: whoever asks for the
// same gets the same.
type Pools struct {
	cfg Config

	mu    sync.Mutex
	all   map[Server]*Pool // by the server without its limit
	swept time.Time
}

// NewPools returns pools of no servers yet.
func NewPools(cfg Config) *Pools {
	return &Pools{cfg: cfg, all: map[Server]*Pool{}, swept: time.Now()}
}

// Of returns the pool of a server, which it makes at the first time. What is known of the
// server's abilities counts where it was found out later than what the pool knows: by
// another process. A limit that has changed takes effect.
func (ps *Pools) Of(s Server, known Abilities) *Pool {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	ps.sweep()
	key := s
	key.Limit = 0
	p := ps.all[key]
	if p == nil {
		p = NewPool(s, known, ps.cfg)
		ps.all[key] = p
	}
	p.setLimit(s.Limit)
	p.adopt(known)
	return p
}

// forget is after how long without use a pool is dropped.
const forget = 2 * LongestRest

// sweep drops pools that nobody has used for long.
func (ps *Pools) sweep() {
	if time.Since(ps.swept) < time.Minute {
		return
	}
	ps.swept = time.Now()
	for key, p := range ps.all {
		if p.abandoned() {
			delete(ps.all, key)
		}
	}
}

func (p *Pool) abandoned() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.conns) == 0 && time.Since(p.used) > forget
}

// Close closes all pools. There must be no more use of them.
func (ps *Pools) Close() {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	for _, p := range ps.all {
		p.Close()
	}
}
