package resolver

import (
	"sync"
	"sync/atomic"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/resolver/segment"
)

// A finder finds the replicas of a directory from those of its parent. Finders
// are used again, for their room.
type finder struct {
	*Index
	site    *site
	dir     string           // the directory's path, "" for the root
	chain   []segment.Number // the trees on the way to it, the root first
	amounts []digest.Totals  // of these, as far as they were asked for; else of -1 files
	in      []int32          // their positions in the tree before
	ends    []int            // ends[k] is where the path of chain[k] ends in dir
	left    int              // steps that may still be taken at this depth
	total   int              // steps that may still be taken for this request
	room    int              // bytes that the paths of candidates may still take
	over    bool             // more steps or bytes were asked for

	depth      int // of the directory of the chain whose replicas are looked for
	candidates []candidate
	known      known             // where they are
	leads      leads             // theirs
	numbers    map[string]uint32 // of the leads
	doubtful   bool              // whether candidates of which no match counts are kept

	match match
	path  []byte // room for the path of a candidate

	made       Set               // room for the set of the candidates
	order      []uint64          // room for their order: class, site and position
	renumbered map[uint32]uint32 // room for the numbers of their leads in the set
}

var finders = sync.Pool{New: func() any {
	return &finder{numbers: map[string]uint32{}, renumbered: map[uint32]uint32{}}
}}

func (x *Index) finder(p *place) *finder {
	f := finders.Get().(*finder)
	f.Index, f.site, f.dir = x, x.sites[p.site], p.dir
	f.total, f.over, f.doubtful = x.opts.MaxSteps*depthsAtOnce, false, false
	f.begin(nil)
	f.descend()
	return f
}

// begin makes the leads those of a set, and forgets all candidates.
func (f *finder) begin(from leads) {
	f.candidates = f.candidates[:0]
	f.leads = append(f.leads[:0], from...)
	clear(f.numbers)
	for i, lead := range f.leads {
		f.numbers[lead] = uint32(i + 1)
	}
}

func (f *finder) free() {
	f.begin(nil)
	f.Index, f.site, f.dir = nil, nil, ""
	clear(f.leads[:cap(f.leads)])
	clear(f.made.leads[:cap(f.made.leads)])
	finders.Put(f)
}

// descend fills in the chain. The directory is a real one, so that there are no
// links on the way.
func (f *finder) descend() {
	n := f.site.hierarchy.root
	f.chain, f.in, f.ends = append(f.chain[:0], n), append(f.in[:0], 0), append(f.ends[:0], 0)
	f.amounts = append(f.amounts[:0], unasked)
	for at := 0; at < len(f.dir); {
		end := nameEnd(f.dir, at)
		position, child, _ := f.trees.Tree(n).Child(f.dir[at+1 : end])
		n, at = child, end
		f.chain, f.in, f.ends = append(f.chain, n), append(f.in, int32(position)), append(f.ends, end)
		f.amounts = append(f.amounts, unasked)
	}
}

var unasked = digest.Totals{Files: -1}

// totals returns those of the directory of the chain at a depth.
func (f *finder) totals(depth int) digest.Totals {
	if f.amounts[depth] == unasked {
		f.amounts[depth] = f.tree(depth).Totals()
	}
	return f.amounts[depth]
}

// name returns the name of the directory of the chain at a depth.
func (f *finder) name(depth int) string { return f.dir[f.ends[depth-1]+1 : f.ends[depth]] }

func (f *finder) tree(depth int) segment.Tree { return f.trees.Tree(f.chain[depth]) }

// set returns the replicas of a real directory, or nil if it has no digests.
func (x *Index) set(p *place) *Set {
	if set := p.set.Load(); set != nil {
		return set
	}
	if p.node.Blind().Absent() {
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
	var from *standing
	for f.depth = last; set == nil; {
		if f.depth == 0 || f.tree(f.depth-1).Blind().Absent() {
			f.original()
			break
		}
		f.depth--
		if above := f.places.get(f.site.number, f.dir[:f.ends[f.depth]]); above != nil {
			set, from = above.found()
		}
	}
	if set != nil {
		f.follow(set, from)
		f.depth++
	}
	f.known.reset(f.candidates)
	for ; f.depth <= last; f.depth++ {
		next := f.next(set)
		if next == nil {
			return &Set{Members: set.Members, Capped: true, leads: set.leads}
		}
		if next != set {
			set = f.places.intern(next)
			from = f.standing(set)
		}
		at := p
		if f.depth < last {
			at = f.directory(f.site, f.dir[:f.ends[f.depth]], f.chain[f.depth])
		}
		f.places.found(at, set, from)
	}
	return set
}

// original makes the asked directory the only candidate: the first directory of
// the chain with a digest has come.
func (f *finder) original() {
	f.begin(nil)
	c := candidate{tree: f.chain[f.depth], Member: Member{
		Site: int32(f.site.number), Class: Blind, Original: true, Depth: int16(f.depth),
		exact: none, blind: int16(f.depth), support: none,
	}}
	c.similarity = int16(len(f.site.hierarchy.base) + f.depth)
	f.candidates = append(f.candidates, c)
}

// A standing says where in their trees the members of a set are that match blindly
// only: they may match exactly further below. Directories that share the set of one
// above share its standing.
type standing struct {
	set   *Set
	depth int              // of the directory for which the set was made
	trees []segment.Number // of these members, in their order
	turn  atomic.Uint32    // of places, in which it was charged last
}

const standingBytes = 48

func (s *standing) bytes() int64 { return standingBytes + int64(4*len(s.trees)) }

// standing returns that of the set that was made of the candidates last, or nil if
// all of them match exactly.
func (f *finder) standing(set *Set) *standing {
	var s *standing
	for _, o := range f.order {
		c := &f.candidates[uint32(o)]
		if c.exact != none {
			continue
		}
		if s == nil {
			s = &standing{set: set, depth: f.depth}
		}
		s.trees = append(s.trees, c.tree)
	}
	return s
}

// follow makes the members of a set of the chain candidates, with their
// directories at the present depth.
func (f *finder) follow(set *Set, from *standing) {
	f.begin(set.leads)
	n := 0
	for i := range set.Members {
		c := candidate{Member: set.Members[i]}
		if c.exact == none {
			c.tree = from.trees[n]
			n++
		}
		f.candidates = append(f.candidates, c)
	}
	if from != nil {
		for depth := from.depth + 1; depth <= f.depth; depth++ {
			f.enter(depth)
		}
	}
}

// enter goes from the directories of candidates to those of the next depth, of
// those that match blindly only: only they have more to find out.
func (f *finder) enter(depth int) {
	for i := range f.candidates {
		if c := &f.candidates[i]; c.exact == none && f.total > 0 {
			f.total--
			_, c.tree, _ = f.trees.Tree(c.tree).Child(f.name(depth))
		}
	}
}

// next returns the replicas of the chain's directory at the present depth, from
// those of the one above it, if there are any. It is the same set if there is no
// more to it, nil if the steps do not suffice to say so, and else in the finder's
// room.
func (f *finder) next(set *Set) *Set {
	f.left, f.room, f.over = f.opts.MaxSteps, maxPathBytes, false
	if set != nil {
		f.enter(f.depth)
		if f.total <= 0 {
			return nil
		}
	}
	before := len(f.candidates)
	better := f.compare()
	if tree := f.tree(f.depth); tree.Replaceable() && f.totals(f.depth).Files > 0 {
		f.matches(f.totals(f.depth))
	}
	capped := f.over || set != nil && set.Capped
	if set != nil && !better && len(f.candidates) == before && capped == set.Capped {
		return set
	}
	return f.compose(capped)
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
