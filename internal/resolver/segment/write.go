package segment

import (
	"bufio"
	"cmp"
	"context"
	"encoding/binary"
	"io"
	"iter"
	"math/bits"
	"slices"

	"mirrortracker/internal/digest"
)

// A writer makes the file of a segment. Records are written as they come;
// trees have the numbers of their arrival until all are there.
type writer struct {
	base  uint32 // trees below
	below uint64 // their fingerprint
	file  *file  // nil once a segment has it
	buf   *bufio.Writer
	at    uint64     // bytes of records
	rows  array[row] // by arrival
	edges array[uint32]
}

const bufferBytes = 1 << 20

func newWriter(base int, below uint64, dir string) (*writer, error) {
	f, err := newFile(dir)
	if err != nil {
		return nil, err
	}
	w := &writer{base: uint32(base), below: below, file: f, buf: bufio.NewWriterSize(f, bufferBytes)}
	_, err = f.Seek(alignment, io.SeekStart)
	if err != nil {
		w.close()
		return nil, err
	}
	return w, nil
}

// close gives back everything; the file only if no segment has it.
func (w *writer) close() {
	w.rows.free()
	w.edges.free()
	if w.file != nil {
		w.file.discard()
		w.file = nil
	}
}

// record appends a tree, whose first edge is known and whose shape counts only
// what is known of itself.
func (w *writer) record(b []byte, edge uint32, s shape) error {
	if err := w.add(row{record: w.at, edge: edge, shape: s}, uint64(len(b))); err != nil {
		return err
	}
	_, err := w.buf.Write(b)
	return err
}

// add appends a tree whose record, of a length, is written besides.
func (w *writer) add(r row, length uint64) error {
	w.at += length
	return w.rows.add(r)
}

// truncate takes back everything after a mark.
func (w *writer) truncate(m mark) {
	w.rows.all = w.rows.all[:m.trees]
	w.edges.all = w.edges.all[:m.edges]
	if w.at == m.bytes {
		return
	}
	// An error of the file comes again when more is written.
	if w.buf.Flush() == nil {
		_, _ = w.file.Seek(int64(alignment+m.bytes), io.SeekStart)
	}
	w.at = m.bytes
}

// visit returns a tree before its first edge.
func (w *writer) visit(tree int) visit {
	next, end := w.span(tree)
	return visit{tree: tree, next: next, end: end, shape: w.rows.all[tree].shape}
}

// span returns where the edges of a tree begin and end.
func (w *writer) span(tree int) (begin, end uint32) {
	rows := w.rows.all
	if tree+1 < len(rows) {
		return rows[tree].edge, rows[tree+1].edge
	}
	return rows[tree].edge, uint32(len(w.edges.all))
}

// finish writes everything but the records and makes the segment. Numbers has
// for each tree, by arrival, its number in the segment, and identities has them
// in the order of those. Edges to trees of the segment are base plus arrival.
func (w *writer) finish(ctx context.Context, numbers []uint32, identities iter.Seq[*digest.ID]) (*Segment, error) {
	f := &finishing{
		writer: w, numbers: numbers, pace: pacer{ctx: ctx},
		header: header{trees: uint32(len(numbers)), base: w.base, below: w.below, size: alignment + w.at},
	}
	f.header.sections[recordSection] = extent{offset: alignment, length: w.at}
	defer f.free()
	if err := f.write(identities); err != nil {
		return nil, err
	}
	g, err := newSegment(w.file, f.header)
	if err == nil {
		w.file = nil
	}
	return g, err
}

// A finishing is a writer that writes what follows the records.
type finishing struct {
	*writer
	numbers []uint32
	trees   array[uint32] // by number, their arrival
	header  header
	pace    pacer
}

func (f *finishing) free() { f.trees.free() }

func (f *finishing) write(identities iter.Seq[*digest.ID]) (err error) {
	if f.trees, err = made[uint32](len(f.numbers)); err != nil {
		return err
	}
	for tree, number := range f.numbers {
		f.trees.all[number] = uint32(tree)
	}
	for i, n := range f.edges.all {
		if n >= f.base {
			f.edges.all[i] = f.base + f.numbers[n-f.base]
		}
	}
	for _, step := range []func() error{
		func() error { return f.section(rowSection, f.writeRows) },
		func() error { return f.section(edgeSection, func() error { return f.put(f.edges.all...) }) },
		f.writeHeld,
		func() error { return f.section(exactSection, func() error { return f.writeOrder(Exact) }) },
		func() error { return f.section(blindSection, func() error { return f.writeOrder(Blind) }) },
		func() error { return f.section(identitySection, func() error { return f.writeIdentities(identities) }) },
		f.align, f.buf.Flush, f.writeHeader,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// section writes a section at the end of the file.
func (f *finishing) section(s int, write func() error) error {
	if err := f.align(); err != nil {
		return err
	}
	begin := f.header.size
	err := write()
	f.header.sections[s] = extent{offset: begin, length: f.header.size - begin}
	return err
}

// align fills the file up to where a section may begin.
func (f *finishing) align() error {
	padding := make([]byte, aligned(f.header.size)-f.header.size)
	return f.bytes(padding)
}

func (f *finishing) bytes(b []byte) error {
	f.header.size += uint64(len(b))
	_, err := f.buf.Write(b)
	return err
}

// put writes numbers.
func (f *finishing) put(numbers ...uint32) error {
	for _, n := range numbers {
		f.header.size += 4
		if _, err := f.buf.Write(binary.LittleEndian.AppendUint32(f.buf.AvailableBuffer(), n)); err != nil {
			return err
		}
	}
	return nil
}

func (f *finishing) writeRows() error {
	for _, tree := range f.trees.all {
		if err := f.bytes(f.rows.all[tree].appendTo(f.buf.AvailableBuffer())); err != nil {
			return err
		}
		if err := f.pace.step(1); err != nil {
			return err
		}
	}
	return nil
}

func (f *finishing) writeIdentities(identities iter.Seq[*digest.ID]) error {
	for id := range identities {
		if err := f.bytes(id[:]); err != nil {
			return err
		}
		if err := f.pace.step(1); err != nil {
			return err
		}
	}
	return nil
}

// A place is where a tree is held.
type place struct{ parent, position uint32 }

// An outerPlace is where a tree of a segment below is held.
type outerPlace struct {
	child uint32
	place
}

// writeHeld turns the edges: it counts how often each tree is held, and then
// fills each tree's run of places from its end.
func (f *finishing) writeHeld() error {
	first, err := made[uint32](len(f.numbers) + 1)
	if err != nil {
		return err
	}
	defer first.free()
	sum := uint32(0)
	for _, n := range f.edges.all {
		if n >= f.base {
			first.all[n-f.base]++
			sum++
		}
	}
	held, err := made[place](int(sum))
	if err != nil {
		return err
	}
	defer held.free()
	sum = 0
	for i, n := range first.all {
		sum += n
		first.all[i] = sum
	}
	var outer array[outerPlace]
	defer outer.free()
	for parent, tree := range slices.Backward(f.trees.all) {
		begin, end := f.span(int(tree))
		for edge := end; edge > begin; edge-- {
			p := place{uint32(parent), edge - 1 - begin}
			n := f.edges.all[edge-1]
			if n < f.base {
				if err := outer.add(outerPlace{n, p}); err != nil {
					return err
				}
				continue
			}
			first.all[n-f.base]--
			held.all[first.all[n-f.base]] = p
		}
		if err := f.pace.step(1); err != nil {
			return err
		}
	}
	slices.SortFunc(outer.all, func(a, b outerPlace) int {
		return cmp.Or(cmp.Compare(a.child, b.child), cmp.Compare(a.parent, b.parent), cmp.Compare(a.position, b.position))
	})
	return f.putHeld(first.all, held.all, outer.all)
}

func (f *finishing) putHeld(first []uint32, held []place, outer []outerPlace) error {
	if err := f.section(firstHeldSection, func() error { return f.put(first...) }); err != nil {
		return err
	}
	if err := f.section(heldSection, func() error {
		for _, p := range held {
			if err := f.put(p.parent, p.position); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return err
	}
	return f.section(outerHeldSection, func() error {
		for _, p := range outer {
			if err := f.put(p.child, p.parent, p.position); err != nil {
				return err
			}
		}
		return nil
	})
}

// A key is a digest to be sorted.
type key struct {
	high, low uint64
	number    uint32
}

func (k key) compare(o key) int {
	return cmp.Or(cmp.Compare(k.high, o.high), cmp.Compare(k.low, o.low), cmp.Compare(k.number, o.number))
}

// partTrees is about how many digests are sorted at a time, so that the memory
// for it has a bound.
const partTrees = 8 << 20

// writeOrder writes the numbers of the trees that may be looked up by a
// digest, in its order.
func (f *finishing) writeOrder(c Class) error {
	if err := f.buf.Flush(); err != nil {
		return err
	}
	width := bits.Len(uint(len(f.numbers) / partTrees)) // bits of the number of a part
	var keys array[key]
	defer keys.free()
	for part := range uint64(1) << width {
		keys.all = keys.all[:0]
		if err := f.digests(c, func(k key) error {
			if k.high>>1>>(63-width) != part {
				return nil
			}
			return keys.add(k)
		}); err != nil {
			return err
		}
		slices.SortFunc(keys.all, key.compare)
		for _, k := range keys.all {
			if err := f.put(k.number); err != nil {
				return err
			}
		}
		if err := f.buf.Flush(); err != nil {
			return err
		}
	}
	return nil
}

// digests reads the records again for the digests of trees that may be looked
// up by them.
func (f *finishing) digests(c Class, add func(key) error) error {
	const most = 1 + 2*len(digest.Sum{}) + 3*binary.MaxVarintLen64 // bytes before the names
	r := bufio.NewReaderSize(io.NewSectionReader(f.file, alignment, int64(f.at)), bufferBytes)
	at := uint64(0)
	for tree, row := range f.rows.all {
		if _, err := r.Discard(int(row.record - at)); err != nil {
			return err
		}
		at = row.record
		b, err := r.Peek(most)
		if err != nil && err != io.EOF {
			return err
		}
		if err := f.pace.step(1); err != nil {
			return err
		}
		h, _ := parseHead(b)
		sum := h.sum(c)
		if !h.replaceable() || sum.Absent() {
			continue
		}
		k := key{binary.BigEndian.Uint64(sum[:]), binary.BigEndian.Uint64(sum[8:]), f.numbers[tree]}
		if err := add(k); err != nil {
			return err
		}
	}
	return nil
}

// writeHeader takes the checksums and writes what stands at the beginning.
func (f *finishing) writeHeader() error {
	if err := f.file.Truncate(int64(f.header.size)); err != nil {
		return err
	}
	for i := range f.header.sections {
		s := &f.header.sections[i]
		var err error
		if s.checksum, err = checksum(f.file, *s, &f.pace, func([]byte) error { return nil }); err != nil {
			return err
		}
	}
	_, err := f.file.WriteAt(f.header.encode(), 0)
	return err
}
