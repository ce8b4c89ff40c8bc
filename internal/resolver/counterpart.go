package resolver

import (
	"cmp"
	"slices"
	"strings"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/resolver/segment"
)

// A Counterpart is a directory of a site that is equal to one from elsewhere.
type Counterpart struct {
	Site  int // position in Index.Sites
	Path  mirror.Path
	Class Class // Exact or Blind
}

// Counterparts returns where the sites have a directory that is on none of them itself, by
// what it amounts to and the path at which it stands: exact before blind ones, then by site
// and path. Whether one counts is said by Doubt, as for replicas. Capped says that the
// search ended at [Options.MaxSteps], so that there may be more.
func (x *Index) Counterparts(s digest.Summary, at mirror.Path) (all []Counterpart, capped bool) {
	if s.Blind.Absent() || s.Totals.Files == 0 {
		return nil, false
	}
	a := ascent{Index: x, at: string(at), totals: s.Totals, left: x.opts.MaxSteps, room: maxPathBytes}
	if at == mirror.Root {
		a.at = ""
	}
	if !s.Exact.Absent() {
		a.class = Exact
		for _, n := range x.trees.Equal(segment.Exact, s.Exact, nil, a.left+1) {
			a.from(n)
		}
	}
	a.class = Blind
	for _, n := range x.trees.Equal(segment.Blind, s.Blind, nil, a.left+1) {
		if exact := x.trees.Tree(n).Exact(); exact.Absent() || exact != s.Exact {
			a.from(n) // the others were found as exact
		}
	}
	slices.SortFunc(a.found, func(a, b Counterpart) int {
		return cmp.Or(cmp.Compare(a.Class, b.Class), cmp.Compare(a.Site, b.Site), cmp.Compare(a.Path, b.Path))
	})
	return a.found, a.capped
}

// An ascent goes from trees up to all roots above them.
type ascent struct {
	*Index
	at     string // of the directory from elsewhere, "" for the root
	totals digest.Totals
	class  Class
	left   int // steps that may still be taken
	room   int // bytes that paths may still take
	capped bool

	names []string // on the way up, the match's own first
	found []Counterpart
}

// from climbs from a tree. Names are read on the way, as each is in a path mostly.
func (a *ascent) from(n segment.Number) {
	if a.left == 0 {
		a.capped = true
		return
	}
	a.left--
	for _, site := range a.roots[n] {
		a.arrive(a.sites[site])
	}
	for h := a.trees.Holders(n); h.Next() && !a.capped; {
		name := string(a.trees.Tree(h.Parent()).ChildName(h.Position(), nil))
		a.names = append(a.names, name)
		a.from(h.Parent())
		a.names = a.names[:len(a.names)-1]
	}
}

// arrive notes the match at the end of the names on a site.
func (a *ascent) arrive(t *site) {
	var b strings.Builder
	for _, name := range slices.Backward(a.names) {
		b.WriteByte('/')
		b.WriteString(name)
	}
	path := b.String()
	if !a.opts.Doubt.counts(a.totals, similarity("", a.at, t.base, path)) {
		return
	}
	if a.room -= len(path); a.room < 0 {
		a.capped = true
		return
	}
	a.found = append(a.found, Counterpart{Site: t.number, Path: orRoot(path), Class: a.class})
}
