package segment

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"iter"
	"runtime"
	"slices"

	"mirrortracker/internal/digest"
)

// A Renumbering says which numbers trees have after a [Merge].
type Renumbering struct {
	base    uint32   // the first number that may have changed
	numbers []uint32 // the new ones
}

// New returns the new number of a tree, and false if it was dropped.
func (r *Renumbering) New(old Number) (Number, bool) {
	if uint32(old) < r.base {
		return old, true
	}
	n := uint32(nowhere)
	if i := uint32(old) - r.base; uint64(i) < uint64(len(r.numbers)) {
		n = r.numbers[i]
	}
	return Number(n), n != uint32(nowhere)
}

// Merge makes one segment of the segment at the position from and all upon it,
// without the trees that no root holds. From 0 it is a compaction of the whole
// Stack. It reads and writes as a stream, and lets others run meanwhile; what it
// keeps of each tree is some tens of bytes outside of the heap.
//
// Of the trees that the merged segments hold, all that is still wanted must be
// at or below a root; a root in a segment below may be there, but counts for
// nothing. The Stack remains what it is, and may be built upon meanwhile; but
// what is pushed upon the old Stack does not fit upon the new one. The error is
// that of ctx or of the file.
func Merge(ctx context.Context, s *Stack, from int, roots []Number, o Options) (*Stack, *Renumbering, error) {
	if from >= s.Segments() {
		return s, &Renumbering{base: uint32(s.Len())}, nil
	}
	m := &merging{
		stack: s, merged: s.segments[from:], below: &Stack{s.segments[:from:from]},
		pace: pacer{ctx: ctx},
	}
	defer m.free()
	defer runtime.KeepAlive(s)
	if err := m.mark(roots); err != nil {
		return nil, nil, err
	}
	if err := m.number(); err != nil {
		return nil, nil, err
	}
	r := &Renumbering{base: m.base(), numbers: m.renumbered}
	if m.trees == 0 {
		return m.below, r, nil
	}
	g, err := m.write(o)
	if err != nil {
		return nil, nil, err
	}
	merged, err := m.below.Push(g)
	return merged, r, err
}

// A merging is the segments that become one. Old trees are counted from base.
type merging struct {
	stack      *Stack
	merged     []*Segment
	below      *Stack
	pace       pacer
	live       array[uint64] // a bit for each old tree
	trees      int           // that live
	renumbered []uint32      // the new number of each old tree
	arrivals   array[uint32] // the place of each old tree in the new file
}

func (m *merging) base() uint32 { return m.merged[0].head.base }

// old returns how many trees the segments have.
func (m *merging) old() int { return m.stack.Len() - int(m.base()) }

func (m *merging) free() {
	m.live.free()
	m.arrivals.free()
}

func (m *merging) lives(old uint32) bool { return m.live.all[old/64]&(1<<(old%64)) != 0 }

// mark finds out what the roots reach.
func (m *merging) mark(roots []Number) (err error) {
	if m.live, err = made[uint64](m.old()/64 + 1); err != nil {
		return err
	}
	var pending array[uint32]
	defer pending.free()
	reach := func(n Number) error {
		if uint32(n) < m.base() || int(n) >= m.stack.Len() {
			return nil
		}
		old := uint32(n) - m.base()
		if m.lives(old) {
			return nil
		}
		m.live.all[old/64] |= 1 << (old % 64)
		m.trees++
		return pending.add(old)
	}
	for _, n := range roots {
		if err := reach(n); err != nil {
			return err
		}
	}
	for len(pending.all) > 0 {
		last := len(pending.all) - 1
		t := m.stack.Tree(Number(m.base() + pending.all[last]))
		pending.all = pending.all[:last]
		for i := range t.Children() {
			if err := reach(t.child(i)); err != nil {
				return err
			}
		}
		if err := m.pace.step(1); err != nil {
			return err
		}
	}
	return nil
}

// number gives the trees that live their new numbers.
func (m *merging) number() error {
	m.renumbered = make([]uint32, m.old())
	for i := range m.renumbered {
		m.renumbered[i] = uint32(nowhere)
	}
	next := m.base()
	ids := m.identities()
	for old := range ids.all() {
		m.renumbered[old] = next
		next++
		if err := m.pace.step(1); err != nil {
			return err
		}
	}
	return ids.err
}

// identities returns a reading of the trees that live in the order of their
// identities.
func (m *merging) identities() *identityMerge { return &identityMerge{merging: m} }

// An identityMerge reads the sorted identities of several segments as one. They
// are read past the mapping, so that this does not make them resident.
type identityMerge struct {
	*merging
	err error
}

// A run is the identities of one segment.
type run struct {
	r    *bufio.Reader
	old  uint32 // the tree that id is of
	left uint32
	id   digest.ID
}

// all yields trees with their identities.
func (m *identityMerge) all() iter.Seq2[uint32, *digest.ID] {
	return func(yield func(uint32, *digest.ID) bool) {
		runs := make([]run, 0, len(m.merged))
		for _, g := range m.merged {
			s := g.head.sections[identitySection]
			r := run{
				r:    bufio.NewReaderSize(io.NewSectionReader(g.file, int64(s.offset), int64(s.length)), bufferBytes),
				old:  g.head.base - m.base() - 1,
				left: g.head.trees,
			}
			if m.next(&r) {
				runs = append(runs, r)
			}
		}
		for len(runs) > 0 && m.err == nil {
			least := 0
			for i := range runs {
				if bytes.Compare(runs[i].id[:], runs[least].id[:]) < 0 {
					least = i
				}
			}
			if !yield(runs[least].old, &runs[least].id) {
				return
			}
			if !m.next(&runs[least]) {
				runs = slices.Delete(runs, least, least+1)
			}
		}
	}
}

// next goes to the next tree of a run that lives.
func (m *identityMerge) next(r *run) bool {
	for r.left > 0 && m.err == nil {
		r.left--
		r.old++
		if _, m.err = io.ReadFull(r.r, r.id[:]); m.err == nil && m.lives(r.old) {
			return true
		}
	}
	return false
}

// write makes the new segment. Records stay in the order in which they first
// arrived, which keeps together what belongs together.
func (m *merging) write(o Options) (g *Segment, err error) {
	w, err := newWriter(int(m.base()), m.below.fingerprint(), o.Dir)
	if err != nil {
		return nil, err
	}
	defer w.close()
	if m.arrivals, err = made[uint32](m.old()); err != nil {
		return nil, err
	}
	numbers, err := made[uint32](m.trees)
	if err != nil {
		return nil, err
	}
	defer numbers.free()
	arrival := uint32(0)
	for _, g := range m.merged {
		if err := m.copy(w, g, func(old uint32) {
			m.arrivals.all[old] = arrival
			numbers.all[arrival] = m.renumbered[old] - m.base()
			arrival++
		}); err != nil {
			return nil, err
		}
	}
	for i, n := range w.edges.all {
		if n >= m.base() {
			w.edges.all[i] = m.base() + m.arrivals.all[n-m.base()]
		}
	}
	ids := m.identities()
	g, err = w.finish(m.pace.ctx, numbers.all, func(yield func(*digest.ID) bool) {
		for _, id := range ids.all() {
			if !yield(id) {
				return
			}
		}
	})
	if ids.err != nil {
		return nil, ids.err
	}
	return g, err
}

// A found is a record in an old file.
type found struct {
	record uint64
	local  uint32
}

// copy writes the trees of a segment that live, and tells of each as it comes.
// Their edges lead to the old numbers.
func (m *merging) copy(w *writer, g *Segment, arrived func(old uint32)) error {
	order, err := made[found](g.Len())
	if err != nil {
		return err
	}
	defer order.free()
	for i := range order.all {
		order.all[i] = found{g.row(uint32(i)).record, uint32(i)}
	}
	slices.SortFunc(order.all, func(a, b found) int { return cmp.Compare(a.record, b.record) })
	records := io.NewSectionReader(g.file, alignment, int64(len(g.records)))
	first := g.head.base - m.base()
	var begin, end uint64 // what is to be copied
	flush := func(next uint64) error {
		if _, err := records.Seek(int64(begin), io.SeekStart); err != nil {
			return err
		}
		_, err := io.CopyN(w.buf, records, int64(end-begin))
		begin, end = next, next
		return err
	}
	for i, f := range order.all {
		if !m.lives(first + f.local) {
			continue
		}
		length := uint64(len(g.records)) - f.record
		if i+1 < len(order.all) {
			length = order.all[i+1].record - f.record
		}
		if f.record != end || end-begin > bufferBytes {
			if err := flush(f.record); err != nil {
				return err
			}
		}
		end += length
		t := Tree{segment: g, local: f.local, row: g.row(f.local)}
		if err := w.add(row{record: w.at, edge: uint32(len(w.edges.all)), shape: t.row.shape}, length); err != nil {
			return err
		}
		for position := range t.Children() {
			n := t.child(position)
			if int(n) >= m.stack.Len() {
				return fmt.Errorf("%w: tree %s holds none of number %d", ErrFormat, t.ID(), n)
			}
			if err := w.edges.add(uint32(n)); err != nil {
				return err
			}
		}
		arrived(first + f.local)
		if err := m.pace.step(1); err != nil {
			return err
		}
	}
	return flush(0)
}
