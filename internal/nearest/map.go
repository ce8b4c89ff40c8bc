package nearest

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"mirrortracker/internal/mirror"
)

// Options are what a map is made of besides sites. The zero value of all but Costs
// stands for nothing known.
type Options struct {
	Costs    Costs
	Networks []Network
	Atlas    *Atlas
	// Addresses returns those of a site's host, as far as they are known. A host that
	// is an address needs none.
	Addresses func(site mirror.SiteID) []netip.Addr
}

// A Map knows where sites are, and how far from there to any client. It is immutable
// but for what it keeps of clients, and safe for concurrent use.
type Map struct {
	costs     Costs
	perRadius float32 // 1/R
	atlas     *Atlas
	networks  networks
	sites     []place
	limited   bool // whether a site has a MaxFile
	problems  []string

	areas *cache[areaKey, area]
	views *cache[clientKey, View]
}

// A place is what a map knows of a site.
type place struct {
	id       mirror.SiteID
	finding  finding
	weight   float64
	audience mirror.Audience
	networks []int // those whose clients are at home here
}

// What a map keeps: in bytes, the standings of sites, at twelve bytes for each client; in numbers,
// areas, of which there is one for each combination of country, place and network that
// was met.
const (
	viewBytes = 64 << 20
	minViews  = 1 << 10
	maxViews  = 1 << 16
	maxAreas  = 1 << 13
)

// NewMap returns the map of sites, which are known by their positions from here on.
func NewMap(sites []mirror.Site, o Options) *Map {
	m := &Map{
		costs:     o.Costs,
		perRadius: float32(1 / o.Costs.Radius),
		atlas:     o.Atlas,
		sites:     make([]place, len(sites)),
		areas:     newCache[areaKey, area](maxAreas),
		views:     newCache[clientKey, View](min(max(viewBytes/(12*len(sites)+200), minViews), maxViews)),
	}
	for i := range sites {
		m.sites[i] = o.place(&sites[i])
		m.limited = m.limited || sites[i].Audience.MaxFile > 0
	}
	for _, n := range o.Networks {
		m.addNetwork(n, sites)
	}
	return m
}

// place finds out where a site is: what it declares, else what is said of its address.
func (o Options) place(s *mirror.Site) place {
	p := place{id: s.ID(), weight: float64(s.Weight), audience: s.Audience}
	p.finding.add(declared(s.Reach), "declared")
	addresses := []netip.Addr(nil)
	if addr, err := netip.ParseAddr(s.URL.Host); err == nil {
		addresses = []netip.Addr{addr}
	} else if o.Addresses != nil {
		addresses = o.Addresses(p.id)
	}
	for _, addr := range addresses {
		o.Atlas.addTo(&p.finding, addr.Unmap(), netip.Prefix{})
	}
	p.finding.roundOff()
	return p
}

func (m *Map) addNetwork(n Network, sites []mirror.Site) {
	position := len(m.networks.all)
	m.networks.all = append(m.networks.all, n)
	for _, p := range n.Prefixes {
		switch {
		case !p.IsValid(), p.Addr().Is6() && !p.Addr().Is4In6() && p.Bits() > MaxBits6:
			m.problem("network %s: %s is ignored: want a prefix of IPv4, or one of IPv6 of at most %d bits", n.Name, p, MaxBits6)
		case m.networks.add(position, p):
			m.problem("network %s: %s is ignored: it belongs to another network already", n.Name, p)
		}
	}
	for _, name := range n.Sites {
		i := slices.IndexFunc(sites, func(s mirror.Site) bool { return s.Name == name })
		if i < 0 {
			m.problem("network %s: no site is called %q", n.Name, name)
			continue
		}
		m.sites[i].networks = append(m.sites[i].networks, position)
	}
}

func (m *Map) problem(format string, args ...any) {
	m.problems = append(m.problems, fmt.Sprintf(format, args...))
}

// Problems says what of the options is of no effect, each in a sentence without a point.
func (m *Map) Problems() []string { return m.problems }

// Site returns what is taken for true of where a site is, and what says so.
func (m *Map) Site(site int32) (Where, Sources) {
	f := &m.sites[site].finding
	return f.Where, f.Sources
}

// View returns how sites look from a client at a moment; of the zero Addr nothing is
// known. It is valid for as long as it is held, but not meant to be kept: the map keeps it.
func (m *Map) View(addr netip.Addr, now time.Time) *View {
	key, second := keyOf(addr), now.Unix()
	if v := m.views.get(key); v != nil && v.from <= second && second < v.from+epoch {
		return v
	}
	return m.views.put(key, m.look(key, addr.IsValid(), second))
}

// look makes a view.
func (m *Map) look(key clientKey, known bool, second int64) View {
	var v View
	var f finding
	v.network = -1
	if known {
		v.address = key.addr()
		v.network, v.prefix = m.networks.find(v.address)
		v.family = familyOf(v.address)
	}
	if v.network >= 0 {
		n := &m.networks.all[v.network]
		f.add(Where{Country: n.Country, Spot: spotAt(n.Place)}, "network "+n.Name)
	}
	v.prefix = m.atlas.addTo(&f, v.address, v.prefix)
	f.roundOff()
	v.m, v.sources, v.area = m, f.Sources, m.area(areaKey{f.Where, v.network})
	var number int64
	number, v.from = key.epochAt(second)
	v.standings = make([]standing, len(m.sites))
	for i := range m.sites {
		site, s := &m.sites[i], &v.area.sites[i]
		v.standings[i] = stands(s.class, float32(key.draw(number, site.id)/max(site.weight, 1))*s.far*s.far*s.far*s.far)
	}
	v.lineUp()
	return v
}
