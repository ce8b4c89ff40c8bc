package resolver

import (
	"mirrortracker/internal/digest"
	"mirrortracker/internal/resolver/segment"
)

// A match is what is being climbed from: the tree of the chain at this depth, by
// the digest of this class, and the way from an equal tree upwards.
type match struct {
	depth int
	class Class
	tree  segment.Number // the equal tree
	names int            // how many names on the way must be those of the asked path
	trail []hop
	spelt []byte // the names of the trail's first hops, as far as they were needed
}

// A hop is a tree that holds the one before.
type hop struct {
	parent   segment.Number
	position int
	from, to int // of the name in spelt, its slash before it; 0 to 0 where it is not there yet
}

// matches looks for candidates that count from this depth on.
func (f *finder) matches(totals digest.Totals) {
	if f.opts.Doubt.counts(totals, 0) {
		f.climbFrom(f.depth, 0)
		return
	}
	// The directory is so small that only names can tell, and may stand in very
	// many places; they are not worth as much work. A match above it has the names
	// in between in common.
	f.left /= smallShare
	for depth := max(0, f.depth-f.opts.Doubt.Names); depth <= f.depth; depth++ {
		if !f.tree(depth).Blind().Absent() && !f.opts.Doubt.counts(f.totals(depth), 0) {
			f.climbFrom(depth, f.opts.Doubt.Names-(f.depth-depth))
		}
	}
}

// climbFrom climbs from all trees that are equal to that of the chain at a
// depth. Of the names above them, so many must be those of the asked path.
func (f *finder) climbFrom(depth, names int) {
	tree := f.tree(depth)
	exact, blind := tree.Exact(), tree.Blind()
	f.match = match{depth: depth, names: names, trail: f.match.trail[:0], spelt: f.match.spelt[:0]}
	var room [16]segment.Number
	if !exact.Absent() {
		f.match.class = Exact
		for _, n := range f.trees.Equal(segment.Exact, exact, room[:0], f.left+1) {
			f.start(n)
		}
	}
	f.match.class = Blind
	for _, n := range f.trees.Equal(segment.Blind, blind, room[:0], f.left+1) {
		if other := f.trees.Tree(n).Exact(); other.Absent() || other != exact {
			f.start(n) // the others were found as exact
		}
	}
}

func (f *finder) start(n segment.Number) {
	if f.step() {
		f.match.tree = n
		f.climb(n)
	}
}

// step counts a step, and reports whether it may be taken.
func (f *finder) step() bool {
	if f.left <= 0 || f.total <= 0 {
		f.over = true
		return false
	}
	f.left--
	f.total--
	return true
}

// climb goes from a tree up to all roots above it.
func (f *finder) climb(n segment.Number) {
	if sites := f.roots[n]; len(sites) > 0 {
		f.found(sites)
	}
	for h := f.trees.Holders(n); h.Next(); {
		if !f.step() {
			return
		}
		parent, position := h.Parent(), h.Position()
		height := len(f.match.trail)
		if height == 0 && f.matchedAbove(parent, position) || height < f.match.names && !f.named(parent, position, height) {
			continue
		}
		f.match.trail = append(f.match.trail, hop{parent: parent, position: position})
		f.climb(parent)
		if top := &f.match.trail[height]; top.to > 0 {
			f.match.spelt = f.match.spelt[:top.from]
		}
		f.match.trail = f.match.trail[:height]
	}
}

// way returns the path to the match along the trail, in the finder's room. Trails
// that begin alike share the names.
func (f *finder) way() []byte {
	m := &f.match
	for i := range m.trail {
		if h := &m.trail[i]; h.to == 0 {
			h.from = len(m.spelt)
			m.spelt = f.trees.Tree(h.parent).ChildName(h.position, append(m.spelt, '/'))
			h.to = len(m.spelt)
		}
	}
	f.path = f.path[:0]
	for i := len(m.trail) - 1; i >= 0; i-- {
		f.path = append(f.path, m.spelt[m.trail[i].from:m.trail[i].to]...)
	}
	return f.path
}

// matchedAbove reports whether the tree that holds the match is itself a match,
// of the tree of the chain above, and holds it under the same name: it was
// climbed from before. Trees with equal digests have the same names.
func (f *finder) matchedAbove(parent segment.Number, position int) bool {
	depth := f.match.depth
	if depth == 0 || int(f.in[depth]) != position {
		return false
	}
	above, there := f.tree(depth-1), f.trees.Tree(parent)
	if f.match.class == Exact {
		return !above.Exact().Absent() && above.Exact() == there.Exact()
	}
	return !above.Blind().Absent() && above.Blind() == there.Blind()
}

// named reports whether the name of a place is the one that the asked path has
// as many names above the match.
func (f *finder) named(parent segment.Number, position, height int) bool {
	f.path = f.trees.Tree(parent).ChildName(position, f.path[:0])
	if depth := f.match.depth - height; depth > 0 {
		return string(f.path) == f.name(depth)
	} else if base := f.site.hierarchy.base; len(base)+depth > 0 {
		return string(f.path) == base[len(base)+depth-1]
	}
	return false
}
