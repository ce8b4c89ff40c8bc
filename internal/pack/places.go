package pack

import (
	"encoding/binary"
	"fmt"
	"os"

	"mirrortracker/internal/digest"
)

// recent is how many of the last trees are held in memory, at most.
const recent = 1 << 16

// Places remember what the trees of a pack amount to, by their numbers: the last ones in
// memory, where nearly all children stand, and all others in a file that has no name.
// Make it with new, and close it.
type places struct {
	count int64
	held  []place // the last ones
	file  *os.File
	used  []uint64 // a bit for each that is somebody's child
}

// A place is what a tree of the pack amounts to.
type place struct {
	digest.Summary
	incomplete int64 // directories whose own listing is
	height     int64 // levels of directories below it that are in the pack
}

// placeSize is what a place takes in the file, in bytes.
var placeSize = int64(binary.Size(place{}.record()))

// A record is a place as it stands in the file.
type record struct {
	ID           digest.ID
	Exact, Blind digest.Sum
	Numbers      [5]int64
}

func (p place) record() record {
	return record{p.ID, p.Exact, p.Blind, [...]int64{p.Files, p.Dirs, p.Bytes, p.incomplete, p.height}}
}

func (r record) place() place {
	n := r.Numbers
	return place{
		digest.Summary{ID: r.ID, Exact: r.Exact, Blind: r.Blind, Totals: digest.Totals{Files: n[0], Dirs: n[1], Bytes: n[2]}},
		n[3], n[4],
	}
}

// add gives the next number to a place.
func (p *places) add(next place) error {
	if len(p.held) == recent {
		if err := p.spill(recent / 2); err != nil {
			return err
		}
	}
	p.held = append(p.held, next)
	p.count++
	if int64(len(p.used))*64 < p.count {
		p.used = append(p.used, 0)
	}
	return nil
}

// spill writes the first of those that are held to the file.
func (p *places) spill(n int) (err error) {
	if p.file == nil {
		if p.file, err = os.CreateTemp("", "mirror-pack-*"); err != nil {
			return err
		}
		if err := os.Remove(p.file.Name()); err != nil {
			return err
		}
	}
	buf := make([]byte, 0, int64(n)*placeSize)
	for _, held := range p.held[:n] {
		if buf, err = binary.Append(buf, binary.LittleEndian, held.record()); err != nil {
			return err
		}
	}
	if _, err := p.file.WriteAt(buf, p.spilt()*placeSize); err != nil {
		return fmt.Errorf("%s: %w", os.TempDir(), err)
	}
	p.held = append(p.held[:0], p.held[n:]...)
	return nil
}

// spilt is how many are in the file.
func (p *places) spilt() int64 { return p.count - int64(len(p.held)) }

// take returns the place with a number, which is somebody's child.
func (p *places) take(number int64) (place, error) {
	p.used[number/64] |= 1 << (number % 64)
	return p.get(number)
}

func (p *places) get(number int64) (place, error) {
	if at := number - p.spilt(); at >= 0 {
		return p.held[at], nil
	}
	buf := make([]byte, placeSize)
	if _, err := p.file.ReadAt(buf, number*placeSize); err != nil {
		return place{}, fmt.Errorf("%s: %w", os.TempDir(), err)
	}
	var r record
	if _, err := binary.Decode(buf, binary.LittleEndian, &r); err != nil {
		return place{}, err
	}
	return r.place(), nil
}

// loose returns the number of a tree that is nobody's child, but for the last.
func (p *places) loose() (number int64, found bool) {
	for n := range p.count - 1 {
		if p.used[n/64]&(1<<(n%64)) == 0 {
			return n, true
		}
	}
	return 0, false
}

func (p *places) close() error {
	if p.file == nil {
		return nil
	}
	return p.file.Close()
}
