// Package throttle holds the clients of a service, by their networks, to a number of
// requests a second.
package throttle

import (
	"math"
	"net/netip"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// A Limit says how many requests are answered for one prefix of clients. The zero
// Limit sets none.
type Limit struct {
	Rate   float64        // a second
	Burst  int            // at once
	Bits4  int            // length of the prefix that counts as one client, for IPv4
	Bits6  int            // and for IPv6
	Exempt []netip.Prefix // clients without a limit
}

// A Throttle keeps to a limit; make it with [New]. Its methods may be called by several
// goroutines at a time. What it remembers is bounded: of each shard, the
// prefixes of one and of the last generation. A generation ends when it is full;
// who has not asked in the next is forgotten with it, and is as good as new.
type Throttle struct {
	Limit
	generation int // how many prefixes a shard remembers at least
	shards     [64]shard
}

// generation is how many prefixes a shard usually remembers at least. With all of them
// taken a throttle has about 20 MiB.
const generation = 1024

type shard struct {
	mu         sync.Mutex
	young, old map[netip.Prefix]*rate.Limiter
}

// New returns a throttle, or nil where there is no limit.
func New(l Limit) *Throttle {
	if l.Rate <= 0 {
		return nil
	}
	return &Throttle{Limit: l, generation: generation}
}

// Allow takes n requests of what a client may ask, and reports whether there were so
// many. A client of which nothing is known came by a unix socket, which those who may
// use it guard.
func (t *Throttle) Allow(client netip.Addr, now time.Time, n int) bool {
	if !client.IsValid() || slices.ContainsFunc(t.Exempt, func(p netip.Prefix) bool { return p.Contains(client) }) {
		return true
	}
	bits := t.Bits6
	if client.Is4() {
		bits = t.Bits4
	}
	prefix, err := client.Prefix(bits)
	if err != nil { // the bits were checked
		return true
	}
	return t.limiter(prefix).AllowN(now, n)
}

// Wait is for how long who is refused n requests should not come again, in whole seconds.
func (t *Throttle) Wait(n int) int { return max(1, int(math.Ceil(float64(n)/t.Rate))) }

func (t *Throttle) shard(a netip.Addr) *shard {
	b := a.As16()
	h := uint32(2166136261) // FNV-1a; an attacker who fills one shard has one of 64
	for _, c := range b {
		h = (h ^ uint32(c)) * 16777619
	}
	return &t.shards[(h^h>>16)%uint32(len(t.shards))]
}

func (t *Throttle) limiter(prefix netip.Prefix) *rate.Limiter {
	s := t.shard(prefix.Addr())
	s.mu.Lock()
	defer s.mu.Unlock()
	if known := s.young[prefix]; known != nil {
		return known
	}
	if s.young == nil || len(s.young) >= t.generation {
		s.young, s.old = make(map[netip.Prefix]*rate.Limiter), s.young
	}
	known := s.old[prefix]
	if known == nil {
		known = rate.NewLimiter(rate.Limit(t.Rate), t.Burst)
	}
	s.young[prefix] = known
	return known
}
