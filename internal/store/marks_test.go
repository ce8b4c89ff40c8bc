package store

import (
	"crypto/sha256"
	"encoding/binary"
	"testing"

	"mirrortracker/internal/digest"
)

func TestMarks(t *testing.T) {
	const n = 100_000 // which makes it grow more than once
	m := newMarks(0)
	id := func(i int) digest.ID { return sha256.Sum256(binary.AppendUvarint(nil, uint64(i))) }
	for i := range n {
		if m.has(id(i)) || !m.add(id(i)) || m.add(id(i)) || !m.has(id(i)) {
			t.Fatalf("tree %d", i)
		}
	}
	for i := range n {
		if !m.has(id(i)) {
			t.Fatalf("tree %d is gone", i)
		}
	}
	if m.has(id(n)) || m.used != n {
		t.Errorf("there are %d, or one more", m.used)
	}
}

func TestMarksTakeTenBytesATree(t *testing.T) {
	const trees = 10_000_000
	m := newMarks(trees)
	if size := 8 * len(m.slots); size > 101<<20 {
		t.Errorf("%d bytes", size)
	}
	if len(m.slots)/8*7 < trees {
		t.Error("there is no room")
	}
}
