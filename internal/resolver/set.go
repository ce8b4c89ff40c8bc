package resolver

import (
	"cmp"
	"math/bits"
	"slices"
	"strings"
	"sync/atomic"
)

// A Set is the replicas of a directory. All directories of an index whose replicas
// are the same but for what the asked path says share one, however far apart they
// are: equal pointers mean equal members. It is immutable.
type Set struct {
	Members []Member // exact before blind, then by site; no more than one for a place
	Capped  bool     // whether the search ended at Options.MaxSteps, so that there may be more

	leads leads
	hash  uint64
	turn  atomic.Uint32 // of places, in which it was charged last
}

// A Member is one place where the asked directory, or the asked file, can be
// had: [Answer.AppendPath] tells its path, [Answer.Replica] all about it. It says
// where that differs from the asked one, so that it serves for many directories.
type Member struct {
	Site int32 // position in Index.Sites

	// The member's path is the lead of that number, and what Answer.Dir has below
	// the directory that so many of its first names lead to; they are as few as
	// can be.
	lead uint32
	cut  int16

	// Depth says how much is equal: all at and below the directory that so
	// many of the first names of Answer.Dir lead to; 0 is all of the asked site.
	// The class may be another there. Of class File it is the directory whose
	// counterpart led to the file, and nothing is said of what else is there.
	Depth int16
	// Differ is, of class File, how many entries differ between the file's two
	// directories; at least as many, if it is MaxDiffer.
	Differ   int16
	Class    Class
	Original bool // whether this is the asked place itself

	exact, blind, support int16 // the depths of the highest exact and blind match, and of the highest that counts, or none
	similarity            int16 // at Depth
}

// none stands for the depth of a match that there is not.
const none = -1

// What a set with its place among all, a member, and a lead take in memory, in
// bytes.
const (
	setBytes    = 128
	memberBytes = 24
	leadBytes   = 16
)

// Leads are the paths that members' paths begin with in place of the first names
// of the asked one. They are numbered from 1; 0 is "", which nearly all have.
type leads []string

func (l leads) text(n uint32) string {
	if n == 0 {
		return ""
	}
	return l[n-1]
}

// path returns the path of a member's directory where the asked one is dir, whose
// first names may be missing as far as the member has others.
func (l leads) path(m *Member, dir string) string {
	return l.text(m.lead) + dir[pathEnd(dir, int(m.cut)):]
}

// bytes returns about how much memory the set takes.
func (s *Set) bytes() int64 {
	total := int64(setBytes + len(s.Members)*memberBytes)
	for _, lead := range s.leads {
		total += int64(leadBytes + len(lead))
	}
	return total
}

// found notes a match of a member at a depth.
func (m *Member) found(c Class, depth int) {
	switch {
	case c == Exact && m.exact == none:
		m.exact, m.Class = int16(depth), Exact
	case c == Blind && m.exact == none && m.blind == none:
		m.blind = int16(depth)
	}
}

// lonely reports whether a set has nothing but the original.
func (s *Set) lonely() bool { return s == nil || len(s.Members) == 1 }

// equal reports whether two sets say the same.
func (s *Set) equal(o *Set) bool {
	return s.Capped == o.Capped && slices.Equal(s.Members, o.Members) && slices.Equal(s.leads, o.leads)
}

// clone returns a copy of a set that is to be kept.
func (s *Set) clone() *Set {
	return &Set{Members: slices.Clone(s.Members), Capped: s.Capped, leads: slices.Clone(s.leads), hash: s.hash}
}

// sum returns a hash of what the set says. The leads make no difference but by
// their number.
func (s *Set) sum(seed uint64) uint64 {
	h := seed ^ uint64(len(s.Members))
	for i := range s.Members {
		m := &s.Members[i]
		h = mix(h, uint64(uint32(m.Site))<<32|uint64(m.lead))
		h = mix(h, four(m.cut, m.Depth, m.exact, m.blind))
		class := int16(m.Class)
		if m.Original {
			class = -class
		}
		h = mix(h, four(m.support, m.similarity, m.Differ, class))
	}
	return h
}

func four(a, b, c, d int16) uint64 {
	return uint64(uint16(a))<<48 | uint64(uint16(b))<<32 | uint64(uint16(c))<<16 | uint64(uint16(d))
}

// golden is 2^64 divided by the golden ratio, which spreads small numbers.
const golden = 0x9e3779b97f4a7c15

// mix adds a number to a hash.
func mix(h, v uint64) uint64 {
	high, low := bits.Mul64(h^v^golden, golden)
	return high ^ low
}

// compose makes a set of the candidates, in the finder's room.
func (f *finder) compose(capped bool) *Set {
	f.order = f.order[:0]
	for i := range f.candidates {
		c := &f.candidates[i]
		f.order = append(f.order, uint64(c.Class)<<56|uint64(c.Site)<<32|uint64(i))
	}
	slices.Sort(f.order)
	f.settle()
	s := &f.made
	s.Members, s.leads, s.Capped = s.Members[:0], s.leads[:0], capped
	clear(f.renumbered)
	for _, o := range f.order {
		m := f.candidates[uint32(o)].Member
		m.lead = f.renumber(m.lead)
		s.Members = append(s.Members, m)
	}
	s.hash = s.sum(f.places.salt)
	return s
}

// settle puts candidates of one class on one site in the order of their paths, so
// that it does not matter in which they were found.
func (f *finder) settle() {
	for from := 0; from < len(f.order); {
		to := from + 1
		for to < len(f.order) && f.order[to]>>32 == f.order[from]>>32 {
			to++
		}
		if to-from > 1 {
			slices.SortFunc(f.order[from:to], func(a, b uint64) int {
				x, y := &f.candidates[uint32(a)], &f.candidates[uint32(b)]
				return cmp.Or(cmp.Compare(x.cut, y.cut), strings.Compare(f.leads.text(x.lead), f.leads.text(y.lead)))
			})
		}
		from = to
	}
}

// renumber returns the number in the set that is made of one of the finder's leads.
func (f *finder) renumber(lead uint32) uint32 {
	if lead == 0 {
		return 0
	}
	n, ok := f.renumbered[lead]
	if !ok {
		f.made.leads = append(f.made.leads, f.leads.text(lead))
		n = uint32(len(f.made.leads))
		f.renumbered[lead] = n
	}
	return n
}
