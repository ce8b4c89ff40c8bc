package resolver

import (
	"bytes"
	"sort"
	"strconv"
	"strings"
	"unsafe"

	"mirrortracker/internal/digest"
)

// A node is one distinct tree in memory. Once whole it is never changed, and
// indexes share it. Files stay in the text of the tree, which is compact and
// sorted, so that a file costs no object.
type node struct {
	digest.Summary
	reason   digest.Reason
	stage    stage
	linked   bool // whether there are links in it or below
	children []child
	links    []digest.Symlink
	files    string // "f SIZE DATE NAME\n", sorted by NAME
}

// A stage says how far a node has come.
type stage uint8

const (
	named  stage = iota // its parent is loaded
	loaded              // its own tree is
	open                // the trees below it are being finished
	whole               // all trees below it are loaded and finished
)

// A child is a subdirectory of a node; children are sorted by name.
type child struct {
	name string
	*node
}

// fill takes over a tree's content. Resolve gives the nodes of its children.
func (n *node) fill(t *digest.Tree, resolve func(digest.ID) *node) {
	n.Summary, n.reason, n.stage = t.Summary, t.Reason(), loaded
	n.files = string(t.Leaves)
	if dirs := bytes.Count(t.Branches, []byte("\n")); dirs > 0 {
		n.children = make([]child, 0, dirs)
	}
	for c := range t.Children() {
		n.children = append(n.children, child{c.Name, resolve(c.ID)})
	}
	for l := range t.Links() {
		n.links = append(n.links, l)
	}
}

// child returns the subdirectory of a name, or nil.
func (n *node) child(name string) *node {
	i := sort.Search(len(n.children), func(i int) bool { return n.children[i].name >= name })
	if i < len(n.children) && n.children[i].name == name {
		return n.children[i].node
	}
	return nil
}

// link returns the target of a symbolic link.
func (n *node) link(name string) (target string, ok bool) {
	i := sort.Search(len(n.links), func(i int) bool { return n.links[i].Name >= name })
	if i < len(n.links) && n.links[i].Name == name {
		return n.links[i].Target, true
	}
	return "", false
}

// file returns the file of a name. It searches the text by halves, each time
// for the line that the middle falls into.
func (n *node) file(name string) (leaf digest.Leaf, ok bool) {
	low, high := 0, len(n.files) // both at the beginning of a line, or the end
	for low < high {
		middle := low + (high-low)/2
		start := low + strings.LastIndexByte(n.files[low:middle], '\n') + 1
		end := len(n.files)
		if i := strings.IndexByte(n.files[start:], '\n'); i >= 0 {
			end = start + i
		}
		line := n.files[start:end]
		switch c := strings.Compare(nameIn(line), name); {
		case c == 0:
			return parseFile(line), true
		case c < 0:
			low = min(end+1, high)
		default:
			high = start
		}
	}
	return digest.Leaf{}, false
}

// nameIn returns the name in a line "f SIZE DATE NAME".
func nameIn(line string) string {
	for range 3 {
		_, line, _ = strings.Cut(line, " ")
	}
	return line
}

func parseFile(line string) digest.Leaf {
	_, rest, _ := strings.Cut(line, " ")
	sizeText, rest, _ := strings.Cut(rest, " ")
	dateText, name, _ := strings.Cut(rest, " ")
	leaf := digest.Leaf{Name: name, Size: digest.UnknownSize}
	if n, err := strconv.ParseInt(sizeText, 10, 64); err == nil {
		leaf.Size = n
	}
	leaf.Date, _ = digest.ParseDate(dateText) // else the unknown date
	return leaf
}

// replaceable reports whether equal directories elsewhere are looked for: it
// has digests and is not empty.
func (n *node) replaceable() bool {
	return !n.Blind.Absent() && n.Files+n.Dirs > 0
}

// bytes returns about how much memory the node takes.
func (n *node) bytes() int64 {
	size := unsafe.Sizeof(*n) + uintptr(len(n.files)) +
		uintptr(len(n.children))*unsafe.Sizeof(child{}) + uintptr(len(n.links))*unsafe.Sizeof(digest.Symlink{})
	for _, c := range n.children {
		size += uintptr(len(c.name))
	}
	for _, l := range n.links {
		size += uintptr(len(l.Name) + len(l.Target))
	}
	return int64(size)
}
