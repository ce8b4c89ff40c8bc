package health

import "net/netip"

// special are the networks that the registries of special-purpose addresses (RFC
// 6890) do not call globally reachable, and those that carry IPv4 inside IPv6, but
// for what netip knows by itself.
var special = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),
	netip.MustParsePrefix("100.64.0.0/10"), // RFC 6598
	netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"), // RFC 5737
	netip.MustParsePrefix("192.88.99.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"), // RFC 2544
	netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"),
	netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("64:ff9b:1::/48"), // RFC 8215
	netip.MustParsePrefix("100::/64"),
	netip.MustParsePrefix("2001::/23"),
	netip.MustParsePrefix("2001:db8::/32"),
	netip.MustParsePrefix("2002::/16"), // RFC 3056
	netip.MustParsePrefix("3fff::/20"), // RFC 9637
	netip.MustParsePrefix("5f00::/16"),
	netip.MustParsePrefix("fec0::/10"), // RFC 3879
}

// nat64 is how hosts without IPv4 reach those without IPv6 (RFC 6052): the address
// that counts is in the last four bytes.
var nat64 = netip.MustParsePrefix("64:ff9b::/96")

// isSpecial reports whether an address is private, loopback, link-local, multicast,
// unspecified, or otherwise none of a public server.
func isSpecial(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	if nat64.Contains(a) {
		b := a.As16()
		a = netip.AddrFrom4([4]byte(b[12:]))
	}
	if !a.IsGlobalUnicast() || a.IsPrivate() {
		return true
	}
	for _, p := range special {
		if p.Contains(a) {
			return true
		}
	}
	return false
}
