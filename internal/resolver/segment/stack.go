package segment

import (
	"fmt"
	"runtime"
	"slices"

	"mirrortracker/internal/digest"
)

// A Number is the place of a tree in a [Stack]. It means the same in every
// Stack that is made by pushing upon that one, and no longer after a [Merge].
type Number uint32

// A Stack is segments one upon another, whose trees are numbered through: each
// tree is in it once, and holds only trees of its own segment and of those
// below. A Stack is immutable and may be used by any number of goroutines; nil
// and the zero Stack hold nothing.
type Stack struct {
	segments []*Segment // the oldest first
}

// Len returns the number of trees.
func (s *Stack) Len() int {
	if s == nil || len(s.segments) == 0 {
		return 0
	}
	return int(s.segments[len(s.segments)-1].end())
}

// Segments returns how many segments there are.
func (s *Stack) Segments() int {
	if s == nil {
		return 0
	}
	return len(s.segments)
}

// Segment returns a segment; the oldest has the number 0.
func (s *Stack) Segment(i int) *Segment { return s.segments[i] }

// Bytes returns the size of all files.
func (s *Stack) Bytes() (n int64) {
	for i := range s.Segments() {
		n += s.segments[i].Bytes()
	}
	return n
}

// Push returns the Stack with a segment upon it. The segment must have been
// built upon just this Stack.
func (s *Stack) Push(g *Segment) (*Stack, error) {
	if g.head.base != uint32(s.Len()) || g.head.below != s.fingerprint() {
		return nil, fmt.Errorf("%w: it is for those of fingerprint %016x with %d trees, and not %016x with %d",
			ErrFoundation, g.head.below, g.head.base, s.fingerprint(), s.Len())
	}
	return &Stack{append(slices.Clip(s.all()), g)}, nil
}

// all returns the segments, which must not be changed.
func (s *Stack) all() []*Segment {
	if s == nil {
		return nil
	}
	return s.segments
}

// fingerprint tells Stacks apart: it depends on every byte of their files.
func (s *Stack) fingerprint() uint64 {
	if s.Segments() == 0 {
		return 0
	}
	return s.segments[len(s.segments)-1].head.checksum
}

// of returns the segment of a number, or nil.
func (s *Stack) of(n Number) *Segment {
	if s == nil {
		return nil
	}
	for _, g := range s.segments {
		if uint32(n) < g.end() {
			return g
		}
	}
	return nil
}

// Tree returns the tree of a number, or the empty one where there is none.
func (s *Stack) Tree(n Number) Tree {
	g := s.of(n)
	if g == nil {
		return Tree{}
	}
	local := uint32(n) - g.head.base
	r := g.row(local)
	t := Tree{segment: g, local: local, row: r}
	runtime.KeepAlive(g)
	return t
}

// Find returns the number of the tree of an identity.
func (s *Stack) Find(id digest.ID) (Number, bool) {
	for _, g := range s.all() {
		if local, ok := g.find(&id); ok {
			return Number(g.head.base + local), true
		}
	}
	return 0, false
}

// Equal appends to buf the numbers of the trees that have a digest, at most
// limit, always in the same order. Trees that are empty or have no blind digest
// are not among them: they are no replicas of anything.
func (s *Stack) Equal(c Class, sum digest.Sum, buf []Number, limit int) []Number {
	end := len(buf) + limit
	for _, g := range s.all() {
		if len(buf) == end {
			break
		}
		buf = g.equal(c, &sum, buf, end)
	}
	return buf
}

// ReleaseIdentities gives back the memory that looking for identities made
// resident; they are read again from the files when they are needed.
func (s *Stack) ReleaseIdentities() {
	for _, g := range s.all() {
		release(g.identities)
		runtime.KeepAlive(g)
	}
}
