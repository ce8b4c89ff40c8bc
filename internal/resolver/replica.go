package resolver

import (
	"cmp"
	"slices"
	"strings"

	"mirrortracker/internal/mirror"
	"mirrortracker/internal/resolver/segment"
)

// Replicas returns all members of the answer for people, the best first: by
// class, then by falling weight, site name and path.
func (a *Answer) Replicas() []Replica {
	var all []Replica
	if a.Set != nil {
		for i := range a.Set.Members {
			all = append(all, a.Replica(&a.Set.Members[i]))
		}
	}
	for i := range a.Near {
		all = append(all, a.Replica(&a.Near[i]))
	}
	slices.SortFunc(all, func(a, b Replica) int { return a.compare(&b) })
	return all
}

// Replica returns all that is known about a member of Set or Near.
func (a *Answer) Replica(m *Member) Replica { return a.replica(m, a.leads(m)) }

func (a *Answer) replica(m *Member, l leads) Replica {
	r := Replica{
		Site:       &a.Index.sites[m.Site].Site,
		Path:       mirror.Path(a.appendPath(nil, m, l)),
		IsDir:      a.IsDir,
		Original:   m.Original,
		Class:      m.Class,
		Similarity: a.similarity(m, a.Depth()),
		Differ:     int(m.Differ),
	}
	switch m.Class {
	case Exact:
		r.Evidence = a.evidence(m, l, Exact, m.exact)
	case Blind:
		r.Evidence = a.evidence(m, l, Blind, m.blind)
	case File:
		r.Evidence = a.beside(m)
	}
	switch {
	case r.Original, m.support == none, a.Index.opts.Doubt.counts(r.Evidence.Totals, r.Evidence.Similarity):
	case m.Class == Exact && m.support >= m.exact:
		r.Support = a.evidence(m, l, Exact, m.support)
	default:
		r.Support = a.evidence(m, l, Blind, m.support)
	}
	return r
}

// similarity returns that of a member's directory at a depth: the names below
// its match are equal.
func (a *Answer) similarity(m *Member, depth int) int {
	return int(m.similarity) + depth - int(m.Depth)
}

func (a *Answer) evidence(m *Member, l leads, class Class, depth int16) Evidence {
	dir := strings.TrimSuffix(string(a.Dir), "/")
	asked := dir[:pathEnd(dir, int(depth))]
	return Evidence{
		Class:      class,
		Asked:      orRoot(asked),
		Path:       orRoot(l.path(m, asked)),
		Similarity: a.similarity(m, int(depth)),
		Totals:     a.above(int(depth)).Totals(),
	}
}

// beside returns the evidence of a member of class File: the match of another
// directory that tells where the asked one's counterpart is.
func (a *Answer) beside(m *Member) Evidence {
	for i := range a.nearby.all {
		if n := &a.nearby.all[i]; n.Site == m.Site && n.lead == m.lead && n.cut == m.cut {
			return n.match
		}
	}
	return Evidence{}
}

// above returns the tree of the directory above Dir, or of itself, at a depth.
func (a *Answer) above(depth int) segment.Tree {
	tree := a.Index.trees.Tree(a.Index.sites[a.SiteIndex].hierarchy.root)
	for at := 0; depth > 0; depth-- {
		end := nameEnd(string(a.Dir), at)
		_, child, _ := tree.Child(string(a.Dir[at+1 : end]))
		tree, at = a.Index.trees.Tree(child), end
	}
	return tree
}

// Doubtful returns the candidates that were left out because none of their
// matches counts, in the order of replicas. They are searched for anew, within
// bounds.
func (a *Answer) Doubtful() []Doubtful {
	if a.Set == nil {
		return nil
	}
	f := a.Index.finder(a.at)
	defer f.free()
	var all []Doubtful
	for i := range f.findDoubtful() {
		if m := &f.candidates[i].Member; m.support == none && !f.isOriginal(m) {
			all = append(all, a.doubtful(m, f.leads))
		}
	}
	slices.SortFunc(all, func(a, b Doubtful) int { return a.compare(&b.Replica) })
	return all
}

// findDoubtful finds all candidates, whether they count or not, the matches with
// the most evidence first.
func (f *finder) findDoubtful() []candidate {
	f.depth, f.doubtful = len(f.chain)-1, true
	f.left, f.room = f.opts.MaxSteps, maxPathBytes
	f.known.reset(nil)
	for depth := range f.chain {
		if f.tree(depth).Replaceable() {
			f.climbFrom(depth, 0)
		}
	}
	return f.candidates
}

func (f *finder) isOriginal(m *Member) bool {
	return int(m.Site) == f.site.number && m.lead == 0 && m.cut == 0
}

// doubtful says what came nearest to counting: the totals of the top match, and
// the similarity of the lowest one that still holds a file.
func (a *Answer) doubtful(m *Member, l leads) Doubtful {
	top := int(m.Depth)
	d := Doubtful{Replica: a.replica(m, l), most: a.above(top).Totals(), doubt: a.Index.opts.Doubt}
	for depth := top; depth <= a.Depth() && a.above(depth).Totals().Files > 0; depth++ {
		d.names = a.similarity(m, depth)
	}
	return d
}

func orRoot(path string) mirror.Path {
	if path == "" {
		return mirror.Root
	}
	return mirror.Path(path)
}

// compare orders the better class first, then by falling weight, site and path.
func (r *Replica) compare(o *Replica) int {
	return cmp.Or(
		cmp.Compare(r.Class, o.Class),
		cmp.Compare(o.Site.Weight, r.Site.Weight),
		cmp.Compare(r.Site.Name, o.Site.Name),
		cmp.Compare(r.Path, o.Path),
	)
}
