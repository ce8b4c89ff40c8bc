package segment

import (
	"encoding/binary"
	"runtime"
	"sort"
)

// Holders goes over the trees that hold one tree, segment by segment, parents
// of one segment in the order of their numbers. It allocates nothing.
type Holders struct {
	stack   *Stack
	child   Number
	next    int // the next segment
	current *Segment
	places  []byte // of the current segment, those that follow
	stride  int    // from one to the next

	parent   Number
	position int
}

const (
	placeBytes = 8              // the parent and the position in it
	outerBytes = 4 + placeBytes // behind the number of the child
)

// Holders returns an iterator over who holds a tree.
func (s *Stack) Holders(n Number) Holders {
	h := Holders{stack: s, child: n}
	for h.next < s.Segments() && uint32(n) >= s.segments[h.next].end() {
		h.next++
	}
	return h
}

// Next goes to the next holder, the first one at first, and reports whether
// there is one.
func (h *Holders) Next() bool {
	for len(h.places) < placeBytes {
		if h.next >= h.stack.Segments() {
			return false
		}
		h.enter(h.stack.segments[h.next])
		h.next++
	}
	h.parent = Number(h.current.head.base + u32(h.places, 0))
	h.position = int(u32(h.places, 1))
	h.places = h.places[min(h.stride, len(h.places)):]
	runtime.KeepAlive(h.stack)
	return true
}

// Parent returns the number of the holder.
func (h *Holders) Parent() Number { return h.parent }

// Position returns the position of the tree among the holder's children.
func (h *Holders) Position() int { return h.position }

// enter goes to the places of a segment.
func (h *Holders) enter(g *Segment) {
	h.current = g
	if uint32(h.child) >= g.head.base {
		local := int(uint32(h.child) - g.head.base)
		h.stride = placeBytes
		h.places = part(g.held, placeBytes, u32(g.firstHeld, local), u32(g.firstHeld, local+1))
		return
	}
	// The number of the child stands before each place.
	child := func(i int) Number { return Number(binary.LittleEndian.Uint32(g.outerHeld[outerBytes*i:])) }
	n := len(g.outerHeld) / outerBytes
	from := sort.Search(n, func(i int) bool { return child(i) >= h.child })
	to := from + sort.Search(n-from, func(i int) bool { return child(from+i) > h.child })
	h.stride = outerBytes
	h.places = part(g.outerHeld, outerBytes, uint32(from), uint32(to))
	h.places = h.places[min(outerBytes-placeBytes, len(h.places)):]
}

// part returns the elements of a section from one to another.
func part(section []byte, size int, from, to uint32) []byte {
	first, last := size*int(from), size*int(to)
	if first > last || last > len(section) {
		return nil
	}
	return section[first:last:last]
}
