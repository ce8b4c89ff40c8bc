package segment

import (
	"encoding/binary"
	"fmt"

	"github.com/cespare/xxhash/v2"
)

// magic begins a file; its last byte is the version of the format.
const magic = "trackseg\x00\x00\x00\x01"

// The sections in the order in which they stand in the file.
const (
	recordSection = iota
	rowSection
	edgeSection
	firstHeldSection
	heldSection
	outerHeldSection
	exactSection
	blindSection
	identitySection
	sectionCount
)

const (
	headerBytes = len(magic) + 4 + 4 + 4 + 8 + 8 + sectionCount*24 + 8
	// alignment is that of the beginning of every section: a page.
	alignment = 4096
)

// maxTrees is how many trees a stack can have: the greatest number stands for
// none.
const maxTrees = 1<<32 - 1

// A header says where things stand in a file.
type header struct {
	trees    uint32
	base     uint32 // trees in the segments below
	below    uint64 // the fingerprint of the segments below
	size     uint64 // of the file, in bytes
	sections [sectionCount]extent
	checksum uint64 // of all before; it covers the file, since those of the sections are there
}

// An extent is where a section stands.
type extent struct{ offset, length, checksum uint64 }

// encode writes the header and sets its checksum.
func (h *header) encode() []byte {
	b := make([]byte, 0, alignment)
	b = append(b, magic...)
	b = binary.LittleEndian.AppendUint32(b, uint32(headerBytes))
	b = binary.LittleEndian.AppendUint32(b, h.trees)
	b = binary.LittleEndian.AppendUint32(b, h.base)
	b = binary.LittleEndian.AppendUint64(b, h.below)
	b = binary.LittleEndian.AppendUint64(b, h.size)
	for _, s := range h.sections {
		b = binary.LittleEndian.AppendUint64(b, s.offset)
		b = binary.LittleEndian.AppendUint64(b, s.length)
		b = binary.LittleEndian.AppendUint64(b, s.checksum)
	}
	h.checksum = xxhash.Sum64(b)
	return binary.LittleEndian.AppendUint64(b, h.checksum)
}

// decodeHeader reads what encode writes, and checks that everything is where
// it can be.
func decodeHeader(b []byte) (h header, err error) {
	if len(b) < headerBytes || string(b[:len(magic)]) != magic {
		return header{}, fmt.Errorf("%w of version %d", ErrFormat, magic[len(magic)-1])
	}
	b = b[:headerBytes]
	body, sum := b[:headerBytes-8], binary.LittleEndian.Uint64(b[headerBytes-8:])
	if xxhash.Sum64(body) != sum {
		return header{}, fmt.Errorf("%w: the header is damaged", ErrFormat)
	}
	next32 := func() (v uint32) { v, body = binary.LittleEndian.Uint32(body), body[4:]; return v }
	next64 := func() (v uint64) { v, body = binary.LittleEndian.Uint64(body), body[8:]; return v }
	body = body[len(magic)+4:]
	h = header{trees: next32(), base: next32(), below: next64(), size: next64(), checksum: sum}
	for i := range h.sections {
		h.sections[i] = extent{next64(), next64(), next64()}
	}
	return h, h.check()
}

// check refuses sections that are not in their place or not of their size.
func (h *header) check() error {
	if uint64(h.base)+uint64(h.trees) > maxTrees {
		return fmt.Errorf("%w: more than %d trees", ErrFormat, uint64(maxTrees))
	}
	at := uint64(alignment)
	for i, s := range h.sections {
		if s.offset != at || s.length > h.size || at > h.size-s.length {
			return fmt.Errorf("%w: section %d is out of place", ErrFormat, i)
		}
		at = aligned(s.offset + s.length)
	}
	if h.size != at {
		return fmt.Errorf("%w: %d bytes instead of %d", ErrFormat, h.size, at)
	}
	trees, length := uint64(h.trees), func(s int) uint64 { return h.sections[s].length }
	if length(rowSection) != rowBytes*trees ||
		length(firstHeldSection) != 4*(trees+1) ||
		length(identitySection) != 32*trees ||
		length(heldSection)/placeBytes+length(outerHeldSection)/outerBytes != length(edgeSection)/4 ||
		length(heldSection)%placeBytes+length(outerHeldSection)%outerBytes+length(edgeSection)%4 != 0 ||
		length(exactSection) > 4*trees || length(exactSection)%4 != 0 ||
		length(blindSection) > 4*trees || length(blindSection)%4 != 0 {
		return fmt.Errorf("%w: a section has a wrong length", ErrFormat)
	}
	return nil
}

func aligned(n uint64) uint64 { return (n + alignment - 1) &^ (alignment - 1) }
