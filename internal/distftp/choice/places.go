package choice

import (
	"maps"
	"net/netip"
	"slices"
	"sync"
	"time"

	"mirrortracker/internal/mirror"
	"mirrortracker/internal/nearest"
)

// Places know how far slaves are from clients: as sites are for package nearest, by the
// addresses at which clients reach them, and by the operator's networks, whose Sites are
// the names of slaves here.
type Places struct {
	options   nearest.Options
	databases *nearest.Databases // nil: none

	mu    sync.Mutex
	where map[string][]netip.Addr // of slaves
	drawn *atlas                  // nil: to be made anew
}

// An atlas is a map of slaves as of some state of the databases.
type atlas struct {
	*nearest.Map
	of       *nearest.Atlas
	position map[string]int32
}

// NewPlaces returns places of which no slave has one yet. Of the options, Costs and Networks
// count; without Costs, the default ones.
func NewPlaces(o nearest.Options, databases *nearest.Databases) *Places {
	if o.Costs == (nearest.Costs{}) {
		o.Costs = nearest.DefaultCosts()
	}
	return &Places{options: o, databases: databases, where: map[string][]netip.Addr{}}
}

// Set says at which addresses clients reach a slave.
func (p *Places) Set(slave string, addresses []netip.Addr) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if was, known := p.where[slave]; !known || !slices.Equal(was, addresses) {
		p.where[slave], p.drawn = slices.Clone(addresses), nil
	}
}

// Remove forgets a slave.
func (p *Places) Remove(slave string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.where, slave)
	p.drawn = nil
}

// Distance returns how far a slave is from a client, in km; 0 where nothing is known.
func (p *Places) Distance(client netip.Addr, slave string) float64 {
	m := p.current()
	i, known := m.position[slave]
	if !known {
		return 0
	}
	return m.View(client.Unmap(), time.Now()).Cost(&nearest.Candidate{Site: i})
}

// current returns a map that is up to date.
func (p *Places) current() *atlas {
	p.mu.Lock()
	defer p.mu.Unlock()
	var of *nearest.Atlas
	if p.databases != nil {
		of = p.databases.Atlas()
	}
	if p.drawn == nil || p.drawn.of != of {
		p.drawn = p.make(of)
	}
	return p.drawn
}

func (p *Places) make(of *nearest.Atlas) *atlas {
	m := &atlas{of: of, position: map[string]int32{}}
	addresses := map[mirror.SiteID][]netip.Addr{}
	var sites []mirror.Site
	for _, name := range slices.Sorted(maps.Keys(p.where)) {
		s := mirror.Site{Name: name, URL: mirror.URL{Scheme: "ftp", Host: name, Port: 21}, Weight: mirror.DefaultWeight}
		m.position[name] = int32(len(sites))
		addresses[s.ID()] = p.where[name]
		sites = append(sites, s)
	}
	o := p.options
	o.Atlas = of
	o.Addresses = func(site mirror.SiteID) []netip.Addr { return addresses[site] }
	m.Map = nearest.NewMap(sites, o)
	return m
}
