package resolver

import (
	"sync"

	"mirrortracker/internal/resolver/segment"
)

// A finder finds the replicas of a directory from those of its parent. Finders
// are used again, for their room.
type finder struct {
	*Index
	site  *site
	dir   string           // the directory's path, "" for the root
	chain []segment.Number // the trees on the way to it, the root first
	in    []int32          // their positions in the tree before
	ends  []int            // ends[k] is where the path of chain[k] ends in dir
	left  int              // steps that may still be taken at this depth
	total int              // steps that may still be taken for this request
	room  int              // bytes that the paths of candidates may still take
	over  bool             // more steps or bytes were asked for

	depth      int // of the directory of the chain whose replicas are looked for
	candidates []candidate
	known      map[uint64]int // positions in candidates, by where they are; nil until it is needed
	doubtful   bool           // whether candidates of which no match counts are kept

	match match
	path  []byte // room for the path of a candidate
	other []byte // room for that of another
}

var finders = sync.Pool{New: func() any { return new(finder) }}

func (x *Index) finder(p *place) *finder {
	f := finders.Get().(*finder)
	f.Index, f.site, f.dir = x, x.sites[p.site], p.dir
	f.total, f.over, f.doubtful = x.opts.MaxSteps*depthsAtOnce, false, false
	f.candidates = f.candidates[:0]
	f.known = nil
	f.descend()
	return f
}

func (f *finder) free() {
	f.Index, f.site, f.known = nil, nil, nil
	clear(f.candidates)
	finders.Put(f)
}

// descend fills in the chain. The directory is a real one, so that there are no
// links on the way.
func (f *finder) descend() {
	n := f.site.hierarchy.root
	f.chain, f.in, f.ends = append(f.chain[:0], n), append(f.in[:0], 0), append(f.ends[:0], 0)
	for at := 0; at < len(f.dir); {
		end := nameEnd(f.dir, at)
		position, child, _ := f.trees.Tree(n).Child(f.dir[at+1 : end])
		n, at = child, end
		f.chain, f.in, f.ends = append(f.chain, n), append(f.in, int32(position)), append(f.ends, end)
	}
}

// name returns the name of the directory of the chain at a depth.
func (f *finder) name(depth int) string { return f.dir[f.ends[depth-1]+1 : f.ends[depth]] }

func (f *finder) tree(depth int) segment.Tree { return f.trees.Tree(f.chain[depth]) }

// set returns the replicas of a real directory, or nil if it has no digests.
func (x *Index) set(p *place) *Set {
	if set := p.set.Load(); set != nil {
		return set
	}
	if x.trees.Tree(p.tree).Blind().Absent() {
		return nil
	}
	f := x.finder(p)
	defer f.free()
	return f.find(p)
}

// find goes down from the lowest directory on the way of which the replicas are
// known. Where the steps for one request do not suffice, nothing is remembered
// of what lies below, and the next one goes on from there.
func (f *finder) find(p *place) *Set {
	last := len(f.chain) - 1
	var set *Set
	for f.depth = last; set == nil; {
		if f.depth == 0 || f.tree(f.depth-1).Blind().Absent() {
			f.original()
			break
		}
		f.depth--
		if above := f.places.get(f.site.number, f.dir[:f.ends[f.depth]]); above != nil {
			set = above.set.Load()
		}
	}
	if set != nil {
		f.candidates = f.follow(set)
		f.depth++
	}
	for ; f.depth <= last; f.depth++ {
		next := f.next(set)
		if next == nil {
			return &Set{Members: set.Members, Capped: true}
		}
		set = next
		at := p
		if f.depth < last {
			at = f.directory(f.site, f.dir[:f.ends[f.depth]], f.chain[f.depth])
		}
		f.places.found(at, set)
	}
	return set
}

// original makes the asked directory the only candidate: the first directory of
// the chain with a digest has come.
func (f *finder) original() {
	c := candidate{tree: f.chain[f.depth], Member: Member{
		Site: int32(f.site.number), Class: Blind, Original: true,
		Depth: int16(f.depth), Path: f.dir[:f.ends[f.depth]],
		exact: none, blind: int16(f.depth), support: none,
	}}
	c.similarity = int16(len(f.site.hierarchy.base) + f.depth)
	f.candidates = append(f.candidates[:0], c)
}

// follow returns the members of a set of the chain as candidates with their
// directories at the present depth.
func (f *finder) follow(set *Set) []candidate {
	all := set.append(f.candidates[:0])
	for depth := set.depth + 1; depth <= f.depth; depth++ {
		f.enter(all, depth)
	}
	return all
}

// enter goes from the directories of candidates to those of the next depth, of
// those that match blindly only: only they have more to find out.
func (f *finder) enter(all []candidate, depth int) {
	for i := range all {
		if c := &all[i]; c.exact == none && f.total > 0 {
			f.total--
			_, c.tree, _ = f.trees.Tree(c.tree).Child(f.name(depth))
		}
	}
}

// next returns the replicas of the chain's directory at the present depth, from
// those of the one above it, if there are any. It is the same set if there is no
// more to it, and nil if the steps do not suffice to say so.
func (f *finder) next(set *Set) *Set {
	f.left, f.room, f.over = f.opts.MaxSteps, maxPathBytes, false
	f.known = nil
	if set != nil {
		f.enter(f.candidates, f.depth)
		if f.total <= 0 {
			return nil
		}
	}
	before := len(f.candidates)
	better := f.compare()
	tree := f.tree(f.depth)
	if totals := tree.Totals(); tree.Replaceable() && totals.Files > 0 {
		f.matches(totals)
	}
	capped := f.over || set != nil && set.Capped
	if set != nil && !better && len(f.candidates) == before && capped == set.Capped {
		return set
	}
	return newSet(f.candidates, f.depth, capped)
}

// compare looks which of the candidates that match blindly match exactly from
// this depth on. Empty directories match none but themselves.
func (f *finder) compare() (better bool) {
	tree := f.tree(f.depth)
	exact := tree.Exact()
	if exact.Absent() {
		return false
	}
	for i := range f.candidates {
		c := &f.candidates[i]
		if c.exact == none && (c.Original || tree.Replaceable()) && f.trees.Tree(c.tree).Exact() == exact {
			c.found(Exact, f.depth)
			better = true
		}
	}
	return better
}
