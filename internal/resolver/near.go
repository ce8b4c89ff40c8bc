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
type nearby struct{ all []near }

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
	for i := range a.nearby().all {
		n := &a.at.near.Load().all[i]
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

// nearby returns what is nearly equal to the directory.
func (a *Answer) nearby() *nearby {
	if found := a.at.near.Load(); found != nil {
		return found
	}
	f := a.Index.finder(a.at)
	defer f.free()
	found := &nearby{f.nearby()}
	a.Index.places.close(a.at, found)
	return found
}

// nearby finds the counterparts of the finder's directory: the places where an
// ancestor's counterpart must be, by replicas of another directory in it, and
// from there the same names down. The nearest ancestors come first.
func (f *finder) nearby() []near {
	last := len(f.chain) - 1
	var all []near
	for depth := last; depth >= max(0, last-nearLevels) && len(all) < nearPlaces; depth-- {
		without := none
		if depth < last {
			without = int(f.in[depth+1])
		}
		for _, position := range f.samples(depth, without) {
			all = f.counterparts(all, depth, position)
		}
	}
	f.differences(all)
	slices.SortStableFunc(all, func(a, b near) int {
		return cmp.Or(cmp.Compare(a.Differ, b.Differ), cmp.Compare(a.Site, b.Site), strings.Compare(a.Path, b.Path))
	})
	return all
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
func (f *finder) counterparts(all []near, depth, position int) []near {
	dir := f.tree(depth)
	path := string(dir.ChildName(position, append([]byte(f.dir[:f.ends[depth]]), '/')))
	sample := f.directory(f.site, path, dir.ChildAt(position))
	set := f.Index.set(sample)
	if set == nil {
		return all
	}
	for i := range set.Members {
		m := &set.Members[i]
		there, ok := f.beside(m, depth, path)
		if !ok || len(all) == nearPlaces || slices.ContainsFunc(all, func(n near) bool { return f.same(&n.Member, &there.Member) }) {
			continue
		}
		there.match = f.evidence(m, path, depth+1, f.trees.Tree(sample.tree).Totals())
		all = append(all, there)
	}
	return all
}

// same reports whether two members are the same directory.
func (f *finder) same(a, b *Member) bool {
	if a.Depth > b.Depth {
		a, b = b, a
	}
	rest, ok := strings.CutPrefix(b.Path, a.Path)
	return ok && a.Site == b.Site && rest == f.dir[f.ends[a.Depth]:f.ends[b.Depth]]
}

// beside returns the counterpart of the finder's directory on the site of a
// replica of the directory at a path, whose parent is that of the chain at a
// depth. The replica must have the name of its own.
func (f *finder) beside(m *Member, depth int, path string) (near, bool) {
	name := path[f.ends[depth]:]
	if m.Original || int(m.Depth) != depth+1 || !strings.HasSuffix(m.Path, name) {
		return near{}, false
	}
	parent := strings.TrimSuffix(m.Path, name)
	t := f.sites[m.Site]
	tree := t.hierarchy.root
	for _, way := range []string{parent, f.dir[f.ends[depth]:]} {
		for at := 0; at < len(way); {
			end := nameEnd(way, at)
			_, child, ok := f.trees.Tree(tree).Child(way[at+1 : end])
			if !ok {
				return near{}, false
			}
			tree, at = child, end
		}
	}
	alike := similarity(f.site.base, f.dir[:f.ends[depth]], t.base, parent)
	return near{tree: tree, Member: Member{
		Site: m.Site, Class: File, Depth: int16(depth), Path: parent,
		exact: none, blind: none, support: none, similarity: int16(alike),
	}}, true
}

// evidence returns a member's match of the directory at a path.
func (f *finder) evidence(m *Member, path string, depth int, totals digest.Totals) Evidence {
	return Evidence{
		Class: m.Class, Asked: orRoot(path), Path: orRoot(m.Path), Similarity: int(m.similarity) + depth - int(m.Depth), Totals: totals,
	}
}
