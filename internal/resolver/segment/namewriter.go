package segment

import (
	"encoding/binary"
	"fmt"

	"mirrortracker/internal/digest"
)

const (
	// maxList is how many bytes the names of one kind in one directory take at
	// most: far more than any text of a tree has.
	maxList = 1 << 30
	// maxTarget is the longest target of a link that leads anywhere, in bytes
	// (Linux, PATH_MAX).
	maxTarget = 4096
)

// A nameWriter makes a list; see [cursor] for what stands in it. It is used
// again for the next.
type nameWriter struct {
	count  int
	index  []byte
	body   []byte
	first  string // of the block
	before string
	days   int64
}

func (w *nameWriter) reset() {
	*w = nameWriter{index: w.index[:0], body: w.body[:0]}
}

// name appends a name; what comes with it must follow. Names come in their order.
func (w *nameWriter) name(name string) error {
	if w.count > 0 && name <= w.before {
		return fmt.Errorf("%w: name %q stands after %q", ErrText, name, w.before)
	}
	if len(w.body)+len(name) > maxList {
		return fmt.Errorf("%w: more than %d bytes of names", ErrText, maxList)
	}
	if w.count%blockSize == 0 {
		if w.count > 0 {
			w.index = binary.LittleEndian.AppendUint32(w.index, uint32(len(w.body)))
		}
		w.first = name
		w.body = binary.AppendUvarint(w.body, uint64(len(name)))
		w.body = append(w.body, name...)
	} else {
		shared := commonPrefix(w.before, name)
		ending := commonSuffix(w.first, name[shared:])
		middle := name[shared : len(name)-ending]
		w.body = append(w.body, byte(min(shared, escape)<<4|min(ending, escape)))
		w.body = appendEscaped(w.body, shared)
		w.body = appendEscaped(w.body, ending)
		w.body = binary.AppendUvarint(w.body, uint64(len(middle)))
		w.body = append(w.body, middle...)
	}
	w.before = name
	w.count++
	return nil
}

// appendEscaped appends what half a byte cannot say.
func appendEscaped(b []byte, n int) []byte {
	if n < escape {
		return b
	}
	return binary.AppendUvarint(b, uint64(n-escape))
}

func (w *nameWriter) file(size int64, date digest.Date) {
	days := daysOf(date)
	if w.count%blockSize == 1 { // it is the first of the block
		w.days = 0
	}
	w.body = binary.AppendUvarint(w.body, uint64(max(size, digest.UnknownSize))+1)
	w.body = binary.AppendUvarint(w.body, zigzag(days-w.days))
	if w.count%blockSize == 1 {
		w.days = days
	}
}

// link appends the target of a link. One that is too long is left out: it
// leads nowhere, like one that is not known.
func (w *nameWriter) link(target string) {
	if len(target) > maxTarget {
		target = ""
	}
	w.body = binary.AppendUvarint(w.body, uint64(len(target)))
	w.body = append(w.body, target...)
}

// appendTo appends the list.
func (w *nameWriter) appendTo(b []byte) []byte {
	b = append(b, w.index...)
	return append(b, w.body...)
}

func (w *nameWriter) size() int { return len(w.index) + len(w.body) }
