package polite

import (
	"context"
	"sync"

	"golang.org/x/time/rate"

	"mirrortracker/internal/mirror"
)

// A Pacer holds the crawls of a process to their pace.
type Pacer struct {
	mu      sync.Mutex
	perHost int
	lookup  Lookup
	hosts   map[string]*host // those of sites under way, by each of their names and addresses
}

// New returns a Pacer that allows so many connections to one host.
func New(perHost int, lookup Lookup) *Pacer {
	return &Pacer{perHost: perHost, lookup: lookup, hosts: map[string]*host{}}
}

// SetPerHost changes how many connections to one host are allowed, for crawls
// under way too: none is closed, but further ones wait.
func (p *Pacer) SetPerHost(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.perHost = n
	for _, h := range p.hosts {
		h.resize(p.perHost)
	}
}

// A Pace is how a site is crawled.
type Pace struct {
	Connections int     // at a time, at least 1
	Rate        float64 // directories a second, 0 for any
	Bandwidth   int64   // bytes a second, 0 for any
}

// Site begins the crawl of a site. The caller closes what it gets. The host has room
// for the connections of each of its sites alone, but not for those of all. Its
// addresses are looked up once, here, which is given up after a while and when ctx ends.
func (p *Pacer) Site(ctx context.Context, site mirror.Site, pace Pace) *Site {
	names := p.names(ctx, site.URL.Host)
	p.mu.Lock()
	defer p.mu.Unlock()
	h := p.hostOf(names)
	s := &Site{
		pacer:       p,
		host:        h,
		directories: limiter(pace.Rate, 1),
		bytes:       limiter(float64(pace.Bandwidth), leastBurst),
	}
	h.wants[s] = max(pace.Connections, 1)
	h.resize(p.perHost)
	return s
}

// A host is a server that is being crawled.
type host struct {
	gate
	wants map[*Site]int // connections, by the crawls under way
}

// resize lets as many connections through as are allowed, or as one site wants.
func (h *host) resize(perHost int) {
	for _, n := range h.wants {
		perHost = max(perHost, n)
	}
	h.gate.resize(perHost)
}

// leastBurst is the least number of bytes that may come at once: what is read at
// once.
const leastBurst = 32 << 10

// limiter returns a limiter of so many events a second, of which a tenth may come at
// once, so that the pauses between them need not be shorter than timers are exact. It
// is nil for 0.
func limiter(perSecond float64, least int) *rate.Limiter {
	if perSecond == 0 {
		return nil
	}
	return rate.NewLimiter(rate.Limit(perSecond), max(int(perSecond/10), least))
}
