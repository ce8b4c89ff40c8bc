package resolver

import (
	"strings"
	"sync"

	"mirrortracker/internal/mirror"
	"mirrortracker/internal/resolver/segment"
)

// Resolve answers for a path of the site of that position in [Index.Sites].
// The answer may have been used before. What is asked again for a path, a path
// beside it, or one that is not known, allocates nothing.
func (x *Index) Resolve(a *Answer, site int, p mirror.Path) {
	t := x.sites[site]
	*a = Answer{
		Index: x, SiteIndex: site, Site: &t.Site, Asked: p, Prefix: mirror.Root, Dir: mirror.Root,
		Near: a.Near[:0],
	}
	if t.hierarchy == nil {
		a.Hidden = hidden(p)
		return
	}
	path := string(p)
	if p == mirror.Root {
		path = ""
	}
	a.find(t, path)
	a.Dir = orRoot(a.at.dir)
	if !a.Known {
		a.Hidden = hidden(p) // names of trees are not
		return
	}
	a.Set = x.set(a.at)
	if a.File != "" && a.Set.lonely() {
		a.findNear()
	}
}

// find looks for a path, the usual ones first: files of a directory that is
// known, and such directories.
func (a *Answer) find(t *site, path string) {
	slash := max(0, strings.LastIndexByte(path, '/'))
	parent := a.Index.places.get(t.number, path[:slash])
	if parent != nil && path != "" && parent.file == noFile {
		dir, name := parent.node, path[slash+1:]
		if _, size, date, ok := dir.File(name); ok {
			a.Known, a.File, a.Size, a.Date = true, name, size, date
			a.Prefix, a.at = orRoot(path[:slash]), parent.real
			return
		}
		if !isEntry(dir, name) {
			a.Prefix, a.at = orRoot(path[:slash]), parent.real
			return
		}
	}
	at := a.Index.places.get(t.number, path)
	used := slash
	switch {
	case at == nil:
		at, used = a.Index.enter(t, path)
	case at.file == noFile:
		used = len(path)
	}
	a.Prefix, a.at = orRoot(path[:used]), at.real
	switch {
	case at.file != noFile:
		a.Known, a.File = true, at.name
		_, a.Size, a.Date, _ = at.node.File(at.name)
	case used == len(path):
		a.Known, a.IsDir = true, true
	case used == slash:
		name := path[slash+1:]
		_, a.Size, a.Date, a.Known = at.node.File(name)
		if a.Known {
			a.File = name
		}
	}
}

// isEntry reports whether a name is that of a subdirectory or a link.
func isEntry(dir segment.Tree, name string) bool {
	if _, _, ok := dir.Child(name); ok {
		return true
	}
	_, ok := dir.Link(name)
	return ok
}

// walks has room for walks.
var walks = sync.Pool{New: func() any { return new(walk) }}

// enter finds a path from the site's root, and returns the place of the longest
// part of it that leads to a directory, and how long that is; or, where all of it
// is a link to a file, the place of that. The place is remembered.
func (x *Index) enter(t *site, path string) (at *place, used int) {
	w := walks.Get().(*walk)
	defer walks.Put(w)
	t.hierarchy.walk(w, x.trees, path)
	known := path[:w.used]
	if w.linked {
		known = path
	}
	if at = x.places.get(t.number, known); at != nil {
		return at, w.used
	}
	at = &place{
		site: t.number, file: noFile, tree: w.chain[len(w.chain)-1],
		path: strings.Clone(known), dir: t.hierarchy.dir(w, x.trees),
	}
	at.node = x.trees.Tree(at.tree)
	if w.linked {
		name, _, _ := at.node.FileAt(int(w.file), nil)
		at.file, at.name = w.file, string(name)
	}
	if at.dir == at.path {
		at.dir = at.path // one text for both
	}
	at.real = at
	if at.dir != at.path || w.linked {
		at.real = x.directory(t, at.dir, at.tree)
	}
	return x.places.put(at), w.used
}

// directory returns the place of a real directory.
func (x *Index) directory(t *site, dir string, tree segment.Number) *place {
	if at := x.places.get(t.number, dir); at != nil {
		return at
	}
	at := &place{site: t.number, file: noFile, tree: tree, node: x.trees.Tree(tree), path: dir, dir: dir}
	at.real = at
	return x.places.put(at)
}

// hidden reports whether a path has a name that begins with a dot.
func hidden(p mirror.Path) bool { return strings.Contains(string(p), "/.") }
