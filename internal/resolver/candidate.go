package resolver

import (
	"hash/maphash"
	"strings"

	"mirrortracker/internal/resolver/segment"
)

// A candidate is a member while its set is made, with its directory there.
type candidate struct {
	Member
	tree segment.Number
}

// found notes the match at the end of the trail on a site.
func (f *finder) found(t *site) {
	m := &f.match
	f.path = f.path[:0]
	for i := len(m.trail) - 1; i >= 0; i-- {
		f.path = f.trees.Tree(m.trail[i].parent).ChildName(m.trail[i].position, append(f.path, '/'))
	}
	below := f.dir[f.ends[m.depth]:f.ends[f.depth]]
	hash := f.where(t, f.path, below)
	if f.known == nil {
		f.index()
	}
	if i, ok := f.known[hash]; ok {
		f.candidates[i].found(m.class, m.depth)
		return
	}
	alike := similarity(f.site.base, f.dir[:f.ends[m.depth]], t.base, string(f.path))
	support := f.support(alike)
	if support == none && !f.doubtful {
		return
	}
	if f.room -= len(f.path); f.room < 0 || len(f.candidates) >= f.opts.MaxSteps {
		f.over = true
		return
	}
	c := candidate{tree: m.tree, Member: Member{
		Site: int32(t.number), Class: m.class, Depth: int16(m.depth), Path: string(f.path),
		exact: none, blind: none, support: int16(support), similarity: int16(alike),
	}}
	c.Member.found(m.class, m.depth)
	if m.class == Blind && !f.doubtful {
		for depth := m.depth + 1; depth <= f.depth; depth++ {
			_, c.tree, _ = f.trees.Tree(c.tree).Child(f.name(depth))
		}
	}
	f.known[hash] = len(f.candidates)
	f.candidates = append(f.candidates, c)
}

// support returns the depth of the highest tree of the chain, from the match on
// downwards, as which the match counts, or none. All that is below a match is one
// too, with more names in common.
func (f *finder) support(alike int) int {
	for depth := f.match.depth; depth <= f.depth; depth++ {
		if f.opts.Doubt.counts(f.tree(depth).Totals(), alike+depth-f.match.depth) {
			return depth
		}
	}
	return none
}

// index makes it known where the candidates are.
func (f *finder) index() {
	f.known = make(map[uint64]int, 2*len(f.candidates))
	for i := range f.candidates {
		c := &f.candidates[i]
		f.other = append(f.other[:0], c.Path...)
		f.known[f.where(f.sites[c.Site], f.other, f.dir[f.ends[c.Depth]:f.ends[f.depth]])] = i
	}
}

// where stands for the place of a candidate: its site, and its path in two parts.
func (f *finder) where(t *site, path []byte, below string) uint64 {
	var h maphash.Hash
	h.SetSeed(f.places.seed)
	h.Write(path)
	h.WriteString(below)
	return h.Sum64() ^ uint64(t.number+1)*golden
}

// similarity returns how many of the last names of two paths are equal. The
// paths are in two parts each: the base of the site, and what is below it.
func similarity(baseA, a, baseB, b string) int {
	for n := 0; ; n++ {
		nameA, nameB := lastName(&baseA, &a), lastName(&baseB, &b)
		if nameA == "" || nameA != nameB {
			return n
		}
	}
}

// lastName cuts the last name with its slash off a path in two parts.
func lastName(base, path *string) string {
	if *path == "" {
		base, path = path, base
	}
	i := strings.LastIndexByte(*path, '/')
	if i < 0 {
		return ""
	}
	name := (*path)[i:]
	*path = (*path)[:i]
	return name
}
