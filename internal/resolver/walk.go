package resolver

import "mirrortracker/internal/digest"

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
	var (
		start  int32 // the directory that the last link led to
		number int32 // of the current directory, or unnumbered
		dir    = h.root
		names  = make([]string, 0, len(asked))                  // from start to dir
		chain  = append(make([]*node, 0, len(asked)+1), h.root) // start first
		w      walk
	)
along:
	for i, name := range asked {
		last := i == len(asked)-1
		if at, ok := dir.child(name); ok {
			number, dir = h.below(number, at), dir.children[at].node
			names, chain = append(names, name), append(chain, dir)
			w.used = i + 1
			continue
		}
		if at, ok := dir.file(name); ok {
			if last {
				w.leaf, w.found = dir.leafAt(at), aFile
			}
			break
		}
		at, ok := dir.link(name)
		if !ok {
			break
		}
		real, ok := h.real(number, at)
		switch {
		case !ok, real.file != noFile && !last:
			break along
		case real.file != noFile:
			w.leaf, w.found = h.leaf(real), aFile
		default:
			w.used = i + 1
		}
		start, number, dir = real.dir, real.dir, h.dirs[real.dir].node
		names, chain = names[:0], append(chain[:0], dir)
	}
	if w.used == len(asked) {
		w.found = aDirectory
	}
	if start == 0 {
		w.names, w.chain = names, chain
		return w
	}
	w.names, w.chain = h.path(start)
	w.names, w.chain = append(w.names, names...), append(w.chain, chain[1:]...)
	return w
}
