package segment

import (
	"encoding/binary"
	"errors"
	"runtime"
	"slices"
	"testing"

	"github.com/cespare/xxhash/v2"

	"mirrortracker/internal/digest"
)

// sample is a stack of two segments with something of everything.
func sample(t testing.TB) *Stack {
	d := digest.NewDigester()
	date := digest.NewDate(2024, 5, 6)
	var many []digest.Entry
	for _, name := range []string{"a", "ab", "abc-1.rpm", "abc-2.rpm", "b-1.rpm", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p"} {
		many = append(many, digest.Entry{Name: name, Kind: digest.File, Size: int64(len(name)) << 20, Date: date})
	}
	files := d.Tree(many, digest.Complete)
	mixed := d.Tree([]digest.Entry{
		{Name: "dir", Kind: digest.Dir, Sub: &files.Summary}, {Name: "link", Kind: digest.Link, Target: "dir/a"},
		{Name: "size", Kind: digest.File, Size: digest.UnknownSize}, {Name: "too", Kind: digest.Dir, Sub: &files.Summary},
	}, digest.Truncated)
	s := push(t, nil, "", files, mixed, directory(files))
	return push(t, s, "", directory(mixed, directory(files)), leaf("x"))
}

// content returns the bytes of a segment.
func content(t testing.TB, g *Segment) []byte {
	t.Helper()
	b := make([]byte, g.Bytes())
	if _, err := g.file.ReadAt(b, 0); err != nil {
		t.Fatal(err)
	}
	runtime.KeepAlive(g)
	return b
}

// opened opens bytes as a segment in memory.
func opened(t testing.TB, b []byte) (*Segment, error) {
	t.Helper()
	f, err := newFile("")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt(b, 0); err != nil {
		t.Fatal(err)
	}
	g, err := openFile(f, &pacer{ctx: background})
	if err != nil {
		f.Close()
	}
	return g, err
}

// What was written can be opened, and every damage to it is noticed, but to the
// bytes that fill a section up to the next.
func TestDamageIsNoticed(t *testing.T) {
	s := sample(t)
	for i := range s.Segments() {
		b := content(t, s.Segment(i))
		if g, err := opened(t, b); err != nil || g.entry() != s.Segment(i).entry() {
			t.Fatalf("as it was written: %v", err)
		}
		for _, at := range meaning(s.Segment(i)) {
			b[at] ^= 0x10
			if _, err := opened(t, b); !errors.Is(err, ErrFormat) {
				t.Errorf("segment %d, byte %d changed: %v", i, at, err)
			}
			b[at] ^= 0x10
		}
		for _, length := range []int{0, 1, headerBytes - 1, headerBytes, alignment, len(b) / 2, len(b) - 1} {
			if _, err := opened(t, b[:length]); !errors.Is(err, ErrFormat) {
				t.Errorf("segment %d cut to %d bytes: %v", i, length, err)
			}
		}
		if _, err := opened(t, append(b, 0)); !errors.Is(err, ErrFormat) {
			t.Errorf("segment %d made longer: %v", i, err)
		}
	}
}

func TestOtherVersion(t *testing.T) {
	b := content(t, sample(t).Segment(0))
	b[len(magic)-1]++
	seal(b)
	if _, err := opened(t, b); !errors.Is(err, ErrFormat) {
		t.Errorf("a segment of the next version: %v", err)
	}
}

// seal gives bytes the checksums of a segment, as far as there is a header.
func seal(b []byte) {
	if len(b) < headerBytes {
		return
	}
	header := b[:headerBytes]
	const table = headerBytes - 8 - 24*sectionCount
	for i := range sectionCount {
		e := header[table+24*i:][:24]
		offset, length := u64(e[0:]), u64(e[8:])
		if offset <= uint64(len(b)) && length <= uint64(len(b))-offset {
			put64(e[16:], xxhash.Sum64(b[offset:offset+length]))
		}
	}
	put64(header[headerBytes-8:], xxhash.Sum64(header[:headerBytes-8]))
}

// exercise asks a stack everything, as far as it has an end.
func exercise(t testing.TB, s *Stack) {
	var buf []byte
	for n := range Number(min(s.Len(), 100)) {
		tree := s.Tree(n)
		summary := tree.Summary()
		s.Find(summary.ID)
		for _, c := range []Class{Exact, Blind} {
			s.Equal(c, summary.Exact, nil, 10)
			s.Equal(c, summary.Blind, nil, 10)
		}
		steps := 0
		for h := s.Holders(n); h.Next() && steps < 1000; steps++ {
			s.Tree(h.Parent()).ChildAt(h.Position())
		}
		for c := tree.AllChildren(buf); c.Next(); {
			tree.Child(string(c.Name()))
			s.Tree(c.Number()).Height()
			buf = tree.ChildName(c.Position(), buf[:0])
		}
		for l := tree.AllLinks(buf); l.Next(); {
			tree.Link(string(l.Name()))
			tree.LinkAt(l.Position(), nil)
			l.Target()
		}
		for f := tree.AllFiles(buf); f.Next(); {
			tree.File(string(f.Name()))
			tree.FileAt(f.Position(), nil)
			_ = f.Date().String()
			f.Size()
		}
		tree.File("abc-2.rpm")
		tree.Child("dir")
		tree.ChildAt(1 << 40)
		tree.ChildName(1<<40, nil)
	}
	if merged, _, err := Merge(background, s, 0, []Number{0, 1}, Options{}); err == nil && merged.Len() > s.Len() {
		t.Errorf("a merge makes %d trees of %d", merged.Len(), s.Len())
	}
}

// meaning returns the places of the bytes of a file that are not there only to
// fill a page.
func meaning(g *Segment) (places []int) {
	for at := range headerBytes {
		places = append(places, at)
	}
	for _, e := range g.head.sections {
		for at := e.offset; at < e.offset+e.length; at++ {
			places = append(places, int(at))
		}
	}
	return places
}

// Whatever a file holds whose checksums are right: nothing panics, and nothing
// goes on without end. An edit is the place of a byte, and what it is then.
func FuzzOpen(f *testing.F) {
	s := sample(f)
	var contents [2][]byte
	var places [2][]int
	for i := range contents {
		contents[i], places[i] = content(f, s.Segment(i)), meaning(s.Segment(i))
	}
	f.Add(false, []byte{})
	f.Add(true, []byte{})
	for at := range places[0] {
		if at%20 == 0 {
			f.Add(at%40 == 0, []byte{byte(at), byte(at >> 8), 0xff, byte(at + 1), byte((at + 1) >> 8), 0xff})
		}
	}
	f.Fuzz(func(t *testing.T, upper bool, edits []byte) {
		i := 0
		if upper {
			i = 1
		}
		b := slices.Clone(contents[i])
		for edit := range slices.Chunk(edits, 3) {
			if len(edit) == 3 {
				b[places[i][int(binary.LittleEndian.Uint16(edit))%len(places[i])]] = edit[2]
			}
		}
		seal(b)
		g, err := opened(t, b)
		if err != nil {
			if !errors.Is(err, ErrFormat) {
				t.Errorf("error %v", err)
			}
			return
		}
		if upon, err := (&Stack{s.segments[:i:i]}).Push(g); err == nil {
			exercise(t, upon)
		}
	})
}

func u64(b []byte) uint64      { return binary.LittleEndian.Uint64(b) }
func put64(b []byte, v uint64) { binary.LittleEndian.PutUint64(b, v) }
