package nearest

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"mirrortracker/internal/mirror"
)

// Hosts find the addresses of sites' hosts, by which databases know where a site is that
// does not say so. Lookups are made in the background; until one succeeds the host has no
// address, and one that fails later leaves it those that it had.
type Hosts struct {
	lookup func(ctx context.Context, host string) ([]netip.Addr, error)

	mu    sync.Mutex // guards the following
	hosts map[mirror.SiteID]host
}

// A host is what is known of one.
type host struct {
	addresses []netip.Addr // sorted
	due       time.Time    // when it is to be looked up again
}

const (
	hostBeat      = time.Second      // how often sites are looked for that were added
	hostEvery     = time.Hour        // a host is looked up again
	hostAgain     = time.Minute      // after a failure
	hostTimeout   = 10 * time.Second // of one lookup
	hostsAtOnce   = 16
	hostAddresses = 8 // of one host are enough
)

// NewHosts returns hosts that are looked up as the system is configured; none is yet.
func NewHosts() *Hosts {
	return &Hosts{
		lookup: func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		},
		hosts: map[mirror.SiteID]host{},
	}
}

// Addresses returns what is known of a site's host now; it is what [Options] want.
func (h *Hosts) Addresses(site mirror.SiteID) []netip.Addr {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.hosts[site].addresses
}

// Run looks up the hosts of sites again and again until ctx is done, and calls changed
// whenever an address is another one. Sites must not block.
func (h *Hosts) Run(ctx context.Context, sites func() []mirror.Site, changed func()) {
	tick := time.NewTicker(hostBeat)
	defer tick.Stop()
	for {
		if h.Look(ctx, sites()) {
			changed()
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Look looks up the hosts whose turn it is, forgets those of other sites, and reports
// whether an address is another one now.
func (h *Hosts) Look(ctx context.Context, sites []mirror.Site) (changed bool) {
	var running sync.WaitGroup
	turns := make(chan struct{}, hostsAtOnce)
	results := make([]bool, len(sites))
	for i, s := range h.due(sites, time.Now()) {
		running.Go(func() {
			turns <- struct{}{}
			defer func() { <-turns }()
			results[i] = h.look(ctx, s.ID(), s.URL.Host)
		})
	}
	running.Wait()
	return slices.Contains(results, true)
}

// due returns the sites whose hosts are to be looked up now: those that do not say all
// there is to say, unless their host is an address itself.
func (h *Hosts) due(sites []mirror.Site, now time.Time) []*mirror.Site {
	h.mu.Lock()
	defer h.mu.Unlock()
	var due []*mirror.Site
	kept := make(map[mirror.SiteID]host, len(h.hosts))
	for i := range sites {
		s := &sites[i]
		_, err := netip.ParseAddr(s.URL.Host)
		if err == nil || s.Country != "" && s.Place != nil && s.AS != 0 {
			continue
		}
		id := s.ID()
		kept[id] = h.hosts[id]
		if !now.Before(kept[id].due) {
			due = append(due, s)
		}
	}
	h.hosts = kept
	return due
}

// look looks up one host, and reports whether an address is another one now.
func (h *Hosts) look(ctx context.Context, site mirror.SiteID, name string) (changed bool) {
	ctx, cancel := context.WithTimeout(ctx, hostTimeout)
	defer cancel()
	addresses, err := h.lookup(ctx, name)
	for i := range addresses {
		addresses[i] = addresses[i].Unmap().WithZone("")
	}
	slices.SortFunc(addresses, netip.Addr.Compare)
	addresses = addresses[:min(len(addresses), hostAddresses)]
	h.mu.Lock()
	defer h.mu.Unlock()
	before := h.hosts[site].addresses
	if err != nil || len(addresses) == 0 {
		h.hosts[site] = host{before, time.Now().Add(hostAgain)}
		return false
	}
	h.hosts[site] = host{addresses, time.Now().Add(hostEvery)}
	return !slices.Equal(addresses, before)
}
