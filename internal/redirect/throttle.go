package redirect

import (
	"math"
	"net/netip"
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

// A throttle keeps to a limit. What it remembers is bounded: of each shard, the
// prefixes of one and of the last generation. A generation ends when it is full;
// who has not asked in the next is forgotten with it, and is as good as new.
type throttle struct {
	Limit
	shards [64]shard
}

// generation is how many prefixes a shard remembers at least. With all of them
// taken a throttle has about 20 MiB.
const generation = 1024

type shard struct {
	mu         sync.Mutex
	young, old map[netip.Prefix]*rate.Limiter
}

// newThrottle returns nil where there is no limit.
func newThrottle(l Limit) *throttle {
	if l.Rate <= 0 {
		return nil
	}
	return &throttle{Limit: l}
}

// allow reports whether a request of a client may be answered. A client of which
// nothing is known came by a unix socket, which those who may use it guard.
func (t *throttle) allow(client netip.Addr, now time.Time) bool {
	if t == nil || !client.IsValid() || contains(t.Exempt, client) {
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
	return t.shard(prefix.Addr()).limiter(prefix, &t.Limit).AllowN(now, 1)
}

// wait is for how long who is refused should not come again, in whole seconds.
func (t *throttle) wait() int { return max(1, int(math.Ceil(1/t.Rate))) }

func (t *throttle) shard(a netip.Addr) *shard {
	b := a.As16()
	h := uint32(2166136261) // FNV-1a; an attacker who fills one shard has one of 64
	for _, c := range b {
		h = (h ^ uint32(c)) * 16777619
	}
	return &t.shards[(h^h>>16)%uint32(len(t.shards))]
}

func (s *shard) limiter(prefix netip.Prefix, l *Limit) *rate.Limiter {
	s.mu.Lock()
	defer s.mu.Unlock()
	if known := s.young[prefix]; known != nil {
		return known
	}
	if s.young == nil || len(s.young) >= generation {
		s.young, s.old = make(map[netip.Prefix]*rate.Limiter), s.young
	}
	known := s.old[prefix]
	if known == nil {
		known = rate.NewLimiter(rate.Limit(l.Rate), l.Burst)
	}
	s.young[prefix] = known
	return known
}
