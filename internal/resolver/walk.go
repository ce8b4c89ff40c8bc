package resolver

import (
	"strings"

	"mirrortracker/internal/resolver/segment"
)

// A walk is how far a path leads. The zero walk is ready for use; it keeps its
// room from one path to the next.
type walk struct {
	found  found
	chain  []segment.Number // the trees on the way to the real directory that was reached, the root first
	used   int              // how long the part of the path is that leads to a directory
	start  int32            // the directory that the last link led to; 0 is the root
	rest   string           // the part of the path from there to the directory that was reached
	file   int32            // the position of the file that was found in it, or noFile
	linked bool             // whether the last name is a link to that file

	room []segment.Number
}

// What the whole path was found to be.
type found uint8

const (
	nothing found = iota
	aDirectory
	aFile
)

// walk goes along a path, "" or "/NAME/NAME", as far as it is known. A link
// costs one look-up in the table; what it leads to has no further links in it.
func (h *hierarchy) walk(w *walk, trees *segment.Stack, path string) {
	h.follow(w, trees, path)
	if w.start != 0 {
		// The last link's directory is the first of the chain; above it come those
		// that it lies in.
		w.room = append(h.chain(w.room[:0], w.start), w.chain[1:]...)
		w.room, w.chain = w.chain, w.room
	}
}

func (h *hierarchy) follow(w *walk, trees *segment.Stack, path string) {
	*w = walk{chain: append(w.chain[:0], h.root), room: w.room, file: noFile}
	dir, number, from := trees.Tree(h.root), int32(0), 0
	for at := 0; at < len(path); {
		end := nameEnd(path, at)
		name := path[at+1 : end]
		if i, n, ok := dir.Child(name); ok {
			number, dir = h.below(number, i), trees.Tree(n)
			w.chain = append(w.chain, n)
			w.used, w.rest, at = end, path[from:end], end
			continue
		}
		last := end == len(path)
		if i, _, _, ok := dir.File(name); ok {
			if last {
				w.found, w.file = aFile, int32(i)
			}
			return
		}
		i, ok := dir.Link(name)
		if !ok {
			return
		}
		real, ok := h.real(number, i)
		if !ok || real.file != noFile && !last {
			return
		}
		number = real.to
		w.start, w.rest, from = number, "", end
		w.chain = append(w.chain[:0], h.dirs[number].tree)
		if real.file != noFile {
			w.found, w.file, w.linked = aFile, real.file, true
			return
		}
		dir = trees.Tree(h.dirs[number].tree)
		w.used, at = end, end
	}
	w.found = aDirectory
}

// dir returns the path of the real directory that was reached, "" for the root.
func (h *hierarchy) dir(w *walk, trees *segment.Stack) string {
	if w.start == 0 {
		return w.rest
	}
	return string(append(h.appendPath(nil, trees, w.start), w.rest...))
}

// nameEnd returns where the name in a path ends whose slash is at a position.
func nameEnd(path string, slash int) int {
	if i := strings.IndexByte(path[slash+1:], '/'); i >= 0 {
		return slash + 1 + i
	}
	return len(path)
}
