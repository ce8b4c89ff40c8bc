package main

import (
	"context"
	"sync"

	"mirrortracker/internal/mirror"
	"mirrortracker/internal/nearest"
	"mirrortracker/internal/redirect"
	"mirrortracker/internal/resolver"
)

// places put in force what a redirector goes by when it looks for the nearest site: what
// is configured, with the addresses of the sites' hosts as they are found.
type places struct {
	redirector *redirect.Redirector
	hosts      *nearest.Hosts

	mu      sync.Mutex // guards the following
	options nearest.Options
}

func newPlaces(r *redirect.Redirector, o nearest.Options) *places {
	p := &places{redirector: r, hosts: nearest.NewHosts()}
	p.set(o)
	return p
}

// set puts other options in force.
func (p *places) set(o nearest.Options) {
	p.mu.Lock()
	defer p.mu.Unlock()
	o.Addresses = p.hosts.Addresses
	p.options = o
	p.redirector.SetNearest(o)
}

// run looks up the hosts of sites until ctx is done.
func (p *places) run(ctx context.Context, sites func() []mirror.Site) {
	p.hosts.Run(ctx, sites, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.redirector.SetNearest(p.options)
	})
}

// sitesOf returns what returns the sites of the index in force.
func sitesOf(index func() *resolver.Index) func() []mirror.Site {
	return func() []mirror.Site {
		if x := index(); x != nil {
			return x.Roster().Sites
		}
		return nil
	}
}
