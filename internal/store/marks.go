package store

import (
	"hash/maphash"
	"math/bits"

	"mirrortracker/internal/digest"
)

// Marks are a set of trees in ten bytes for each: of an identity only 64 bits of
// a hash are kept, whose key is another one in each set. Two trees with one hash
// would be taken for one, and what stands below the second not be looked for.
// Among ten million trees that happens in one set of three hundred thousand, and
// not to the same trees in two sets; nobody who does not know the key can make
// it happen. A Bloom filter would take a byte and a half, but is wrong about one
// tree in a hundred, and what stands below that would be lost.
type marks struct {
	seed  maphash.Seed
	slots []uint64 // open addressing with linear probing; 0 is free
	used  int
}

// newMarks returns an empty set with room for so many trees, and for more, at
// the price of a copy.
func newMarks(trees int64) *marks {
	return &marks{seed: maphash.MakeSeed(), slots: make([]uint64, trees+trees/4+1024)}
}

// add adds a tree and reports whether it was not there.
func (m *marks) add(id digest.ID) bool {
	hash := m.hash(id)
	slot, found := m.find(hash)
	if found {
		return false
	}
	if m.used++; m.used > len(m.slots)/8*7 {
		m.grow()
		slot, _ = m.find(hash)
	}
	m.slots[slot] = hash
	return true
}

// has reports whether a tree is there.
func (m *marks) has(id digest.ID) bool {
	_, found := m.find(m.hash(id))
	return found
}

func (m *marks) hash(id digest.ID) uint64 { return max(maphash.Bytes(m.seed, id[:]), 1) }

// find returns the slot of a hash, or the one to put it in.
func (m *marks) find(hash uint64) (slot int, found bool) {
	high, _ := bits.Mul64(hash, uint64(len(m.slots)))
	for slot = int(high); m.slots[slot] != 0; {
		if m.slots[slot] == hash {
			return slot, true
		}
		if slot++; slot == len(m.slots) {
			slot = 0
		}
	}
	return slot, false
}

func (m *marks) grow() {
	old := m.slots
	m.slots = make([]uint64, len(old)+len(old)/2)
	for _, hash := range old {
		if hash != 0 {
			slot, _ := m.find(hash)
			m.slots[slot] = hash
		}
	}
}
