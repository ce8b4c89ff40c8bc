package world

import (
	"slices"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
)

// A hierarchy is a generated directory tree, which has several states.
type hierarchy struct {
	seed  uint64
	dirs  []directory // each after the one that it is in; the first is the root
	kids  [][]int32   // the directories in each, where there are any
	paths map[string]int32
}

// A directory is one of them.
type directory struct {
	name   string
	parent int32
	kind   kind
}

// A kind says what is in a directory besides directories.
type kind uint8

const (
	bare    kind = iota // nothing
	pkg                 // three releases of the package that it is named after
	index               // the lists of packages of an architecture
	project             // what a project publishes

	// What occurs everywhere by accident.
	empty
	licence
	cvs
)

// changes reports whether a directory is ever changed.
func (k kind) changes() bool { return k == pkg || k == index || k == project }

func newHierarchy(seed uint64) *hierarchy {
	return &hierarchy{seed: seed, dirs: []directory{{parent: -1}}, kids: make([][]int32, 1), paths: map[string]int32{"": 0}}
}

// add adds a directory to another, and returns its number.
func (h *hierarchy) add(parent int32, name string, k kind) int32 {
	n := int32(len(h.dirs))
	h.dirs = append(h.dirs, directory{name, parent, k})
	h.kids = append(h.kids, nil)
	h.kids[parent] = append(h.kids[parent], n)
	return n
}

// at returns the directory of a path, made where it is not there.
func (h *hierarchy) at(path string, k kind) int32 {
	if n, ok := h.paths[path]; ok {
		return n
	}
	p := mirror.Path(path)
	parent := int32(0)
	if p.Parent() != mirror.Root {
		parent = h.at(string(p.Parent()), bare)
	}
	n := h.add(parent, path[len(p.Parent().Dir()):], k)
	h.paths[path] = n
	return n
}

// path returns where a directory is.
func (h *hierarchy) path(n int32) mirror.Path {
	var names []string
	for ; n > 0; n = h.dirs[n].parent {
		names = append(names, h.dirs[n].name)
	}
	slices.Reverse(names)
	return mirror.FromNames(names)
}

// below returns how many directories a directory is and holds.
func (h *hierarchy) below(n int32) int {
	count := 1
	for _, kid := range h.kids[n] {
		count += h.below(kid)
	}
	return count
}

// A state is a hierarchy at one time.
type state struct {
	*hierarchy
	number   int
	versions []uint8          // of each directory
	sums     []digest.Summary // of each directory, once it was grown
	dirty    []bool           // what has changed since
}

// first returns the first state.
func (h *hierarchy) first() *state {
	s := &state{hierarchy: h, versions: make([]uint8, len(h.dirs)), sums: make([]digest.Summary, len(h.dirs)), dirty: make([]bool, len(h.dirs))}
	for i := range s.dirty {
		s.dirty[i] = true
	}
	return s
}

// next goes on to the next state, which differs by 0.1 to 1 % of the directories.
func (s *state) next() {
	r := newRandom(s.seed, uint64(s.number), 'n')
	s.change(0.001 + 0.009*float64(r.below(1000))/1000)
}

// change goes on to a state that differs by a share of the directories.
func (s *state) change(share float64) {
	s.number++
	r := newRandom(s.seed, uint64(s.number), 'c')
	for left := max(1, int(share*float64(len(s.dirs)))); left > 0; {
		n := r.below(len(s.dirs))
		if s.dirs[n].kind.changes() {
			s.versions[n]++
			s.touch(int32(n))
			left--
		}
	}
}

// touch notes that a directory has changed, and those that it is in.
func (s *state) touch(n int32) {
	for ; n >= 0 && !s.dirty[n]; n = s.dirs[n].parent {
		s.dirty[n] = true
	}
}

// until goes on until a state has a number.
func (s *state) until(number int) {
	for s.number < number {
		s.next()
	}
}
