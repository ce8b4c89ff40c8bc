package resolver

import (
	"slices"

	"mirrortracker/internal/digest"
)

// A table has, for every link of a hierarchy that leads somewhere, the real
// directory or file. It holds no path and no name: the directories where links
// stand or lead to, and those above them, are numbered, and names are positions
// in trees. So its size depends on how many there are, and not on how long
// their paths are.
type table struct {
	dirs    []directory
	numbers map[member]int32 // of directories: dirs by their members
	links   map[member]real
}

// A directory is a tree in one of the places where it stands. The first one of
// a table is the root, of which the member means nothing.
type directory struct {
	member
	*node
}

// A member is the child or link of that position in the directory of that
// number.
type member struct{ dir, position int32 }

// A real is what a link leads to.
type real struct {
	dir  int32 // a directory
	file int32 // where the line of a file in it begins, or noFile
}

const (
	// unnumbered stands for the number of a directory that has none.
	unnumbered = -1
	// noFile stands for the file where a link leads to a directory.
	noFile = -1
)

// What a numbered directory and a link take in memory, in bytes, spare room in
// slices and maps included.
const (
	directoryBytes = 64
	linkBytes      = 40
)

func newTable(root *node) table {
	return table{
		dirs:    []directory{{node: root}},
		numbers: map[member]int32{},
		links:   map[member]real{},
	}
}

// bytes returns about how much memory the table takes.
func (t *table) bytes() int64 {
	return int64(len(t.dirs))*directoryBytes + int64(len(t.links))*linkBytes
}

// below returns the number of a child of a directory, which may be unnumbered
// like the directory itself.
func (t *table) below(dir int32, position int) int32 {
	if n, ok := t.numbers[member{dir, int32(position)}]; ok {
		return n
	}
	return unnumbered
}

// number numbers the last directory of a way from the root, and those on the
// way, as far as they have no numbers yet.
func (t *table) number(way []stop) int32 {
	known := len(way) - 1
	for way[known].number == unnumbered {
		known--
	}
	for i := known + 1; i < len(way); i++ {
		m := member{way[i-1].number, way[i].position}
		n, ok := t.numbers[m]
		if !ok {
			n = int32(len(t.dirs))
			t.dirs = append(t.dirs, directory{m, way[i].node})
			t.numbers[m] = n
		}
		way[i].number = n
	}
	return way[len(way)-1].number
}

// real returns what a link of a directory leads to.
func (t *table) real(dir int32, position int) (real, bool) {
	r, ok := t.links[member{dir, int32(position)}]
	return r, ok
}

// leaf returns the file that a link leads to.
func (t *table) leaf(r real) digest.Leaf { return t.dirs[r.dir].leafAt(int(r.file)) }

// path returns the names of the path of a directory, and the trees on it, the
// root first.
func (t *table) path(n int32) (names []string, chain []*node) {
	for ; n != 0; n = t.dirs[n].dir {
		d := t.dirs[n]
		names = append(names, t.dirs[d.dir].children[d.position].name)
		chain = append(chain, d.node)
	}
	chain = append(chain, t.dirs[0].node)
	slices.Reverse(names)
	slices.Reverse(chain)
	return names, chain
}
