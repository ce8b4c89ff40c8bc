package pack

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strconv"
	"sync"
	"time"

	"github.com/klauspost/compress/zstd"

	"mirrortracker/internal/digest"
)

const (
	// window is how far back the compression looks, in bytes; readers need as much memory.
	window = 8 << 20
	// fullBlock is the size of its columns, in bytes, at which a block ends.
	fullBlock = 4 << 20
)

// A writer writes the trees of a pack.
type writer struct {
	zip *zstd.Encoder
	out *bufio.Writer
	day int64 // of the snapshot, since 1970

	trees  int64
	places map[shortID]int64 // where trees stand

	// The columns of the block that is being filled.
	blockTrees, blockFiles, blockLines int
	lines, sizes, ages                 []byte
}

// A shortID stands for an identity where both are ours: 128 bits of it do not occur twice.
type shortID [16]byte

func short(id digest.ID) shortID { return shortID(id[:]) }

// encoders are kept, as each has tables of some 40 MiB.
var encoders = sync.Pool{New: func() any {
	zip, err := zstd.NewWriter(nil,
		zstd.WithEncoderLevel(zstd.SpeedBestCompression),
		zstd.WithWindowSize(window),
		zstd.WithEncoderConcurrency(1),
	)
	if err != nil {
		panic(fmt.Sprintf("pack: internal error: zstd: %v", err)) // of its options
	}
	return zip
}}

func newWriter(w io.Writer, h *Header) (*writer, error) {
	zip := encoders.Get().(*zstd.Encoder)
	zip.Reset(w)
	out := bufio.NewWriterSize(zip, 64<<10)
	if err := h.write(out); err != nil {
		encoders.Put(zip)
		return nil, err
	}
	return &writer{zip: zip, out: out, day: dayOf(h.Finished), places: map[shortID]int64{}}, nil
}

// reserve gives a tree the next place. Trees must be put in the order of their places.
func (w *writer) reserve(id digest.ID) { w.places[short(id)] = int64(len(w.places)) }

// has reports whether a tree has a place.
func (w *writer) has(id digest.ID) bool {
	_, ok := w.places[short(id)]
	return ok
}

// put writes a tree, as an edit of base where that is shorter; base may be nil.
func (w *writer) put(t, base *digest.Tree) error {
	if at, ok := w.places[short(t.ID)]; !ok || at != w.trees {
		return fmt.Errorf("internal error: tree %s is not the next", t.ID)
	}
	var lines [][]byte
	for line := range t.Lines() {
		lines = append(lines, line)
	}
	head := "tree "
	if base != nil && base.Reason() == t.Reason() {
		if e := difference(base, t); e.kept > 1 && len(e.lines) < len(lines) {
			lines = e.lines
			head = "edit " + base.ID.String() + " "
		}
	}
	w.lines = strconv.AppendInt(append(w.lines, head...), int64(len(lines)), 10)
	w.lines = append(w.lines, '\n')
	for _, line := range lines {
		if err := w.add(line); err != nil {
			return fmt.Errorf("internal error: tree %s: %w", t.ID, err)
		}
	}
	w.trees++
	w.blockTrees++
	w.blockLines += len(lines)
	if len(w.lines)+len(w.sizes)+len(w.ages) >= fullBlock || w.blockLines >= fullLines {
		return w.flush()
	}
	return nil
}

// add adds a line of a tree to the columns: of a child it has the place where there is
// one, and of a file the name alone.
func (w *writer) add(line []byte) error {
	if line[0] != 'd' && line[0] != 'f' {
		w.lines = append(append(w.lines, line...), '\n')
		return nil
	}
	e, id, err := digest.ParseLine(line)
	if err != nil {
		return err
	}
	if e.Kind == digest.File {
		w.lines = append(w.lines, "f "...)
		w.sizes = append(appendSize(w.sizes, e.Size), '\n')
		w.ages = append(appendAge(w.ages, e.Date, w.day), '\n')
		w.blockFiles++
	} else {
		child := ref{id: id}
		if at, ok := w.places[short(id)]; ok {
			child.back = w.trees - at
		}
		w.lines = append(appendRef(append(w.lines, "d "...), child), ' ')
	}
	w.lines = append(append(w.lines, e.Name...), '\n')
	return nil
}

// flush writes the block.
func (w *writer) flush() error {
	if w.blockTrees == 0 {
		return nil
	}
	if _, err := fmt.Fprintf(w.out, "block %d %d\n", w.blockTrees, w.blockFiles); err != nil {
		return err
	}
	for _, column := range []*[]byte{&w.lines, &w.sizes, &w.ages} {
		if _, err := io.Copy(w.out, bytes.NewReader(*column)); err != nil {
			return err
		}
		*column = (*column)[:0]
	}
	w.blockTrees, w.blockFiles, w.blockLines = 0, 0, 0
	return nil
}

// close writes the end.
func (w *writer) close() error {
	if err := w.flush(); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(w.out, "end %d\n", w.trees); err != nil {
		return err
	}
	if err := w.out.Flush(); err != nil {
		return err
	}
	return w.zip.Close()
}

// release gives back what the writer holds.
func (w *writer) release() {
	w.zip.Reset(nil)
	encoders.Put(w.zip)
}

// dayOf counts the days since 1970 in UTC.
func dayOf(t time.Time) int64 { return floorDiv(t.Unix(), 24*60*60) }

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
