package nearest

import (
	"cmp"
	"math"
	"slices"
)

// A Candidate is a site, by its position in the map, as one that a client could be sent to.
type Candidate struct {
	Site  int32
	Add   float32 // further cost in km, not negative: see [Costs]
	Tier  uint8   // lower ones always first; up to MaxTier
	Lacks Family  // families that it is known not to answer: clients of these get it after all others
}

// MaxTier is the last tier that a caller can name.
const MaxTier = 1<<6 - 1

// Rank fills best with the positions in the field of the candidates that are drawn for
// the client, the first of them first, and returns how many there are: fewer than best has
// room for only if the others do not serve this client. Size is that of the file which
// is asked for, in bytes; 0 for a directory or where it is not known. It allocates
// nothing if best has room for no more than MaxQuick.
//
// The client's family goes first, then tiers, then the sites of its own network before
// all and those of last resort behind all, then the draw. Candidates of one site have
// one draw, so that of the least Add comes first, or else the one that stands first.
//
// Sites are gone through as they stand before anything is known of a match: what a
// candidate has besides puts it behind that, never before, so that mostly a few sites more
// are looked at than come out, however many candidates there are.
func (v *View) Rank(f *Field, size int64, best []int32) int {
	switch {
	case len(best) == 0:
		return 0
	case len(best) > MaxQuick:
		return copy(best, v.sorted(f.all, size))
	}
	var orders [MaxQuick]order // of those in best
	n, worst := 0, order(math.MaxUint64)
	for i := range v.line {
		p := &v.line[i]
		if order(p.standing) > worst || p.standing.class() == outside {
			break
		}
		for next := f.firstOf(p.site); next != 0; next = f.next[next-1] {
			c := &f.all[next-1]
			o := v.order(c)
			if n == len(best) && !before(o, c.Site, worst, f.all[best[n-1]].Site) || !v.serves(c, size) {
				continue
			}
			n = min(n+1, len(best))
			at := n - 1
			for ; at > 0 && before(o, c.Site, orders[at-1], f.all[best[at-1]].Site); at-- {
				orders[at], best[at] = orders[at-1], best[at-1]
			}
			orders[at], best[at] = o, next-1
			if n == len(best) {
				worst = orders[n-1]
			}
		}
	}
	return n
}

// MaxQuick is how many candidates can be ranked without an allocation.
const MaxQuick = 32

// sorted returns the positions of all candidates that serve the client, in their order.
func (v *View) sorted(all []Candidate, size int64) []int32 {
	ranked := make([]int32, 0, len(all))
	orders := make([]order, len(all))
	for i := range all {
		if orders[i] = v.order(&all[i]); v.serves(&all[i], size) {
			ranked = append(ranked, int32(i))
		}
	}
	slices.SortStableFunc(ranked, func(i, j int32) int {
		return cmp.Or(cmp.Compare(orders[i], orders[j]), cmp.Compare(all[i].Site, all[j].Site))
	})
	return ranked
}

// before reports whether a candidate comes before another that stands before it in all.
// Sites of the same order, which chance hardly ever makes, go by their positions in the map.
func before(o order, site int32, other order, otherSite int32) bool {
	return o < other || o == other && site < otherSite
}

// An order says which candidate comes first: that of the least. From the highest bit
// down it has the family, the tier, and the standing.
type order uint64

// A standing is how a site stands to a client before anything is known of a match: its
// class in the two highest bits, below them the key, a float32 that is not negative, whose
// bits are ordered as it is, without the sign and the last one. That it has 32 bits is
// what makes ranking fast: those of 200 sites are 13 lines of the processor's cache.
type standing uint32

const keyBits = 30

// stands returns the standing of a site of a class and a key.
func stands(of class, key float32) standing {
	return standing(of)<<keyBits | standing(math.Float32bits(key)>>1)
}

func (s standing) class() class { return class(s >> keyBits) }

func (s standing) key() float32 {
	return math.Float32frombits(uint32(s) << 1 &^ (1 << 31))
}

// order returns that of a candidate.
func (v *View) order(c *Candidate) order {
	s := v.standings[c.Site]
	if c.Add != 0 {
		more := 1 + c.Add*v.m.perRadius/v.area.sites[c.Site].far
		more *= more
		s = stands(s.class(), s.key()*more*more)
	}
	return order(v.tier(c))<<32 | order(s)
}

// serves reports whether a candidate serves the client at all.
func (v *View) serves(c *Candidate, size int64) bool {
	return v.standings[c.Site].class() != outside && !(v.m.limited && v.m.tooLarge(c.Site, size))
}

// tier returns what goes before all classes, costs and draws.
func (v *View) tier(c *Candidate) uint8 {
	lacks := uint8(c.Lacks&v.family+1) >> 1 // 1 if it lacks the client's family
	return lacks<<6 | c.Tier
}

// tooLarge reports whether a site does not want to be asked for a file of this size.
func (m *Map) tooLarge(site int32, size int64) bool {
	most := m.sites[site].audience.MaxFile
	return most > 0 && size > most
}
