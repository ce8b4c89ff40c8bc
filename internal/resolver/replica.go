package resolver

import (
	"cmp"
	"slices"

	"mirrortracker/internal/mirror"
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
func (a *Answer) Replica(m *Member) Replica {
	r := Replica{
		Site:       &a.Index.sites[m.Site].Site,
		Path:       mirror.Path(a.AppendPath(nil, m)),
		IsDir:      a.IsDir,
		Original:   m.Original,
		Class:      m.Class,
		Similarity: a.similarity(m, a.Depth()),
		Differ:     int(m.Differ),
	}
	top := m.blind
	if m.Class == Exact {
		top = m.exact
	}
	r.Evidence = a.evidence(m, m.Class, int(top))
	switch {
	case r.Original, m.support == none, a.Index.opts.Doubt.counts(r.Evidence.Totals, r.Evidence.Similarity):
	case m.Class == Exact && m.support >= m.exact:
		r.Support = a.evidence(m, Exact, int(m.support))
	default:
		r.Support = a.evidence(m, Blind, int(m.support))
	}
	return r
}

// similarity returns that of a member's directory at a depth: the names below
// its match are equal.
func (a *Answer) similarity(m *Member, depth int) int {
	return int(m.similarity) + depth - int(m.Depth)
}

func (a *Answer) evidence(m *Member, class Class, depth int) Evidence {
	from, to := a.end(int(m.Depth)), a.end(depth)
	return Evidence{
		Class:      class,
		Asked:      orRoot(string(a.Dir[:to])),
		Path:       orRoot(m.Path + string(a.Dir[from:to])),
		Similarity: a.similarity(m, depth),
		Totals:     a.chain[depth].Totals,
	}
}

// Doubtful returns the candidates that were left out because none of their
// matches counts, in the order of replicas. They are searched for anew, within
// bounds.
func (a *Answer) Doubtful() []Doubtful {
	var all []Doubtful
	if a.Set == nil {
		return nil
	}
	s := a.Index.search(a.Index.sites[a.SiteIndex], &a.walk, a)
	for i := range s.candidates {
		if m := s.member(&s.candidates[i]); m.support == none && !m.Original {
			all = append(all, a.doubtful(&m))
		}
	}
	slices.SortFunc(all, func(a, b Doubtful) int { return a.compare(&b.Replica) })
	return all
}

// doubtful says what came nearest to counting: the totals of the top match, and
// the similarity of the lowest one that still holds a file.
func (a *Answer) doubtful(m *Member) Doubtful {
	top := int(m.Depth)
	d := Doubtful{Replica: a.Replica(m), most: a.chain[top].Totals, doubt: a.Index.opts.Doubt}
	for depth := top; depth < len(a.chain) && a.chain[depth].Files > 0; depth++ {
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
