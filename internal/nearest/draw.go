package nearest

import (
	"encoding/binary"
	"math"
	"net/netip"

	"github.com/cespare/xxhash/v2"

	"mirrortracker/internal/mirror"
)

// The draw is a weighted rendezvous. For a client, an epoch and a site,
//
//	E = -ln(u),  u = (XXH64(client, epoch, site) / 2^11 + 1) / 2^53
//
// is distributed exponentially over clients, so that among sites the least
// E / odds is a site's with the probability that its odds have among them all. It
// depends on nothing but the three, wherever and in whatever company it is computed:
// redirectors with the same sites give the same answers, and a site that comes takes
// clients from others without exchanging any between those.

// epoch is for how long a client keeps its draw, in seconds. It begins at another
// moment for each client.
const epoch = 3600

// A clientKey is what tells clients apart: an address of IPv4 as it is mapped into IPv6
// (RFC 4291, section 2.5.5.2), or the first 64 bits of one of IPv6.
type clientKey [16]byte

func keyOf(addr netip.Addr) clientKey {
	key := clientKey(addr.As16())
	if addr.Is6() && !addr.Is4In6() {
		clear(key[MaxBits6/8:])
	}
	return key
}

// addr returns the address that stands for all that have the key.
func (k clientKey) addr() netip.Addr { return netip.AddrFrom16(k).Unmap() }

// epochAt returns the number of the client's epoch at a moment in Unix seconds, and that
// of its first second.
func (k clientKey) epochAt(now int64) (number, from int64) {
	shift := int64(xxhash.Sum64(k[:]) % epoch)
	number = (now + shift) / epoch
	return number, number*epoch - shift
}

// draw returns E.
func (k clientKey) draw(number int64, site mirror.SiteID) float64 {
	var text [40]byte
	copy(text[:16], k[:])
	binary.BigEndian.PutUint64(text[16:24], uint64(number))
	copy(text[24:], site[:])
	u := float64(xxhash.Sum64(text[:])>>11+1) / (1 << 53)
	return 0 - math.Log(u) // never -0, of which the bits are great
}
