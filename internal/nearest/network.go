package nearest

import (
	"net/netip"

	"github.com/gaissmai/bart"

	"mirrortracker/internal/mirror"
)

// A Network is one of the operator's own: its clients are at home at some sites. Where
// they are need not stand in any database.
type Network struct {
	Name     string         // for people
	Prefixes []netip.Prefix // those of IPv6 at most 64 bits long
	Sites    []string       // names of the sites that go before all others
	Country  string         // "" if not known
	Place    *mirror.Place  // nil if not known
}

// MaxBits6 is how much of an IPv6 address tells clients apart (RFC 6177): what is behind
// it is one host's or one household's.
const MaxBits6 = 64

// networks finds the network of an address by the longest prefix.
type networks struct {
	table bart.Table[int]
	all   []Network
}

// find returns the position of the network that holds an address, and by which prefix;
// -1 if none does.
func (n *networks) find(addr netip.Addr) (int, netip.Prefix) {
	if !addr.IsValid() {
		return -1, netip.Prefix{}
	}
	prefix, i, ok := n.table.LookupPrefixLPM(netip.PrefixFrom(addr, addr.BitLen()))
	if !ok {
		return -1, netip.Prefix{}
	}
	return i, prefix
}

// add makes a network known by one of its prefixes, unless another has that one already.
func (n *networks) add(i int, p netip.Prefix) (taken bool) {
	p = Canonical(p)
	if _, taken = n.table.Get(p); !taken {
		n.table.Insert(p, i)
	}
	return taken
}

// Canonical returns a prefix without bits behind its length, that of IPv4-mapped
// addresses as one of IPv4.
func Canonical(p netip.Prefix) netip.Prefix {
	if p.Addr().Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p.Masked()
}
