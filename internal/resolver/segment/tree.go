package segment

import (
	"encoding/binary"
	"runtime"

	"mirrortracker/internal/digest"
)

// A Tree is one directory of a [Stack]. It is a small value, which keeps its
// segment mapped; what its methods return is the caller's. The zero Tree is an
// empty directory.
type Tree struct {
	segment *Segment
	local   uint32
	row     row
}

// record returns the bytes from the beginning of a tree's record on.
func (g *Segment) record(r row) []byte {
	if r.record >= uint64(len(g.records)) {
		return nil
	}
	return g.records[r.record:]
}

// sums returns the digests of a tree.
func (g *Segment) sums(r row) (exact, blind digest.Sum) {
	b := g.record(r)
	if len(b) == 0 {
		return exact, blind
	}
	exact, blind, _ = parseSums(b[0], b[1:])
	return exact, blind
}

// head returns what stands before the names, and the lists of names.
func (t Tree) head() (h head, lists []byte) {
	if t.segment == nil {
		return head{}, nil
	}
	return parseHead(t.segment.record(t.row))
}

// list returns the names of one kind. It is what looking up a name spends its
// time with, so that it passes over the rest of the head.
func (t Tree) list(k kind) list {
	if t.segment == nil {
		return list{}
	}
	b := t.segment.record(t.row)
	if len(b) == 0 || b[0]&(hasChildren<<k) == 0 {
		return list{}
	}
	flags := b[0]
	b = skipTotals(skipSums(flags, b[1:]))
	var count, before, length uint64
	for i := range kinds {
		if flags&(hasChildren<<i) == 0 {
			continue
		}
		var n, size uint64
		n, b = uvarint(b)
		size, b = uvarint(b)
		switch {
		case i < k:
			before += size
		case i == k:
			count, length = n, size
		}
	}
	if before > uint64(len(b)) || length > uint64(len(b))-before {
		return list{}
	}
	return newList(k, count, b[before:before+length:before+length])
}

// ID returns the identity of the tree.
func (t Tree) ID() digest.ID {
	if t.segment == nil {
		return digest.ID{}
	}
	id := t.segment.identity(t.local)
	runtime.KeepAlive(t.segment)
	return id
}

// Summary returns what the directory amounts to.
func (t Tree) Summary() digest.Summary {
	h, _ := t.head()
	s := digest.Summary{ID: t.ID(), Exact: h.exact, Blind: h.blind, Totals: h.totals}
	runtime.KeepAlive(t.segment)
	return s
}

// Exact returns the exact digest.
func (t Tree) Exact() digest.Sum {
	exact, _ := t.sums()
	return exact
}

// Blind returns the blind digest.
func (t Tree) Blind() digest.Sum {
	_, blind := t.sums()
	return blind
}

func (t Tree) sums() (exact, blind digest.Sum) {
	if t.segment == nil {
		return exact, blind
	}
	exact, blind = t.segment.sums(t.row)
	runtime.KeepAlive(t.segment)
	return exact, blind
}

// Totals returns what stands below the directory.
func (t Tree) Totals() digest.Totals {
	h, _ := t.head()
	runtime.KeepAlive(t.segment)
	return h.totals
}

// Reason returns why the directory's own listing is incomplete, or
// [digest.Complete].
func (t Tree) Reason() digest.Reason {
	h, _ := t.head()
	runtime.KeepAlive(t.segment)
	return h.reason
}

// Replaceable reports whether equal directories elsewhere are looked for: it
// has digests and is not empty.
func (t Tree) Replaceable() bool {
	h, _ := t.head()
	runtime.KeepAlive(t.segment)
	return h.replaceable()
}

// Linked reports whether there are links in the directory or below.
func (t Tree) Linked() bool { return t.row.shape.linked() }

// Height returns how many directories stand below each other in it, at most.
func (t Tree) Height() int { return t.row.shape.height() }

// Children returns the number of subdirectories.
func (t Tree) Children() int { return t.count(children) }

// Links returns the number of symbolic links.
func (t Tree) Links() int { return t.count(links) }

// Files returns the number of files in the directory itself.
func (t Tree) Files() int { return t.count(files) }

func (t Tree) count(k kind) int {
	l := t.list(k)
	runtime.KeepAlive(t.segment)
	return l.count
}

// Child returns the position and the number of the subdirectory of a name.
func (t Tree) Child(name string) (position int, n Number, ok bool) {
	l := t.list(children)
	position, _, ok = l.search(name)
	if ok {
		n = t.child(position)
	}
	runtime.KeepAlive(t.segment)
	return position, n, ok
}

// ChildAt returns the number of the subdirectory at a position.
func (t Tree) ChildAt(position int) Number {
	n := t.child(position)
	runtime.KeepAlive(t.segment)
	return n
}

// nowhere is the number of no tree.
const nowhere = ^Number(0)

func (t Tree) child(position int) Number {
	if t.segment == nil {
		return nowhere
	}
	if i := 4 * (int(t.row.edge) + position); position >= 0 && i+4 <= len(t.segment.edges) {
		return Number(binary.LittleEndian.Uint32(t.segment.edges[i:]))
	}
	return nowhere
}

// ChildName appends the name of the subdirectory at a position to buf.
func (t Tree) ChildName(position int, buf []byte) []byte {
	l := t.list(children)
	_, name := l.at(position, buf[len(buf):])
	runtime.KeepAlive(t.segment)
	return append(buf, name...)
}

// Link returns the position of the symbolic link of a name.
func (t Tree) Link(name string) (position int, ok bool) {
	l := t.list(links)
	position, _, ok = l.search(name)
	runtime.KeepAlive(t.segment)
	return position, ok
}

// LinkAt returns the symbolic link at a position, in the storage of buf. The
// target is empty where it is not known or longer than any path.
func (t Tree) LinkAt(position int, buf []byte) (name, target []byte) {
	l := t.list(links)
	c, name := l.at(position, buf)
	n := len(name)
	name = append(name, c.payload().target...)
	runtime.KeepAlive(t.segment)
	return name[:n:n], name[n:]
}

// File returns the position of the file of a name, its size, which may be
// [digest.UnknownSize], and its date.
func (t Tree) File(name string) (position int, size int64, date digest.Date, ok bool) {
	l := t.list(files)
	position, p, ok := l.search(name)
	runtime.KeepAlive(t.segment)
	return position, p.size, dateOf(p.days), ok
}

// FileAt appends the name of the file at a position to buf, and returns its
// size, which may be [digest.UnknownSize], and its date.
func (t Tree) FileAt(position int, buf []byte) (name []byte, size int64, date digest.Date) {
	l := t.list(files)
	c, name := l.at(position, buf[len(buf):])
	p := c.payload()
	runtime.KeepAlive(t.segment)
	return append(buf, name...), p.size, dateOf(p.days)
}
