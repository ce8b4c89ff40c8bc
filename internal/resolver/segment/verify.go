package segment

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/cespare/xxhash/v2"
)

// openFile takes over a file as a segment, after it was checked against its
// checksums and every number in it against its bounds. The file is read past
// the mapping, so that this does not make it resident. Where there is an error,
// the file is still the caller's.
func openFile(f *file, p *pacer) (*Segment, error) {
	b := make([]byte, headerBytes)
	if _, err := f.ReadAt(b, 0); errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: it is too short", ErrFormat)
	} else if err != nil {
		return nil, err
	}
	h, err := decodeHeader(b)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if uint64(info.Size()) != h.size {
		return nil, fmt.Errorf("%w: it has %d bytes instead of %d", ErrFormat, info.Size(), h.size)
	}
	for i, s := range h.sections {
		sum, err := checksum(f, s, p, h.checker(i))
		if err != nil {
			return nil, err
		}
		if sum != s.checksum {
			return nil, fmt.Errorf("%w: section %d is damaged", ErrFormat, i)
		}
	}
	return newSegment(f, h)
}

// blockBytes is how much is read at a time: a multiple of the size of the
// elements of all sections.
const blockBytes = 3 << 18

// checksum reads a section, and shows it to check block by block.
func checksum(r io.ReaderAt, s extent, p *pacer, check func([]byte) error) (uint64, error) {
	sum := xxhash.New()
	block := make([]byte, min(blockBytes, s.length))
	for at := uint64(0); at < s.length; at += uint64(len(block)) {
		block = block[:min(uint64(len(block)), s.length-at)]
		if _, err := r.ReadAt(block, int64(s.offset+at)); err != nil {
			return 0, err
		}
		_, _ = sum.Write(block)
		if err := check(block); err != nil {
			return 0, err
		}
		if err := p.step(burst); err != nil {
			return 0, err
		}
	}
	return sum.Sum64(), nil
}

var errBounds = fmt.Errorf("%w: a number is out of bounds", ErrFormat)

// checker returns what checks the numbers in a section. Records have none: what
// reads them relies on nothing.
func (h *header) checker(section int) func([]byte) error {
	end := h.base + h.trees
	switch section {
	case rowSection:
		edges := uint32(h.sections[edgeSection].length / 4)
		records := h.sections[recordSection].length
		return func(b []byte) error {
			for ; len(b) > 0; b = b[rowBytes:] {
				if r := parseRow(b); r.record >= records || r.edge > edges {
					return errBounds
				}
			}
			return nil
		}
	case edgeSection:
		return below(end)
	case firstHeldSection:
		return below(uint32(h.sections[heldSection].length/placeBytes) + 1)
	case heldSection:
		return func(b []byte) error {
			for ; len(b) > 0; b = b[placeBytes:] {
				if u32(b, 0) >= h.trees {
					return errBounds
				}
			}
			return nil
		}
	case outerHeldSection:
		return func(b []byte) error {
			for ; len(b) > 0; b = b[outerBytes:] {
				if u32(b, 0) >= h.base || u32(b, 1) >= h.trees {
					return errBounds
				}
			}
			return nil
		}
	case exactSection, blindSection:
		return below(h.trees)
	}
	return func([]byte) error { return nil }
}

// below checks that all numbers are less than one.
func below(end uint32) func([]byte) error {
	return func(b []byte) error {
		for ; len(b) > 0; b = b[4:] {
			if binary.LittleEndian.Uint32(b) >= end {
				return errBounds
			}
		}
		return nil
	}
}
