package nearest

import (
	"cmp"
	"net/netip"
	"slices"
)

// A View is how sites look from one client during one of its epochs. It is immutable.
type View struct {
	m         *Map
	area      *area
	standings []standing // by site
	line      []stander  // all sites, the first first
	from      int64      // when the epoch began, in Unix seconds
	family    Family
	network   int // position of the operator's network, -1 for none
	address   netip.Addr
	prefix    netip.Prefix
	sources   Sources
}

// A stander is a site in the line.
type stander struct {
	standing
	site int32
}

// lineUp puts all sites in a line.
func (v *View) lineUp() {
	v.line = make([]stander, len(v.standings))
	for i, s := range v.standings {
		v.line[i] = stander{s, int32(i)}
	}
	slices.SortFunc(v.line, func(a, b stander) int {
		return cmp.Or(cmp.Compare(a.standing, b.standing), cmp.Compare(a.site, b.site))
	})
}

// A Family is a set of address families.
type Family uint8

// The address families.
const (
	IPv4 Family = 1 << iota
	IPv6
)

// String names one family.
func (f Family) String() string {
	if f == IPv4 {
		return "IPv4"
	}
	return "IPv6"
}

func familyOf(addr netip.Addr) Family {
	if addr.Is4() {
		return IPv4
	}
	return IPv6
}

// Client returns what is known of the client.
func (v *View) Client() Client {
	c := Client{Where: v.area.Where, Sources: v.sources, Address: v.address, Prefix: v.prefix}
	if v.network >= 0 {
		c.Network = v.m.networks.all[v.network].Name
	}
	return c
}

// Cost returns what a candidate costs the client, in km, as [View.Explain] has it term by
// term. It allocates nothing.
func (v *View) Cost(c *Candidate) float64 {
	return (float64(v.area.sites[c.Site].far)-1)*v.m.costs.Radius + float64(c.Add)
}
