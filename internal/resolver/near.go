package resolver

import (
	"cmp"
	"slices"
	"strings"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/resolver/segment"
)

// MaxDiffer is how far differences between nearly equal directories are counted.
const MaxDiffer = 1000

// Bounds of the search for what is nearly equal to one directory.
const (
	nearSamples = 4   // directories of one directory by whose replicas its counterparts are found, the largest
	nearLooks   = 256 // directories of one directory that the largest are among
	nearLevels  = 8   // directories above each other of which counterparts are looked for
	nearPlaces  = 256 // counterparts
)

// Nearby is the directories that are nearly equal to one.
type nearby struct {
	all   []near
	leads leads
}

// A near is one of them: a member of class File for those of its files that are
// the same.
type near struct {
	Member
	tree  segment.Number
	match Evidence // of the directory that tells where the counterpart is
}

const nearBytes = 200 // of a near, in memory, with its paths

func (n *nearby) bytes() int64 { return int64(len(n.all)) * nearBytes }

// findNear fills in Near.
func (a *Answer) findNear() {
	if !a.Date.Known() || a.Size == digest.UnknownSize || a.Reason() != digest.Complete {
		return
	}
	a.nearby = a.lookNear()
	for i := range a.nearby.all {
		n := &a.nearby.all[i]
		if a.Set.has(n) {
			continue
		}
		_, size, date, ok := a.Index.trees.Tree(n.tree).File(a.File)
		if ok && size == a.Size && date == a.Date {
			a.Near = append(a.Near, n.Member)
		}
	}
}

// FindNear fills in Near where there are replicas too, for answers that tell all.
func (a *Answer) FindNear() {
	if a.File != "" && len(a.Near) == 0 {
		a.findNear()
	}
}

// has reports whether a site has a member already.
func (s *Set) has(n *near) bool {
	return s != nil && slices.ContainsFunc(s.Members, func(m Member) bool { return m.Site == n.Site })
}

// lookNear returns what is nearly equal to the directory.
func (a *Answer) lookNear() *nearby {
	if found := a.at.near.Load(); found != nil {
		return found
	}
	f := a.Index.finder(a.at)
	defer f.free()
	found := f.nearby()
	a.Index.places.close(a.at, found)
	return found
}

// nearby finds the counterparts of the finder's directory: the places where an
// ancestor's counterpart must be, by replicas of another directory in it, and
// from there the same names down. The nearest ancestors come first.
func (f *finder) nearby() *nearby {
	last := len(f.chain) - 1
	n := new(nearby)
	for depth := last; depth >= max(0, last-nearLevels) && len(n.all) < nearPlaces; depth-- {
		without := none
		if depth < last {
			without = int(f.in[depth+1])
		}
		for _, position := range f.samples(depth, without) {
			f.counterparts(n, depth, position)
		}
	}
	f.differences(n.all)
	slices.SortStableFunc(n.all, func(a, b near) int {
		return cmp.Or(cmp.Compare(a.Differ, b.Differ), cmp.Compare(a.Site, b.Site),
			strings.Compare(n.leads.text(a.lead), n.leads.text(b.lead)), cmp.Compare(a.cut, b.cut))
	})
	return n
}

// samples returns the positions of the largest directories in that of the chain
// at a depth, one excepted. Of very many it looks at some.
func (f *finder) samples(depth, without int) []int {
	type sample struct {
		position int
		digest.Totals
	}
	dir := f.tree(depth)
	stride := (dir.Children() + nearLooks - 1) / nearLooks
	var all []sample
	for i := 0; i < dir.Children(); i += stride {
		if child := f.trees.Tree(dir.ChildAt(i)); i != without && child.Replaceable() {
			all = append(all, sample{i, child.Totals()})
		}
	}
	slices.SortStableFunc(all, func(a, b sample) int {
		return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), cmp.Compare(b.Files, a.Files))
	})
	var positions []int
	for _, s := range all[:min(nearSamples, len(all))] {
		positions = append(positions, s.position)
	}
	return positions
}

// counterparts adds the directories that stand where those beside the replicas
// of a directory of the chain's, at a position, must stand.
func (f *finder) counterparts(n *nearby, depth, position int) {
	dir := f.tree(depth)
	path := string(dir.ChildName(position, append([]byte(f.dir[:f.ends[depth]]), '/')))
	sample := f.directory(f.site, path, dir.ChildAt(position))
	set := f.Index.set(sample)
	if set == nil {
		return
	}
	for i := range set.Members {
		m := &set.Members[i]
		if m.Original || int(m.Depth) != depth+1 || int(m.cut) > depth || len(n.all) == nearPlaces {
			continue // a replica that does not have the sample's name says nothing about those beside it
		}
		parent := set.leads.path(m, f.dir[:f.ends[depth]])
		tree, ok := f.beside(f.sites[m.Site], parent, f.dir[f.ends[depth]:])
		if !ok {
			continue
		}
		lead := n.leads.number(set.leads.text(m.lead))
		if slices.ContainsFunc(n.all, func(o near) bool { return o.Site == m.Site && o.lead == lead && o.cut == m.cut }) {
			continue
		}
		alike := similarity(f.site.base, f.dir[:f.ends[depth]], f.sites[m.Site].base, parent)
		n.all = append(n.all, near{
			tree:  tree,
			match: evidence(m, path, set.leads.path(m, path), f.trees.Tree(sample.tree).Totals()),
			Member: Member{
				Site: m.Site, Class: File, Depth: int16(depth), lead: lead, cut: m.cut,
				exact: none, blind: none, support: none, similarity: int16(alike),
			},
		})
	}
}

// number returns the number of a lead, which is added if it is not there.
func (l *leads) number(text string) uint32 {
	if text == "" {
		return 0
	}
	i := slices.Index(*l, text)
	if i < 0 {
		i = len(*l)
		*l = append(*l, text)
	}
	return uint32(i + 1)
}

// beside returns the directory of a site that two parts of a path lead to.
func (f *finder) beside(t *site, parent, below string) (segment.Number, bool) {
	tree := t.hierarchy.root
	for _, way := range []string{parent, below} {
		for at := 0; at < len(way); {
			end := nameEnd(way, at)
			_, child, ok := f.trees.Tree(tree).Child(way[at+1 : end])
			if !ok {
				return 0, false
			}
			tree, at = child, end
		}
	}
	return tree, true
}

// evidence returns a member's match of the directory at a path.
func evidence(m *Member, asked, path string, totals digest.Totals) Evidence {
	return Evidence{Class: m.Class, Asked: orRoot(asked), Path: orRoot(path), Similarity: int(m.similarity), Totals: totals}
}
