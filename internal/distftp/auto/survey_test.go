package auto

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/distftp/localfs"
	"mirrortracker/internal/distftp/vfs"
	"mirrortracker/internal/mirror"
)

var day = time.Date(2026, 3, 8, 23, 59, 59, 0, time.UTC)

// A disk is a folder, with what was read of it.
type disk struct {
	Tree
	dir  string
	read []mirror.Path
	fail map[mirror.Path]error // of OpenDir
}

func newDisk(t testing.TB) *disk {
	t.Helper()
	dir := t.TempDir()
	folder, err := localfs.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { folder.Close() })
	return &disk{Tree: folder, dir: dir, fail: map[mirror.Path]error{}}
}

func (d *disk) OpenDir(ctx context.Context, p mirror.Path) (vfs.Dir, error) {
	d.read = append(d.read, p)
	if err := d.fail[p]; err != nil {
		return nil, err
	}
	return d.Tree.OpenDir(ctx, p)
}

// put writes a file of so many bytes.
func (d *disk) put(t testing.TB, p string, size int) {
	t.Helper()
	name := filepath.Join(d.dir, p)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, make([]byte, size), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(name, day, day); err != nil {
		t.Fatal(err)
	}
}

func amount(t testing.TB, s *survey) digest.Summary {
	t.Helper()
	sum, err := s.read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

// What a survey says is digest-v1.
func TestSurveyDigests(t *testing.T) {
	d := newDisk(t)
	d.put(t, "pub/a", 3)
	d.put(t, "pub/.hidden", 3)
	d.put(t, "pub/sub/b c", 5)
	if err := os.Symlink("a", filepath.Join(d.dir, "pub/link")); err != nil {
		t.Fatal(err)
	}
	made, date := digest.NewDigester(), digest.NewDate(2026, 3, 8)
	sub := made.Tree([]digest.Entry{{Name: "b c", Kind: digest.File, Size: 5, Date: date}}, digest.Complete)
	want := made.Tree([]digest.Entry{
		{Name: "a", Kind: digest.File, Size: 3, Date: date},
		{Name: "link", Kind: digest.Link, Target: "a"},
		{Name: "sub", Kind: digest.Dir, Sub: &sub.Summary},
	}, digest.Complete).Summary
	if got := amount(t, newSurvey(d, "/pub")); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// After a change only what has changed, and what is above it, is read; and what comes of
// that is what comes of reading everything.
func TestSurveyReadsWhatHasChanged(t *testing.T) {
	d := newDisk(t)
	for i := range 20 {
		d.put(t, fmt.Sprintf("pub/%d/%d/f", i%4, i), i)
	}
	s := newSurvey(d, "/pub")
	amount(t, s)
	if len(d.read) != 1+4+20 {
		t.Errorf("%d directories were read", len(d.read))
	}
	d.read = nil
	amount(t, s)
	d.put(t, "pub/1/5/f", 100)
	s.changed("/pub/1/5/f")
	s.changed("/elsewhere/x")
	amount(t, s)
	if fmt.Sprint(d.read) != "[/pub /pub/1 /pub/1/5]" {
		t.Errorf("read %v", d.read)
	}
	random := rand.New(rand.NewPCG(7, 9))
	for range 60 {
		at := func() string { return fmt.Sprintf("pub/%d/%d", random.IntN(4), random.IntN(20)) }
		p, q := at(), at()
		switch random.IntN(4) {
		case 0:
			d.put(t, p+"/g", random.IntN(9))
			s.changed(mirror.Path("/" + p + "/g"))
			s.changed(mirror.Path("/" + p)) // it may have come into being
		case 1:
			os.RemoveAll(filepath.Join(d.dir, p))
		case 2:
			os.Rename(filepath.Join(d.dir, p), filepath.Join(d.dir, q))
		case 3:
			d.put(t, q+"/f", random.IntN(9))
		}
		s.changed(mirror.Path("/" + p))
		s.changed(mirror.Path("/" + q))
		s.changed(mirror.Path("/" + p).Parent())
		s.changed(mirror.Path("/" + q).Parent())
		if random.IntN(3) == 0 {
			continue // several changes may be read at once
		}
		if got, want := amount(t, s), amount(t, newSurvey(d, "/pub")); got != want {
			t.Fatalf("%+v, want %+v", got, want)
		}
	}
}

// What may not be read leaves no digests; what cannot be read now is tried again, from where
// it was left.
func TestSurveyOfWhatCannotBeRead(t *testing.T) {
	d := newDisk(t)
	d.put(t, "pub/a/f", 1)
	d.put(t, "pub/b/f", 1)
	s := newSurvey(d, "/pub")
	whole := amount(t, s)
	d.fail["/pub/b"] = fmt.Errorf("read: %w", fs.ErrPermission)
	s.forget()
	if got := amount(t, s); !got.Blind.Absent() || !got.Exact.Absent() {
		t.Errorf("%+v, want no digests", got)
	}
	gone := errors.New("database gone")
	d.fail["/pub/b"] = gone
	s.changed("/pub/b/f")
	if _, err := s.read(t.Context()); !errors.Is(err, gone) {
		t.Errorf("%v", err)
	}
	delete(d.fail, "/pub/b")
	if got := amount(t, s); got != whole {
		t.Errorf("%+v, want %+v", got, whole)
	}
}
