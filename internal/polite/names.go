package polite

import (
	"context"
	"net/netip"
	"time"
)

// A Lookup returns the addresses of a host, which may be one itself, in a network "ip".
// [net.Resolver.LookupNetIP] is one.
type Lookup func(ctx context.Context, network, host string) ([]netip.Addr, error)

// maxLookup bounds how long a crawl waits for the addresses of its host.
const maxLookup = 10 * time.Second

// names returns what a host is known by: its name, and its addresses as far as they can
// be found out.
func (p *Pacer) names(ctx context.Context, host string) []string {
	ctx, cancel := context.WithTimeout(ctx, maxLookup)
	defer cancel()
	names := []string{host}
	addresses, err := p.lookup(ctx, "ip", host)
	if err != nil {
		return names // it says so itself when it is connected to
	}
	for _, a := range addresses {
		names = append(names, a.Unmap().String())
	}
	return names
}

// hostOf returns the host that has one of the names, or a new one, which then has all
// of them that no other host has.
func (p *Pacer) hostOf(names []string) *host {
	var h *host
	for _, name := range names {
		if h = p.hosts[name]; h != nil {
			break
		}
	}
	if h == nil {
		h = &host{wants: map[*Site]int{}}
	}
	for _, name := range names {
		if p.hosts[name] == nil {
			p.hosts[name] = h
		}
	}
	return h
}
