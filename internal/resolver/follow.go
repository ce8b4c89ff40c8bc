package resolver

import (
	"math/bits"
	"strings"

	"mirrortracker/internal/resolver/segment"
)

// A walker follows a link as a file server does: name by name, starting again
// at the target of each further link.
type walker struct {
	*linker
	above int    // how many names of the base are still to be entered
	way   []stop // the real directories from the site's root
	file  int32  // where the file in the last one begins that was reached, or noFile
	hops  int
}

// follow goes from the current directory along a link's target. It returns
// false where that leads nowhere.
func (w *walker) follow(target string) bool {
	w.hops++
	if target == "" || w.hops > maxHops {
		return false
	}
	if target[0] == '/' {
		w.above = len(w.base)
		w.way = w.way[:1]
	}
	for name := range strings.SplitSeq(target, "/") {
		if !w.step(name) {
			return false
		}
	}
	return true
}

// step goes along one name of a target.
func (w *walker) step(name string) bool {
	switch {
	case !w.room(1):
		return false
	case w.file != noFile: // nothing is below a file, not even "" or "."
		return false
	case name == "" || name == ".":
		return true
	case name == "..":
		return w.up()
	case w.above > 0:
		if name != w.base[len(w.base)-w.above] {
			return false
		}
		w.above--
		return true
	}
	dir := w.trees.Tree(w.way[len(w.way)-1].tree)
	if !w.room(comparisons(dir)) {
		return false
	}
	if i, n, ok := dir.Child(name); ok {
		w.way = append(w.way, stop{n, int32(i), unnumbered})
		return true
	}
	if i, ok := dir.Link(name); ok {
		_, target := dir.LinkAt(i, nil)
		return len(target) <= maxTarget && w.follow(string(target))
	}
	if i, _, _, ok := dir.File(name); ok {
		w.file = int32(i)
		return true
	}
	return false
}

// comparisons returns about how many names a name is compared with, until it is
// clear that a directory does not hold it.
func comparisons(t segment.Tree) int {
	return bits.Len(uint(t.Children())) + bits.Len(uint(t.Links())) + bits.Len(uint(t.Files()))
}

// up leaves the current directory. Above the site's root are the names of its
// base; above the server's there is nothing, since where a server takes a link
// that climbs too high is its own affair.
func (w *walker) up() bool {
	switch {
	case w.above == len(w.base) && len(w.way) == 1:
		return false
	case len(w.way) > 1:
		w.way = w.way[:len(w.way)-1]
	default:
		w.above++
	}
	return true
}
