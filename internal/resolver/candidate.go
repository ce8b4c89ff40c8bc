package resolver

import (
	"strings"

	"mirrortracker/internal/resolver/segment"
)

// A candidate is a member while its set is made, with its directory there, as
// long as it matches blindly only. Its lead is one of the finder's.
type candidate struct {
	Member
	tree segment.Number
}

// found notes the match at the end of the trail, which stands on some sites.
func (f *finder) found(sites []int) {
	m := &f.match
	lead, cut := f.part(f.way(), m.depth)
	for _, site := range sites {
		if !f.step() {
			return
		}
		f.foundOn(f.sites[site], lead, cut)
	}
}

// part divides the path of a candidate's directory, whose match is at a depth: what
// it has instead of the first names of the finder's directory, and how many
// these are.
func (f *finder) part(path []byte, depth int) (lead []byte, cut int) {
	if string(path) == f.dir[:f.ends[depth]] {
		return nil, 0
	}
	for cut = depth; cut > 0; cut-- {
		name := f.dir[f.ends[cut-1]:f.ends[cut]]
		if len(path) < len(name) || string(path[len(path)-len(name):]) != name {
			break
		}
		path = path[:len(path)-len(name)]
	}
	return path, cut
}

// foundOn notes the match on a site, at the finder's path.
func (f *finder) foundOn(t *site, lead []byte, cut int) {
	m := &f.match
	number, known := f.lead(lead)
	if known {
		if i, ok := f.known.find(f.candidates, t.number, number, cut); ok {
			f.candidates[i].found(m.class, m.depth)
			return
		}
	}
	alike := f.alike(t, cut)
	support := f.support(alike)
	if support == none && !f.doubtful {
		return
	}
	if f.room -= len(f.path); f.room < 0 || len(f.candidates) >= f.opts.MaxSteps {
		f.over = true
		return
	}
	if !known {
		f.leads = append(f.leads, string(lead))
		number = uint32(len(f.leads))
		f.numbers[f.leads[number-1]] = number
	}
	c := candidate{tree: m.tree, Member: Member{
		Site: int32(t.number), Class: m.class, Depth: int16(m.depth), lead: number, cut: int16(cut),
		exact: none, blind: none, support: int16(support), similarity: int16(alike),
	}}
	c.Member.found(m.class, m.depth)
	if m.class == Blind && !f.doubtful {
		for depth := m.depth + 1; depth <= f.depth; depth++ {
			_, c.tree, _ = f.trees.Tree(c.tree).Child(f.name(depth))
		}
	}
	f.candidates = append(f.candidates, c)
	f.known.add(f.candidates)
}

// lead returns the number of a lead, if it has one.
func (f *finder) lead(text []byte) (number uint32, ok bool) {
	if len(text) == 0 {
		return 0, true
	}
	number, ok = f.numbers[string(text)]
	return number, ok
}

// alike returns how many of the last names are equal of the match's directory and
// its counterpart on a site: those after the cut, and where one of the two has no
// more, those of the base.
func (f *finder) alike(t *site, cut int) int {
	m := &f.match
	after := m.depth - cut
	tail := f.ends[m.depth] - f.ends[cut]
	path := string(f.path[:len(f.path)-tail])
	if cut > 0 && path != "" {
		return after
	}
	return after + similarity(f.site.base, f.dir[:f.ends[cut]], t.base, path)
}

// support returns the depth of the highest tree of the chain, from the match on
// downwards, as which the match counts, or none. All that is below a match is one
// too, with more names in common.
func (f *finder) support(alike int) int {
	for depth := f.match.depth; depth <= f.depth; depth++ {
		if f.opts.Doubt.counts(f.totals(depth), alike+depth-f.match.depth) {
			return depth
		}
	}
	return none
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
