package segment

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"runtime"

	"mirrortracker/internal/digest"
)

// A Class is one of the two digests that trees are compared by.
type Class uint8

// The classes.
const (
	Exact Class = iota + 1
	Blind
)

// interpolations is how often a search among sorted digests guesses where the
// one that is sought stands, before it goes on by halves: digests that are made
// to cluster mislead every guess.
const interpolations = 6

// lowerBound returns the first of n sorted digests that is not less than one.
// At returns the first eight bytes of a digest, as a big-endian number, and
// less whether a digest is less than the one that is sought.
func lowerBound(n int, want uint64, at func(int) uint64, less func(int) bool) int {
	low, high := 0, n // all before low are less, none from high on is
	first, last := uint64(0), ^uint64(0)
	for range interpolations {
		if high-low <= 8 || want < first || want > last {
			break
		}
		hi, lo := bits.Mul64(want-first, uint64(high-low-1))
		middle := low
		if span := last - first; span > 0 && hi < span {
			guess, _ := bits.Div64(hi, lo, span)
			middle = min(low+int(guess), high-1)
		}
		if less(middle) {
			low, first = middle+1, at(middle)
		} else {
			high, last = middle, at(middle)
		}
	}
	for low < high {
		middle := low + (high-low)/2
		if less(middle) {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low
}

// find returns the place of the tree of an identity.
func (g *Segment) find(id *digest.ID) (local uint32, ok bool) {
	at := func(i int) []byte { return g.identities[len(id)*i:][:len(id)] }
	i := lowerBound(g.Len(), binary.BigEndian.Uint64(id[:]),
		func(i int) uint64 { return binary.BigEndian.Uint64(at(i)) },
		func(i int) bool { return bytes.Compare(at(i), id[:]) < 0 })
	ok = i < g.Len() && bytes.Equal(at(i), id[:])
	runtime.KeepAlive(g)
	return uint32(i), ok
}

// equal appends the numbers of trees with a digest, until buf has end of them.
func (g *Segment) equal(c Class, sum *digest.Sum, buf []Number, end int) []Number {
	order := g.orders[c-Exact]
	n := len(order) / 4
	at := func(i int) digest.Sum { return g.sum(c, u32(order, i)) }
	i := lowerBound(n, binary.BigEndian.Uint64(sum[:]),
		func(i int) uint64 { s := at(i); return binary.BigEndian.Uint64(s[:]) },
		func(i int) bool { s := at(i); return bytes.Compare(s[:], sum[:]) < 0 })
	for ; i < n && len(buf) < end && at(i) == *sum; i++ {
		buf = append(buf, Number(g.head.base+u32(order, i)))
	}
	runtime.KeepAlive(g)
	return buf
}

// sum returns a digest of a tree.
func (g *Segment) sum(c Class, local uint32) digest.Sum {
	exact, blind := g.sums(g.row(local))
	if c == Exact {
		return exact
	}
	return blind
}
