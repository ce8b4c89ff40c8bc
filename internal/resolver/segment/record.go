package segment

import (
	"encoding/binary"
	"fmt"
	"slices"

	"mirrortracker/internal/digest"
)

// reasons are the words for why a listing is incomplete, by the number that
// stands in a record.
var reasons = [...]digest.Reason{digest.Complete, digest.Refused, digest.Truncated, digest.Unparsable, digest.Limit}

// The first byte of a record: the number of its reason, and what it has.
const (
	reasonBits  = 0b111
	hasExact    = 1 << 3
	hasBlind    = 1 << 4
	hasChildren = 1 << 5 // hasChildren << kind, for all kinds
)

// A head is what stands before the names in a record.
type head struct {
	exact, blind digest.Sum
	reason       digest.Reason
	totals       digest.Totals
	counts       [kinds]uint64 // of names, by kind
	lengths      [kinds]uint64 // of lists, in bytes
}

// parseHead takes a record's head from the beginning of b, of which the lists
// follow.
func parseHead(b []byte) (h head, rest []byte) {
	if len(b) == 0 {
		return head{}, nil
	}
	flags, b := b[0], b[1:]
	if i := int(flags & reasonBits); i < len(reasons) {
		h.reason = reasons[i]
	}
	h.exact, h.blind, b = parseSums(flags, b)
	h.totals, b = parseTotals(b)
	for k := range h.counts {
		if flags&(hasChildren<<k) != 0 {
			h.counts[k], b = uvarint(b)
			h.lengths[k], b = uvarint(b)
		}
	}
	return h, b
}

func parseSums(flags byte, b []byte) (exact, blind digest.Sum, rest []byte) {
	if flags&hasExact != 0 {
		b = b[copy(exact[:], b):]
	}
	if flags&hasBlind != 0 {
		b = b[copy(blind[:], b):]
	}
	return exact, blind, b
}

func skipSums(flags byte, b []byte) []byte {
	n := 0
	if flags&hasExact != 0 {
		n += len(digest.Sum{})
	}
	if flags&hasBlind != 0 {
		n += len(digest.Sum{})
	}
	return b[min(n, len(b)):]
}

func skipTotals(b []byte) []byte {
	for range 3 {
		b = skipUvarint(b)
	}
	return b
}

func parseTotals(b []byte) (t digest.Totals, rest []byte) {
	var files, dirs, bytes uint64
	files, b = uvarint(b)
	dirs, b = uvarint(b)
	bytes, b = uvarint(b)
	return digest.Totals{Files: int64(files), Dirs: int64(dirs), Bytes: int64(bytes)}, b
}

// sum returns one of the two digests.
func (h *head) sum(c Class) digest.Sum {
	if c == Exact {
		return h.exact
	}
	return h.blind
}

// replaceable reports whether equal directories elsewhere are looked for: it
// has digests and is not empty.
func (h *head) replaceable() bool {
	return !h.blind.Absent() && h.totals.Files+h.totals.Dirs > 0
}

// A recorder makes records. It keeps its buffers from one to the next.
type recorder struct {
	names  [kinds]nameWriter // by kind
	ids    []digest.ID       // of the children
	record []byte
}

// write makes the record of a tree. Record and identities of the children are
// good until the next.
func (r *recorder) write(t *digest.Tree) error {
	reason := slices.Index(reasons[:], t.Reason())
	if reason < 0 {
		return fmt.Errorf("%w: reason %q is not known", ErrText, t.Reason())
	}
	if err := r.list(t); err != nil {
		return err
	}
	flags := byte(reason)
	b := append(r.record[:0], 0)
	if !t.Exact.Absent() {
		flags |= hasExact
		b = append(b, t.Exact[:]...)
	}
	if !t.Blind.Absent() {
		flags |= hasBlind
		b = append(b, t.Blind[:]...)
	}
	for _, n := range [...]int64{t.Totals.Files, t.Totals.Dirs, t.Totals.Bytes} {
		b = binary.AppendUvarint(b, uint64(max(n, 0)))
	}
	for k := range r.names {
		if w := &r.names[k]; w.count > 0 {
			flags |= hasChildren << k
			b = binary.AppendUvarint(b, uint64(w.count))
			b = binary.AppendUvarint(b, uint64(w.size()))
		}
	}
	for k := range r.names {
		b = r.names[k].appendTo(b)
	}
	b[0] = flags
	r.record = b
	return nil
}

// list makes the lists of a tree's names.
func (r *recorder) list(t *digest.Tree) error {
	for k := range r.names {
		r.names[k].reset()
	}
	r.ids = r.ids[:0]
	for c := range t.Children() {
		if err := r.names[children].name(c.Name); err != nil {
			return err
		}
		r.ids = append(r.ids, c.ID)
	}
	for l := range t.Links() {
		if err := r.names[links].name(l.Name); err != nil {
			return err
		}
		r.names[links].link(l.Target)
	}
	for f := range t.Files() {
		if err := r.names[files].name(f.Name); err != nil {
			return err
		}
		r.names[files].file(f.Size, f.Date)
	}
	return nil
}
