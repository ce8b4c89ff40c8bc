package resolver

import (
	"strings"

	"mirrortracker/internal/mirror"
)

const (
	// maxHops is how many links are followed to resolve one, its own included
	// (Linux, path_resolution(7)).
	maxHops = 40
	// maxLinks bounds the table of one hierarchy. It counts links by the
	// places where they stand, of which shared trees can have very many.
	maxLinks = 1 << 20
)

// A hierarchy is a root below a base path, with its links resolved. Sites that
// agree in both share it.
type hierarchy struct {
	root  *node
	base  []string                    // the names of the base path of the crawl URL
	links map[mirror.Path]mirror.Path // from the path of a link to the real one
	most  int                         // links that are resolved; the others lead nowhere
	// crowded says that there are others.
	crowded bool
}

func newHierarchy(root *node, base string, most int) *hierarchy {
	h := &hierarchy{root: root, base: baseNames(base), most: most, links: map[mirror.Path]mirror.Path{}}
	h.resolveBelow(root, nil)
	return h
}

func baseNames(base string) []string {
	return mirror.Path(strings.TrimSuffix(base, "/")).Names()
}

// resolveBelow resolves the links in and below the directory at names.
func (h *hierarchy) resolveBelow(n *node, names []string) {
	for _, l := range n.links {
		if len(h.links) >= h.most {
			h.crowded = true
			return
		}
		w := h.walker(names)
		if w.follow(l.Target) && w.above == 0 {
			h.links[mirror.FromNames(names).Join(l.Name)] = w.path()
		}
	}
	for _, c := range n.children {
		if c.linked && !h.crowded {
			h.resolveBelow(c.node, append(names[:len(names):len(names)], c.name))
		}
	}
}

// A walker follows a link as a file server does: name by name, starting again
// at the target of each further link.
type walker struct {
	h     *hierarchy
	above int      // how many names of the base are still to be entered
	names []string // the real path from the site's root
	nodes []*node  // the directories on it, the root first
	file  bool     // whether the last of names is a file
	hops  int
}

func (h *hierarchy) walker(names []string) *walker {
	w := &walker{h: h, nodes: []*node{h.root}}
	for _, name := range names {
		w.enter(name, w.here().child(name))
	}
	return w
}

func (w *walker) here() *node { return w.nodes[len(w.nodes)-1] }

func (w *walker) enter(name string, n *node) {
	w.names = append(w.names, name)
	w.nodes = append(w.nodes, n)
}

func (w *walker) path() mirror.Path { return mirror.FromNames(w.names) }

// follow goes from the current directory along a link's target. It returns
// false where that leads nowhere.
func (w *walker) follow(target string) bool {
	w.hops++
	if target == "" || w.hops > maxHops {
		return false
	}
	if target[0] == '/' {
		w.above = len(w.h.base)
		w.names, w.nodes = w.names[:0], w.nodes[:1]
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
	case w.file: // nothing is below a file, not even "" or "."
		return false
	case name == "" || name == ".":
		return true
	case name == "..":
		return w.up()
	case w.above > 0:
		base := w.h.base
		if name != base[len(base)-w.above] {
			return false
		}
		w.above--
		return true
	}
	dir := w.here()
	if sub := dir.child(name); sub != nil {
		w.enter(name, sub)
		return true
	}
	if target, ok := dir.link(name); ok {
		return w.follow(target)
	}
	if _, ok := dir.file(name); ok {
		w.names = append(w.names, name)
		w.file = true
		return true
	}
	return false
}

// up leaves the current directory. Above the site's root are the names of its
// base; above the server's there is nothing, since where a server takes a link
// that climbs too high is its own affair.
func (w *walker) up() bool {
	switch {
	case w.above == len(w.h.base) && len(w.names) == 0:
		return false
	case len(w.names) > 0:
		w.names, w.nodes = w.names[:len(w.names)-1], w.nodes[:len(w.nodes)-1]
	default:
		w.above++
	}
	return true
}
