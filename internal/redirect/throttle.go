package redirect

import (
	"math"
	"net/http"
	"net/netip"
	"strconv"
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
	generation int // how many prefixes a shard remembers at least
	shards     [64]shard
}

// generation is how many prefixes a shard usually remembers at least. With all of them
// taken a throttle has about 20 MiB.
const generation = 1024

// What is asked for counts as so many requests: to write a page, a list or a description
// takes from tens to thousands of times as long as a redirect.
const (
	redirectCost = 1
	faceCost     = 10
)

type shard struct {
	mu         sync.Mutex
	young, old map[netip.Prefix]*rate.Limiter
}

// newThrottle returns nil where there is no limit.
func newThrottle(l Limit) *throttle {
	if l.Rate <= 0 {
		return nil
	}
	return &throttle{Limit: l, generation: generation}
}

// allow takes n requests of what a client may ask, and reports whether there were so
// many. A client of which nothing is known came by a unix socket, which those who may
// use it guard.
func (t *throttle) allow(client netip.Addr, now time.Time, n int) bool {
	if !client.IsValid() || contains(t.Exempt, client) {
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

// wait is for how long who is refused n requests should not come again, in whole seconds.
func (t *throttle) wait(n int) int { return max(1, int(math.Ceil(float64(n)/t.Rate))) }

func (t *throttle) shard(a netip.Addr) *shard {
	b := a.As16()
	h := uint32(2166136261) // FNV-1a; an attacker who fills one shard has one of 64
	for _, c := range b {
		h = (h ^ uint32(c)) * 16777619
	}
	return &t.shards[(h^h>>16)%uint32(len(t.shards))]
}

func (t *throttle) limiter(prefix netip.Prefix) *rate.Limiter {
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

// charge makes a request count as n, and reports whether its client has as many left; if
// not, it is told so. None counts as more than can be asked at once.
func (r *Redirector) charge(w http.ResponseWriter, req *http.Request, n int) bool {
	x, ok := w.(*exchange)
	if r.throttle == nil || !ok {
		return true
	}
	n = min(n, r.throttle.Burst)
	if r.throttle.allow(x.client, x.began, n-x.charged) {
		x.charged = n
		return true
	}
	x.Header().Set("Retry-After", strconv.Itoa(r.throttle.wait(n)))
	fail(x, req, http.StatusTooManyRequests, "too many requests from your network")
	x.event = limited
	return false
}

// limited is what became of a question that there were too many of.
var limited = event{"limited", "none", ""}

// charged returns a handler that answers if the client can afford it.
func (r *Redirector) charged(n int, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if r.charge(w, req, n) {
			next.ServeHTTP(w, req)
		}
	})
}

// monitored reports whether a path is one that monitoring asks for, which must not be
// locked out with its network.
func monitored(path string) bool {
	switch path {
	case "/healthz", "/readyz", "/metrics":
		return true
	}
	return false
}
