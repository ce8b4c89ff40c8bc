package resolver

import (
	"cmp"
	"slices"
	"strings"
)

// A search finds the candidates for one directory.
type search struct {
	*Index
	asked *site
	walk  *walk
	dir   string // the asked directory's path, "" for the root
	ends  []int  // ends[k] is where the path of chain[k] ends in dir
	left  int    // steps that may still be taken
	room  int    // bytes that the paths of candidates may still take
	over  bool   // more steps or bytes were asked for

	candidates []candidate
	known      map[spot]int // positions in candidates

	// The match that is being climbed from: the tree of the chain at this
	// depth, by the digest of this class, and the names from it upwards.
	depth int
	class Class
	of    digestOf
	trail []string
}

// set returns the replicas of the asked directory.
func (x *Index) set(t *site, w *walk, a *Answer) *Set {
	s := x.search(t, w, a)
	set := &Set{Capped: s.over}
	for i := range s.candidates {
		if m := s.member(&s.candidates[i]); m.support != none || m.Original {
			set.Members = append(set.Members, m)
		}
	}
	slices.SortFunc(set.Members, func(a, b Member) int {
		return cmp.Or(cmp.Compare(a.Class, b.Class), cmp.Compare(a.Site, b.Site), strings.Compare(a.Path, b.Path))
	})
	return set
}

// search finds the candidates.
func (x *Index) search(t *site, w *walk, a *Answer) *search {
	s := &search{
		Index: x, asked: t, walk: w,
		dir: strings.TrimSuffix(string(a.Dir), "/"), ends: ends(w.names),
		left: x.opts.MaxSteps, room: maxPathBytes, known: map[spot]int{},
	}
	s.noteOriginal()
	for depth, n := range w.chain {
		if n.replaceable() {
			s.matches(depth, n)
		}
	}
	return s
}

// matches climbs from all trees that are equal to the one of the chain at a
// depth.
func (s *search) matches(depth int, n *node) {
	s.depth = depth
	if !n.Exact.Absent() {
		s.class, s.of = Exact, exactOf
		for _, m := range s.graph.equal(s.graph.exact, exactOf, &n.Exact) {
			if s.over {
				return
			}
			s.climb(m)
		}
	}
	s.class, s.of = Blind, blindOf
	for _, m := range s.graph.equal(s.graph.blind, blindOf, &n.Blind) {
		if s.over {
			return
		}
		if exact := s.graph.nodes[m].Exact; exact.Absent() || exact != n.Exact {
			s.climb(m) // the others were found as exact
		}
	}
}

// ends returns where the paths of the root and of the directories below it end
// in the path of the last one.
func ends(names []string) []int {
	e := make([]int, 1, len(names)+1)
	for _, name := range names {
		e = append(e, e[len(e)-1]+1+len(name))
	}
	return e
}

// step counts a step, and reports whether it may be taken.
func (s *search) step() bool {
	if s.left == 0 {
		s.over = true
		return false
	}
	s.left--
	return true
}

// climb goes from tree m up to all roots above it.
func (s *search) climb(m int32) {
	for _, t := range s.at[m] {
		if !s.step() {
			return
		}
		s.found(t)
	}
	for parent, name := range s.graph.holders(m) {
		if !s.step() {
			return
		}
		if len(s.trail) == 0 && s.matchedAbove(parent, name) {
			continue
		}
		s.trail = append(s.trail, name)
		s.climb(parent)
		s.trail = s.trail[:len(s.trail)-1]
	}
}

// matchedAbove reports whether the tree that holds the match under this name
// is itself a match, which was climbed from before.
func (s *search) matchedAbove(parent int32, name string) bool {
	if s.depth == 0 || s.walk.names[s.depth-1] != name {
		return false
	}
	want := s.of(s.walk.chain[s.depth-1])
	return !want.Absent() && *want == *s.of(s.graph.nodes[parent])
}

// found notes the match at the end of the trail on a site.
func (s *search) found(t *site) {
	below := s.dir[s.ends[s.depth]:]
	length := len(below)
	for _, name := range s.trail {
		length += 1 + len(name)
	}
	if s.room -= length; s.room < 0 {
		s.over = true
		return
	}
	var b strings.Builder
	b.Grow(length)
	for _, name := range slices.Backward(s.trail) {
		b.WriteByte('/')
		b.WriteString(name)
	}
	b.WriteString(below)
	s.note(spot{t, b.String()})
}
