package resolver

import (
	"cmp"
	"slices"
	"strings"
	"sync/atomic"

	"mirrortracker/internal/resolver/segment"
)

// A Set is the replicas of a directory. Successive answers share it, for other
// directories below too. It is immutable.
type Set struct {
	Members []Member // exact before blind, then by site and path; no more than one for a place
	Capped  bool     // whether the search ended at Options.MaxSteps, so that there may be more

	depth int              // of the directory that it was made for
	trees []segment.Number // the members' directories, as far as they match blindly only; nil if none does
	turn  atomic.Uint32    // of places, in which it was charged last
}

// A Member is one place where the asked directory, or the asked file, can be
// had: [Answer.AppendPath] tells its path, [Answer.Replica] all about it.
type Member struct {
	Site     int32 // position in Index.Sites
	Class    Class
	Original bool // whether this is the asked place itself

	// Depth says how much is equal: all at and below the directory that so
	// many of the first names of Answer.Dir lead to; 0 is all of the asked site.
	// The class may be another there. Of class File it is the directory whose
	// counterpart led to the file, and nothing is said of what else is there.
	Depth int16
	// Path is the counterpart on the member's site of that directory, "" for
	// the site's root. What Answer.Dir has below is there under equal names.
	Path string
	// Differ is, of class File, how many entries differ between the file's two
	// directories; at least as many, if it is MaxDiffer.
	Differ int32

	exact, blind, support int16 // the depths of the highest exact and blind match, and of the highest that counts, or none
	similarity            int16 // at Depth
}

// none stands for the depth of a match that there is not.
const none = -1

// What a set and a member take in memory, in bytes, without their paths.
const (
	setBytes    = 96
	memberBytes = 40
)

// bytes returns about how much memory the set takes, without the paths that it
// has from the set of a directory above.
func (s *Set) bytes() int64 {
	total := int64(setBytes + len(s.Members)*memberBytes + len(s.trees)*4)
	for i := range s.Members {
		if m := &s.Members[i]; int(m.Depth) == s.depth {
			total += int64(len(m.Path))
		}
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

func newSet(all []candidate, depth int, capped bool) *Set {
	slices.SortFunc(all, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.Class, b.Class), cmp.Compare(a.Site, b.Site), strings.Compare(a.Path, b.Path))
	})
	s := &Set{Members: make([]Member, len(all)), Capped: capped, depth: depth}
	for i := range all {
		s.Members[i] = all[i].Member
		if all[i].exact == none && s.trees == nil {
			s.trees = make([]segment.Number, len(all))
		}
	}
	for i := range s.trees {
		s.trees[i] = all[i].tree
	}
	return s
}

// append adds the members to candidates.
func (s *Set) append(all []candidate) []candidate {
	for i := range s.Members {
		c := candidate{Member: s.Members[i]}
		if s.trees != nil {
			c.tree = s.trees[i]
		}
		all = append(all, c)
	}
	return all
}
