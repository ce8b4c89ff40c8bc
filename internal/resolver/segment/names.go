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
	return cursor{kind: l.kind, rest: l.blockBytes(i), left: min(l.count-i*blockSize, blockSize)}
}

// blockBytes returns the bytes from the beginning of a block on.
func (l *list) blockBytes(i int) []byte {
	if i == 0 {
		return l.body
	}
	start := binary.LittleEndian.Uint32(l.index[4*(i-1):])
	return l.body[min(int(start), len(l.body)):]
}

func (l *list) blocks() int { return (l.count + blockSize - 1) / blockSize }

// search returns the position of a name and what comes with it. In the block it
// puts no names together: it knows how many bytes the name before has in common
// with the one that is sought, and that it stands before it.
func (l *list) search(name string) (position int, p payload, ok bool) {
	if l.count == 0 {
		return 0, payload{}, false
	}
	block := l.blockOf(name)
	first, start := firstName(l.blockBytes(block))
	common := commonPrefix(first, name)
	if common == len(name) && common == len(first) {
		return block * blockSize, l.kind.payload(start, start), true
	}
	if common == len(name) || common < len(first) && first[common] > name[common] {
		return 0, payload{}, false
	}
	rest := l.kind.skip(start)
	for position = block*blockSize + 1; position < min(l.count, (block+1)*blockSize); position++ {
		shared, ending, length, b := piece(rest)
		if shared < common || length > len(b) || ending > len(first) {
			return 0, payload{}, false // greater than the one before, where that is equal
		}
		rest = l.kind.skip(b[length:])
		if shared > common {
			continue // less, in the byte in which the one before is
		}
		want := name[common:]
		n := commonPrefix(b[:length], want)
		next := b[n:length] // what the name has where they differ
		if n == length {
			suffix := first[len(first)-ending:]
			m := commonPrefix(suffix, want[n:])
			n, next = n+m, suffix[m:]
		}
		switch {
		case len(next) == 0 && n == len(want):
			return position, l.kind.payload(b[length:], start), true
		case len(next) > 0 && (n == len(want) || next[0] > want[n]):
			return 0, payload{}, false
		}
		common += n
	}
	return 0, payload{}, false
}

// blockOf returns the only block that can have a name.
func (l *list) blockOf(name string) int {
	low, high := 0, l.blocks()-1
	for low < high {
		middle := low + (high-low+1)/2
		if first, _ := firstName(l.blockBytes(middle)); string(first) <= name {
			low = middle
		} else {
			high = middle - 1
		}
	}
	return low
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
	if c.first == nil {
		c.first, c.start = firstName(c.rest)
		c.middle, c.extra = c.first, c.start
	} else {
		shared, ending, length, b := piece(c.rest)
		if length > len(b) || ending > len(c.first) {
			return c.fail()
		}
		c.shared, c.middle, c.extra = shared, b[:length:length], b[length:]
		c.suffix = c.first[len(c.first)-ending:]
	}
	c.rest = c.kind.skip(c.extra)
	c.left--
	return true
}

// firstName takes the first name of a block.
func firstName(b []byte) (name, rest []byte) {
	length, b := uvarint(b)
	n := min(length, uint64(len(b)))
	return b[:n:n], b[n:]
}

// piece takes what stands before the bytes of any other name.
func piece(b []byte) (shared, ending, length int, rest []byte) {
	if len(b) == 0 {
		return 0, 0, 1, nil // which is too long
	}
	shared, ending, b = int(b[0]>>4), int(b[0]&15), b[1:]
	var n uint64
	if shared == escape {
		n, b = uvarint(b)
		shared += int(min(n, maxList))
	}
	if ending == escape {
		n, b = uvarint(b)
		ending += int(min(n, maxList))
	}
	n, b = uvarint(b)
	return shared, ending, int(min(n, maxList)), b
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
func (c *cursor) payload() payload { return c.kind.payload(c.extra, c.start) }

// payload takes what comes with a name; start is where that of the first name
// of the block begins.
func (k kind) payload(b, start []byte) (p payload) {
	switch k {
	case files:
		p.size, p.days = parseFile(b)
		if len(b) < len(start) { // it is not the first
			_, days := parseFile(start)
			p.days += days
		}
	case links:
		length, b := uvarint(b)
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
