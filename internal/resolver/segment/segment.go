package segment

import (
	"encoding/binary"
	"runtime"

	"mirrortracker/internal/digest"
)

// A Segment is an immutable set of trees in one file that is mapped into
// memory. It belongs upon one certain [Stack], whose trees its own may hold.
// The file is unmapped when nothing reaches the Segment any more.
type Segment struct {
	file *file
	head header

	// The sections, in the mapping. No slice of them may outlive the Segment:
	// whoever uses them keeps it alive (runtime.KeepAlive) until after the last
	// access.
	records    []byte
	rows       []byte
	edges      []byte
	firstHeld  []byte
	held       []byte
	outerHeld  []byte
	orders     [2][]byte // by class
	identities []byte
}

// newSegment takes over a file that was verified or just written, if there is
// no error.
func newSegment(f *file, h header) (*Segment, error) {
	m, err := f.mapped(int(h.size))
	if err != nil {
		return nil, err
	}
	section := func(s int) []byte {
		e := h.sections[s]
		return m[e.offset : e.offset+e.length : e.offset+e.length]
	}
	g := &Segment{
		file: f, head: h,
		records:    section(recordSection),
		rows:       section(rowSection),
		edges:      section(edgeSection),
		firstHeld:  section(firstHeldSection),
		held:       section(heldSection),
		outerHeld:  section(outerHeldSection),
		orders:     [2][]byte{section(exactSection), section(blindSection)},
		identities: section(identitySection),
	}
	runtime.AddCleanup(g, unmap, m)
	runtime.AddCleanup(g, (*file).discard, f)
	return g, nil
}

// Len returns the number of trees.
func (g *Segment) Len() int { return int(g.head.trees) }

// Bytes returns the size of the file.
func (g *Segment) Bytes() int64 { return int64(g.head.size) }

// end is the number after that of the last tree.
func (g *Segment) end() uint32 { return g.head.base + g.head.trees }

// A row is what the rows have of a tree.
type row struct {
	record uint64 // where its record begins
	edge   uint32 // its first in the edges
	shape  shape
}

const rowBytes = 12

func (g *Segment) row(local uint32) row {
	return parseRow(g.rows[rowBytes*int(local):])
}

func parseRow(b []byte) row {
	_ = b[rowBytes-1]
	return row{
		record: uint64(binary.LittleEndian.Uint32(b)) | uint64(binary.LittleEndian.Uint16(b[4:]))<<32,
		edge:   binary.LittleEndian.Uint32(b[6:]),
		shape:  shape(binary.LittleEndian.Uint16(b[10:])),
	}
}

func (r row) appendTo(b []byte) []byte {
	b = binary.LittleEndian.AppendUint32(b, uint32(r.record))
	b = binary.LittleEndian.AppendUint16(b, uint16(r.record>>32))
	b = binary.LittleEndian.AppendUint32(b, r.edge)
	return binary.LittleEndian.AppendUint16(b, uint16(r.shape))
}

// A shape is a tree's height, twice, and whether there are links in it or below.
type shape uint16

// maxHeight is the greatest height that a tree may have; a shape can have one
// that is greater by one, so that it can be seen to be too great.
const maxHeight = 1<<15 - 2

func newShape(height int, linked bool) shape {
	s := shape(min(height, maxHeight+1) << 1)
	if linked {
		s |= 1
	}
	return s
}

func (s shape) height() int  { return int(s >> 1) }
func (s shape) linked() bool { return s&1 != 0 }

func (g *Segment) identity(local uint32) (id digest.ID) {
	copy(id[:], g.identities[len(id)*int(local):])
	return id
}

// u32 returns the number at a position of a section of numbers.
func u32(section []byte, i int) uint32 { return binary.LittleEndian.Uint32(section[4*i:]) }
