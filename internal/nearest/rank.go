package nearest

import "math"

// A Candidate is a site, by its position in the map, as one that a client could be sent to.
type Candidate struct {
	Site  int32
	Add   float32 // further cost in km, not negative: see [Costs]
	Tier  uint8   // lower ones always first; up to MaxTier
	Lacks Family  // families that it is known not to answer: clients of these get it after all others
}

// MaxTier is the last tier that a caller can name.
const MaxTier = 1<<6 - 1

// Rank fills best with the positions in all of the candidates that are drawn for the
// client, the first of them first, and returns how many there are: fewer than best has
// room for only if the others do not serve this client. Size is that of the file which
// is asked for, in bytes; 0 for a directory or where it is not known. It allocates nothing.
//
// The client's family goes first, then tiers, then the sites of its own network before
// all and those of last resort behind all, then the draw. Candidates of one site have
// one draw, so that of the least Add comes first, or else the one that stands first in all.
func (v *View) Rank(all []Candidate, size int64, best []int32) int {
	n := 0
	worst := order(math.MaxUint64) // of those in best, once it is full
	for i := range all {
		o, serves := v.order(&all[i], size)
		if !serves || o > worst {
			continue
		}
		at := v.find(all, size, best[:n], o, all[i].Site)
		if at == len(best) {
			continue
		}
		n = min(n+1, len(best))
		copy(best[at+1:n], best[at:])
		best[at] = int32(i)
		if n == len(best) {
			worst, _ = v.order(&all[best[n-1]], size)
		}
	}
	return n
}

// find returns where a candidate belongs among ranked ones. Sites of the same order,
// which chance hardly ever makes, go by their positions in the map.
func (v *View) find(all []Candidate, size int64, ranked []int32, o order, site int32) int {
	low, high := 0, len(ranked)
	for low < high {
		middle := (low + high) / 2
		c := &all[ranked[middle]]
		if other, _ := v.order(c, size); other < o || other == o && c.Site <= site {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low
}

// An order says which candidate comes first: that of the least. It has the tiers above
// the bits of a key, a float32 that is not negative, whose bits are ordered as it is.
type order uint64

// order returns that of a candidate, and whether it serves the client at all.
func (v *View) order(c *Candidate, size int64) (o order, serves bool) {
	s := &v.area.sites[c.Site]
	if s.closed != welcome || v.m.tooLarge(c.Site, size) {
		return 0, false
	}
	far := s.far + c.Add*v.m.perRadius
	far *= far
	key := v.draws[c.Site] * far * far
	return order(v.tier(c, s.class))<<32 | order(math.Float32bits(key)), true
}

// tier returns what goes before all costs and draws.
func (v *View) tier(c *Candidate, of class) uint16 {
	tier := uint16(c.Tier)<<2 | uint16(of)
	if c.Lacks&v.family != 0 {
		tier |= 1 << 10
	}
	return tier
}

// tooLarge reports whether a site does not want to be asked for a file of this size.
func (m *Map) tooLarge(site int32, size int64) bool {
	if !m.limited || size <= 0 {
		return false
	}
	most := m.sites[site].audience.MaxFile
	return most > 0 && size > most
}
