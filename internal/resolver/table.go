package resolver

import (
	"slices"
	"sort"

	"mirrortracker/internal/resolver/segment"
)

// A table has, for every link of a hierarchy that leads somewhere, the real
// directory or file. It holds no path, no name and no pointer: the directories
// where links stand or lead to, and those above them, are numbered, and names
// are positions in trees. So its size depends on how many there are, and not on
// how long their paths are.
type table struct {
	dirs  []directory
	order []int32 // the directories but the root, sorted by their members
	links []link  // sorted by their members
}

// A directory is a tree in one of the places where it stands. The first one of
// a table is the root, of which the member means nothing.
type directory struct {
	member
	tree segment.Number
}

// A member is the child or link of that position in the directory of that
// number.
type member struct{ dir, position int32 }

// A link is a member with what it leads to.
type link struct {
	member
	real
}

// A real is a directory, or a file in one.
type real struct {
	to   int32 // a directory
	file int32 // the position of a file in it, or noFile
}

const (
	// unnumbered stands for the number of a directory that has none.
	unnumbered = -1
	// noFile stands for the file where a link leads to a directory.
	noFile = -1
)

// What a numbered directory and a link take in memory, in bytes.
const (
	directoryBytes = 12 + 4
	linkBytes      = 16
)

func newTable(root segment.Number) table { return table{dirs: []directory{{tree: root}}} }

// bytes returns how much memory the table takes.
func (t *table) bytes() int64 {
	return int64(len(t.dirs))*directoryBytes + int64(len(t.links))*linkBytes
}

// below returns the number of a child of a directory, which may be unnumbered
// like the directory itself.
func (t *table) below(dir int32, position int) int32 {
	if dir == unnumbered || len(t.order) == 0 {
		return unnumbered
	}
	want := member{dir, int32(position)}
	i, ok := sort.Find(len(t.order), func(i int) int { return want.compare(t.dirs[t.order[i]].member) })
	if !ok {
		return unnumbered
	}
	return t.order[i]
}

// real returns what a link of a directory leads to.
func (t *table) real(dir int32, position int) (real, bool) {
	want := member{dir, int32(position)}
	i, ok := sort.Find(len(t.links), func(i int) int { return want.compare(t.links[i].member) })
	if !ok {
		return real{}, false
	}
	return t.links[i].real, true
}

// chain appends the trees on the way to a directory, the root first.
func (t *table) chain(all []segment.Number, n int32) []segment.Number {
	begin := len(all)
	for ; n != 0; n = t.dirs[n].dir {
		all = append(all, t.dirs[n].tree)
	}
	all = append(all, t.dirs[0].tree)
	slices.Reverse(all[begin:])
	return all
}

// appendPath appends the path of a directory, nothing for the root.
func (t *table) appendPath(b []byte, trees *segment.Stack, n int32) []byte {
	if n == 0 {
		return b
	}
	var way []int32
	for ; n != 0; n = t.dirs[n].dir {
		way = append(way, n)
	}
	for _, n := range slices.Backward(way) {
		d := t.dirs[n]
		b = trees.Tree(t.dirs[d.dir].tree).ChildName(int(d.position), append(b, '/'))
	}
	return b
}
