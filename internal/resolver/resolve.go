package resolver

import (
	"strings"

	"mirrortracker/internal/mirror"
)

// Resolve answers for a path of a site. It returns nil where the site is not
// tracked.
func (x *Index) Resolve(id mirror.SiteID, p mirror.Path) *Answer {
	t := x.byID[id]
	if t == nil {
		return nil
	}
	a := &Answer{Site: &t.Site, Snapshot: t.snapshot, Asked: p, Hidden: hidden(p), Prefix: mirror.Root, Dir: mirror.Root}
	if t.hierarchy == nil {
		return a
	}
	asked := p.Names()
	w := t.hierarchy.walk(asked)
	dir := w.chain[len(w.chain)-1]
	a.Prefix = mirror.FromNames(asked[:w.used])
	a.Dir = mirror.FromNames(w.names)
	a.Tree, a.Reason = dir.Summary, dir.reason
	switch w.found {
	case aDirectory:
		a.Known, a.IsDir, a.Real = true, true, a.Dir
	case aFile:
		a.Known, a.Real = true, a.Dir.Join(w.leaf.Name)
		a.File, a.Size, a.Date = w.leaf.Name, w.leaf.Size, w.leaf.Date
	}
	if a.Known && !dir.Blind.Absent() {
		x.search(t, &w, a)
	}
	return a
}

// hidden reports whether a path has a name that begins with a dot.
func hidden(p mirror.Path) bool { return strings.Contains(string(p), "/.") }
