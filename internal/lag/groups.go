package lag

import (
	"cmp"
	"maps"
	"path"
	"slices"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
)

// grouped returns the groups of places, each sorted by site and path.
func grouped(tracks []map[mirror.Path]*track) [][]*track {
	holders := map[digest.Sum][]*track{} // in order of sites and paths
	for _, paths := range tracks {
		for _, p := range slices.Sorted(maps.Keys(paths)) {
			for blind := range paths[p].blinds() {
				holders[blind] = append(holders[blind], paths[p])
			}
		}
	}
	partners := map[*track]map[int]bool{}
	for _, paths := range tracks {
		for _, t := range paths {
			partners[t] = map[int]bool{}
			for blind := range t.blinds() {
				for _, other := range holders[blind] {
					if other.site != t.site {
						partners[t][other.site] = true
					}
				}
			}
		}
	}
	stands := func(t *track) bool {
		left := maps.Clone(partners[t])
		for at := t.path; at != mirror.Root && len(left) > 0; {
			at = mirror.Path(path.Dir(string(at)))
			if above := tracks[t.site][at]; above != nil {
				maps.DeleteFunc(left, func(site int, _ bool) bool { return partners[above][site] })
			}
		}
		return len(left) > 0
	}
	joined := &sets{}
	for _, all := range holders {
		var first *track
		for _, t := range all {
			if !stands(t) {
				continue
			}
			if first == nil {
				first = t
			}
			joined.join(first, t)
		}
	}
	return joined.all()
}

// blinds returns the digests that a place had.
func (t *track) blinds() map[digest.Sum]bool {
	all := map[digest.Sum]bool{}
	for _, s := range t.states {
		if !s.blind.Absent() {
			all[s.blind] = true
		}
	}
	return all
}

// sets are disjoint sets of places.
type sets struct{ above map[*track]*track }

func (s *sets) root(t *track) *track {
	for s.above[t] != nil && s.above[t] != t {
		t = s.above[t]
	}
	return t
}

func (s *sets) join(a, b *track) {
	if s.above == nil {
		s.above = map[*track]*track{}
	}
	a, b = s.root(a), s.root(b)
	s.above[a], s.above[b] = a, a
}

// all returns the sets that have places of two sites at least.
func (s *sets) all() (groups [][]*track) {
	byRoot := map[*track][]*track{}
	for t := range s.above {
		r := s.root(t)
		byRoot[r] = append(byRoot[r], t)
	}
	for _, group := range byRoot {
		slices.SortFunc(group, compareTracks)
		if group[0].site != group[len(group)-1].site {
			groups = append(groups, group)
		}
	}
	slices.SortFunc(groups, func(a, b []*track) int { return compareTracks(a[0], b[0]) })
	return groups
}

func compareTracks(a, b *track) int {
	return cmp.Or(cmp.Compare(a.site, b.site), cmp.Compare(a.path, b.path))
}
