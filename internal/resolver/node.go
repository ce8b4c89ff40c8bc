package resolver

import (
	"bytes"
	"math/bits"
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
	linked   bool  // whether there are links in it or below
	height   int32 // how many directories stand below each other in it, at most
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
		if len(l.Target) > maxTarget {
			l.Target = "" // leads nowhere, like one that is not known
		}
		n.links = append(n.links, l)
	}
}

// search returns about how many names a name is compared with, until it is
// clear that the directory does not hold it.
func (n *node) search() int {
	const line = 64 // bytes of a usual file's
	return bits.Len(uint(len(n.children))) + bits.Len(uint(len(n.links))) + bits.Len(uint(len(n.files)/line))
}

// child returns the position of the subdirectory of a name.
func (n *node) child(name string) (position int, ok bool) {
	i := sort.Search(len(n.children), func(i int) bool { return n.children[i].name >= name })
	return i, i < len(n.children) && n.children[i].name == name
}

// link returns the position of the symbolic link of a name.
func (n *node) link(name string) (position int, ok bool) {
	i := sort.Search(len(n.links), func(i int) bool { return n.links[i].Name >= name })
	return i, i < len(n.links) && n.links[i].Name == name
}

// file returns where the line of the file of a name begins. It searches the
// text by halves, each time for the line that the middle falls into.
func (n *node) file(name string) (at int, ok bool) {
	low, high := 0, len(n.files) // both at the beginning of a line, or the end
	for low < high {
		middle := low + (high-low)/2
		start := low + strings.LastIndexByte(n.files[low:middle], '\n') + 1
		line := n.lineAt(start)
		switch c := strings.Compare(nameIn(line), name); {
		case c == 0:
			return start, true
		case c < 0:
			low = min(start+len(line)+1, high)
		default:
			high = start
		}
	}
	return 0, false
}

func (n *node) lineAt(at int) string {
	line, _, _ := strings.Cut(n.files[at:], "\n")
	return line
}

// leafAt returns the file whose line begins there.
func (n *node) leafAt(at int) digest.Leaf { return parseFile(n.lineAt(at)) }

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
