package resolver

import (
	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
)

// A walk is how far a path leads.
type walk struct {
	names []string // the real directory that was reached
	chain []*node  // the trees on the way to it, the root first: one more than names
	used  int      // how many of the asked names lead to a directory
	leaf  digest.Leaf
	found found
}

// What the whole path was found to be.
type found uint8

const (
	nothing found = iota
	aDirectory
	aFile
)

// walk goes along the asked names as far as they are known. A link costs one
// look-up in the table; what it leads to has no further links in it.
func (h *hierarchy) walk(asked []string) walk {
	w := walk{
		names: make([]string, 0, len(asked)),
		chain: append(make([]*node, 0, len(asked)+1), h.root),
	}
	for i, name := range asked {
		last := i == len(asked)-1
		dir := w.chain[len(w.chain)-1]
		sub := dir.child(name)
		if sub != nil {
			w.names, w.chain = append(w.names, name), append(w.chain, sub)
			w.used = i + 1
			continue
		}
		if leaf, ok := dir.file(name); ok {
			if last {
				w.leaf, w.found = leaf, aFile
			}
			return w
		}
		if _, ok := dir.link(name); !ok {
			return w
		}
		real, ok := h.links[mirror.FromNames(w.names).Join(name)]
		if !ok {
			return w
		}
		names, chain, leaf, isFile := h.real(real)
		if isFile {
			if last {
				w.names, w.chain, w.leaf, w.found = names, chain, leaf, aFile
			}
			return w
		}
		w.names, w.chain, w.used = names, chain, i+1
	}
	w.found = aDirectory
	return w
}

// real goes along a path that the table of links leads to, and that is known
// to be there.
func (h *hierarchy) real(p mirror.Path) (names []string, chain []*node, leaf digest.Leaf, isFile bool) {
	chain = append(chain, h.root)
	for _, name := range p.Names() {
		dir := chain[len(chain)-1]
		sub := dir.child(name)
		if sub == nil {
			leaf, isFile = dir.file(name)
			return names, chain, leaf, isFile
		}
		names, chain = append(names, name), append(chain, sub)
	}
	return names, chain, digest.Leaf{}, false
}
