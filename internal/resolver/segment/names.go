package segment

import (
	"encoding/binary"

	"mirrortracker/internal/digest"
)

// blockSize is how many names of a list share one name that is written in full.
const blockSize = 16

// A kind says what comes with each name of a list.
type kind uint8

const (
	children kind = iota // nothing: the numbers stand elsewhere
	links                // the target
	files                // size and date
	kinds
)

// A payload is what comes with a name.
type payload struct {
	size   int64
	days   int64 // for dateOf
	target []byte
}

// A list is the sorted names of one kind in one tree, as the file has them.
type list struct {
	kind  kind
	count int
	index []byte // where each block but the first begins in body
	body  []byte
}

// newList divides the bytes of a list. One whose count cannot be true is empty.
func newList(k kind, count uint64, b []byte) list {
	if count == 0 || count > uint64(len(b)) { // a name takes at least one byte
		return list{}
	}
	index := 4 * ((int(count)+blockSize-1)/blockSize - 1)
	if index > len(b) {
		return list{}
	}
	return list{kind: k, count: int(count), index: b[:index], body: b[index:]}
}

// block returns a cursor before the first name of a block.
func (l *list) block(i int) cursor {
	start := 0
	if i > 0 {
		start = int(binary.LittleEndian.Uint32(l.index[4*(i-1):]))
	}
	if start > len(l.body) {
		return cursor{}
	}
	return cursor{kind: l.kind, rest: l.body[start:], left: min(l.count-i*blockSize, blockSize)}
}

func (l *list) blocks() int { return (l.count + blockSize - 1) / blockSize }

// search returns the position of a name and what comes with it.
func (l *list) search(name string) (position int, p payload, ok bool) {
	if l.count == 0 {
		return 0, payload{}, false
	}
	low, high := 0, l.blocks()-1 // the block, if there is one
	for low < high {
		middle := low + (high-low+1)/2
		c := l.block(middle)
		if c.next(); string(c.middle) <= name {
			low = middle
		} else {
			high = middle - 1
		}
	}
	c := l.block(low)
	i, ok := c.search(name)
	if !ok {
		return 0, payload{}, false
	}
	return low*blockSize + i, c.payload(), true
}

// at returns a cursor at a position, and the name there in the storage of buf.
func (l *list) at(position int, buf []byte) (c cursor, name []byte) {
	if position < 0 || position >= l.count {
		return cursor{}, buf[:0]
	}
	c = l.block(position / blockSize)
	name = buf[:0]
	for range position%blockSize + 1 {
		if !c.next() {
			return cursor{}, buf[:0]
		}
		name = c.appendTo(name)
	}
	return c, name
}

// A cursor goes over the names of one block. The first name of a block is
// written in full: its length and its bytes. Of any other, only the bytes in the
// middle are, between what it shares with the beginning of the name before it
// and with the end of the first name:
//
//	shared<<4 | ending   one byte; 15 says that the number less 15 follows
//	[shared-15] [ending-15]
//	length  bytes        of the middle
//
// What comes with the name follows: of a file, its size plus one and how many
// days later than the first one's its date is; of a link, the length and the
// bytes of its target. All numbers are varints.
type cursor struct {
	kind  kind
	left  int // names that follow
	rest  []byte
	first []byte
	start []byte // what comes with the first name, and more

	shared int    // bytes of the name before
	middle []byte // the name's own bytes
	suffix []byte // the end of the first name
	extra  []byte // what comes with the name, and more
}

// next goes to the next name. It reports false at the end of the block, and
// where the bytes make no sense.
func (c *cursor) next() bool {
	if c.left <= 0 || len(c.rest) == 0 {
		return c.fail()
	}
	rest := c.rest
	var shared, ending, length uint64
	if c.first != nil {
		shared, ending = uint64(rest[0]>>4), uint64(rest[0]&15)
		if rest = rest[1:]; shared == escape {
			shared, rest = uvarint(rest)
			shared += escape
		}
		if ending == escape {
			ending, rest = uvarint(rest)
			ending += escape
		}
	}
	length, rest = uvarint(rest)
	if length > uint64(len(rest)) || ending > uint64(len(c.first)) || shared > maxList {
		return c.fail()
	}
	c.shared, c.middle, c.extra = int(shared), rest[:length:length], rest[length:]
	c.suffix = c.first[len(c.first)-int(ending):]
	c.rest = c.kind.skip(c.extra)
	c.left--
	if c.first == nil {
		c.first, c.start = c.middle, c.extra
	}
	return true
}

// escape is the greatest number that fits into half of the byte before a name.
const escape = 15

func (c *cursor) fail() bool {
	*c = cursor{}
	return false
}

// skip passes over what comes with a name.
func (k kind) skip(b []byte) []byte {
	switch k {
	case files:
		return skipUvarint(skipUvarint(b))
	case links:
		length, b := uvarint(b)
		return b[min(length, uint64(len(b))):]
	}
	return b
}

// payload returns what comes with the current name.
func (c *cursor) payload() (p payload) {
	switch c.kind {
	case files:
		p.size, p.days = parseFile(c.extra)
		if len(c.extra) < len(c.start) { // it is not the first
			_, days := parseFile(c.start)
			p.days += days
		}
	case links:
		length, b := uvarint(c.extra)
		p.target = b[:min(length, uint64(len(b)))]
	}
	return p
}

func parseFile(b []byte) (size, days int64) {
	n, b := uvarint(b)
	d, _ := uvarint(b)
	return max(int64(n-1), digest.UnknownSize), unzigzag(d)
}

// appendTo makes the current name out of the one before it, in its storage.
func (c *cursor) appendTo(before []byte) []byte {
	name := before[:min(c.shared, len(before))]
	name = append(name, c.middle...)
	return append(name, c.suffix...)
}

// search goes to a name, without putting together those before it: it knows
// how many bytes the name before has in common with the one that is sought, and
// that it stands before it.
func (c *cursor) search(name string) (position int, ok bool) {
	common := 0
	for i := 0; c.next(); i++ {
		if c.shared < common {
			return 0, false // greater than the one before where that is equal
		}
		if c.shared > common {
			continue // less in the byte in which the one before is
		}
		want := name[common:]
		n := commonPrefix(c.middle, want)
		if n == len(c.middle) {
			m := commonPrefix(c.suffix, want[n:])
			switch {
			case m < len(c.suffix):
				if n+m == len(want) || c.suffix[m] > want[n+m] {
					return 0, false
				}
			case n+m == len(want):
				return i, true
			}
			n += m
		} else if n == len(want) || c.middle[n] > want[n] {
			return 0, false
		}
		common += n
	}
	return 0, false
}

// commonPrefix returns how many bytes both begin with.
func commonPrefix[A, B []byte | string](a A, b B) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

// commonSuffix returns how many bytes both end with.
func commonSuffix(a, b string) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[len(a)-1-i] != b[len(b)-1-i] {
			return i
		}
	}
	return n
}

// uvarint takes a number from the beginning of b. Where there is none, it
// returns 0 and nothing more to read.
func uvarint(b []byte) (uint64, []byte) {
	if len(b) > 0 && b[0] < 0x80 {
		return uint64(b[0]), b[1:]
	}
	return longUvarint(b)
}

func longUvarint(b []byte) (uint64, []byte) {
	v, n := binary.Uvarint(b)
	if n <= 0 {
		return 0, nil
	}
	return v, b[n:]
}

// skipUvarint passes over a number.
func skipUvarint(b []byte) []byte {
	for i, v := range b {
		if v < 0x80 {
			return b[i+1:]
		}
	}
	return nil
}

func zigzag(v int64) uint64   { return uint64(v<<1) ^ uint64(v>>63) }
func unzigzag(v uint64) int64 { return int64(v>>1) ^ -int64(v&1) }

// daysOf numbers dates so that later ones have greater numbers; the unknown
// date has the number 0. All months have 31 days here.
func daysOf(d digest.Date) int64 {
	if !d.Known() {
		return 0
	}
	year, month, day := int64(d/10000), int64(d/100%100), int64(d%100)
	return (year*12+month-1)*31 + day
}

// dateOf returns the date of a number, or the unknown one where there is none.
func dateOf(days int64) digest.Date {
	if days <= 0 || days >= 10000*12*31 {
		return 0
	}
	months, day := (days-1)/31, (days-1)%31+1
	return digest.Date(months/12*10000 + (months%12+1)*100 + day)
}
