package world

import "mirrortracker/internal/mirror"

// A Path is a file on a site.
type Path struct {
	Site  int // its number
	Path  mirror.Path
	Known bool // whether it is there
}

// Paths returns so many different paths: of twenty, fifteen are files of the archive on
// any of its mirrors, four are of other sites, and one is of a file that is not there.
func (p Params) Paths(count int) []Path {
	r := p.random("paths", 0)
	wanted := make([]int, p.Sites)
	for range count {
		site := 0
		if mirrors := p.Mirrors(); mirrors > 0 && !r.one(5) {
			site = r.below(mirrors)
		} else {
			site = mirrors + r.below(p.Sites-mirrors)
		}
		wanted[site]++
	}
	all := p.files(&r, wanted, func(*state, int32) bool { return true })
	for i := range all {
		if r.one(20) {
			all[i].Path, all[i].Known = all[i].Path+".asc", false
		}
	}
	return all
}

// Archive returns so many different paths of files that are in the archive in all of its
// states, on any of its mirrors.
func (p Params) Archive(count int) []Path {
	r := p.random("archive paths", 0)
	wanted := make([]int, p.Sites)
	for range count {
		wanted[r.below(p.Mirrors())]++
	}
	newest := newArchive(p, p.Size()).first()
	newest.until(archiveStates - 1)
	return p.files(&r, wanted, func(s *state, n int32) bool { return newest.versions[n] == 0 })
}

// files returns as many files of each site as are wanted, in no order, from directories
// that will do.
func (p Params) files(r *random, wanted []int, do func(*state, int32) bool) []Path {
	var all []Path
	seen := map[Path]bool{}
	g := newGrower(nil)
	archive := newArchive(p, p.Size())
	for site, left := range wanted {
		s := p.holdings(site, archive)
		for left > 0 {
			n := int32(r.below(len(s.dirs)))
			if !s.dirs[n].kind.changes() || !do(s, n) {
				continue
			}
			g.entries = g.entries[:0]
			g.files(s, n)
			file := Path{site, s.path(n).Join(g.entries[r.below(len(g.entries))].Name), true}
			if !seen[file] {
				seen[file] = true
				all = append(all, file)
				left--
			}
		}
		clear(seen)
	}
	for i := range all {
		j := i + r.below(len(all)-i)
		all[i], all[j] = all[j], all[i]
	}
	return all
}

// holdings returns the state of what a site holds, without what it has of the archive if
// that is only a part.
func (p Params) holdings(site int, archive *hierarchy) *state {
	switch p.role(site) {
	case mirrors:
		s := archive.first()
		s.until(archiveStates - 1 - p.lag(site, archiveStates))
		return s
	case groupies:
		s := newProjects(p.groupSeed(site), p.Size()).first()
		s.until(groupStates - 1 - p.lag(site, groupStates))
		return s
	case partial:
		return newProjects(p.ownSeed(site), p.ownSize(archive)).first()
	}
	return newProjects(p.ownSeed(site), p.Size()).first()
}

// ownSize is how many directories of its own a site has that has a part of the archive.
func (p Params) ownSize(archive *hierarchy) int {
	return max(1, p.Size()-archive.below(archive.paths[mainDir]))
}
