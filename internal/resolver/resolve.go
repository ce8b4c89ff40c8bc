package resolver

import (
	"strings"

	"mirrortracker/internal/mirror"
)

// Resolve answers for a path of the site of that position in [Index.Sites].
// The answer may have been used before.
func (x *Index) Resolve(a *Answer, site int, p mirror.Path) {
	t := x.sites[site]
	*a = Answer{Index: x, SiteIndex: site, Site: &t.Site, Asked: p, Hidden: hidden(p), Prefix: mirror.Root, Dir: mirror.Root}
	if t.hierarchy == nil {
		return
	}
	asked := p.Names()
	w := t.hierarchy.walk(asked)
	dir := w.chain[len(w.chain)-1]
	a.Prefix = mirror.FromNames(asked[:w.used])
	a.Dir = mirror.FromNames(w.names)
	a.chain, a.walk = w.chain, w
	switch w.found {
	case aDirectory:
		a.Known, a.IsDir, a.Real = true, true, a.Dir
	case aFile:
		a.Known, a.Real = true, a.Dir.Join(w.leaf.Name)
		a.File, a.Size, a.Date = w.leaf.Name, w.leaf.Size, w.leaf.Date
	}
	if a.Known && !dir.Blind.Absent() {
		a.Set = x.set(t, &w, a)
	}
}

// hidden reports whether a path has a name that begins with a dot.
func hidden(p mirror.Path) bool { return strings.Contains(string(p), "/.") }
