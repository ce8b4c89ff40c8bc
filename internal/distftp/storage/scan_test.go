package storage

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"mirrortracker/internal/distftp/wire"
	"mirrortracker/internal/testbed"
)

// file writes a file into a folder, as somebody else does.
func (b *bed) file(folder int, name, content string) {
	b.Helper()
	path := filepath.Join(b.config.Folders[folder], name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		b.Fatal(err)
	}
}

func (b *bed) scan(want Scanned) {
	b.Helper()
	got, err := b.Scan(b.Context(), "/")
	if err != nil || got != want {
		b.Errorf("a scan found %+v, %v, want %+v", got, err, want)
	}
}

// A tree that stands in a folder when it becomes a storage's is taken in.
func TestImport(t *testing.T) {
	b := &bed{T: t, config: Config{Folders: []string{t.TempDir(), t.TempDir()}}}
	b.file(0, "pub/a/file", "content")
	b.file(1, "pub/a/other", "else")
	b.file(1, "pub/a/file", "shadow")
	b.file(1, "pub/l\nf", "has a line feed")
	b.file(1, "x\xff", "bytes")
	if err := errors.Join(
		os.Symlink("file", filepath.Join(b.config.Folders[0], "pub/a/link")),
		os.Mkdir(filepath.Join(b.config.Folders[0], "empty"), 0o755),
		syscall.Mkfifo(filepath.Join(b.config.Folders[0], "pipe"), 0o644)); err != nil {
		t.Fatal(err)
	}
	b.init()
	b.open()
	defer b.Close()
	b.has("pub/", "x\xff 0 5", "pub/a/", "pub/a/file 0 7", "pub/a/other 0 4")
	b.scan(Scanned{Files: 3})

	for e, err := range b.Directory(t.Context(), "/pub/a", false) {
		info, errStat := os.Stat(filepath.Join(b.config.Folders[len(e.Name)-4], "pub/a", string(e.Name)))
		if err != nil || errStat != nil || !e.ModTime.Equal(info.ModTime()) {
			t.Errorf("%+v, %v, %v: its time is not told", e, err, errStat)
		}
	}
	if got := b.read(wire.Ref{Path: "/pub/a/file", Size: 7}); got != "content" {
		t.Errorf("it holds %q", got)
	}
	b.apply(wire.Intent{Deed: wire.Remove, Path: "/pub/a/file", Version: 1000}) // meant another one
	b.apply(wire.Intent{Deed: wire.Adopt, Path: "/pub/a/file", Version: 77, Size: 7})
	if got := b.read(wire.Ref{Path: "/pub/a/file", Version: 77, Size: 7}); got != "content" {
		t.Errorf("it holds %q", got)
	}
	b.apply(wire.Intent{Deed: wire.Adopt, Path: "/pub/a/file", Version: 77, Size: 7})
	b.apply(wire.Intent{Deed: wire.Remove, Path: "/pub/a/other", Version: 0})
	b.has("pub/", "x\xff 0 5", "pub/a/", "pub/a/file 77 7")
	if found, _, err := b.Damaged(t.Context(), 0); len(found) != 0 || err != nil {
		t.Errorf("damaged are %v, %v", found, err)
	}
}

// What others do to the disk is found, and not believed.
func TestScan(t *testing.T) {
	b := newBed(t, 2)
	var refs []wire.Ref
	for i := range 7 {
		refs = append(refs, b.upload(wire.Path(fmt.Sprintf("/dir/%d", i)), fmt.Sprintf("content %d", i)))
	}
	at := func(i int) string { return filepath.Join(b.config.Folders[0], "dir", fmt.Sprint(i)) }
	when := time.Unix(1e9, 5)
	if err := errors.Join(
		os.Remove(at(0)),
		os.WriteFile(at(1), []byte("other size"), 0o644),
		os.WriteFile(at(2), []byte("CONTENT 2"), 0o644),
		os.Chtimes(at(3), time.Now(), time.Now()),
		os.WriteFile(at(4)+".copy", []byte("content 4"), 0o644), os.Chtimes(at(4)+".copy", when, when), os.Rename(at(4)+".copy", at(4)), // from a backup
		os.MkdirAll(filepath.Join(b.config.Folders[1], "dir"), 0o755), os.Rename(at(5), filepath.Join(b.config.Folders[1], "dir/5")),
	); err != nil {
		t.Fatal(err)
	}
	b.file(0, "dir/new", "new")
	for i := range 6 {
		b.refuses(refs[i], wire.Absent)
	}
	b.scan(Scanned{Files: 7, Missing: 1, Changed: 2, New: 1})
	for _, i := range []int{3, 4, 5, 6} {
		if got := b.read(refs[i]); got != fmt.Sprintf("content %d", i) {
			t.Errorf("%d holds %q", i, got)
		}
	}
	var told []string
	found, _, err := b.Damaged(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range found {
		told = append(told, fmt.Sprint(d.Ref.Path, " ", d.Fault))
	}
	b.same("damaged", told, "/dir/0 missing", "/dir/1 resized", "/dir/2 rotten")
	line := func(i int) string { return fmt.Sprintf("dir/%d %d 9", i, refs[i].Version) }
	b.has("dir/", "dir/1 0 10", "dir/2 0 9", line(3), line(4), line(5), line(6), "dir/new 0 3")
	b.scan(Scanned{Files: 7})
}

// What seems to have been changed is looked at as soon as somebody wants it.
func TestSuspects(t *testing.T) {
	b := newBed(t, 1)
	touched, gone := b.upload("/touched", "content"), b.upload("/gone", "content")
	if err := errors.Join(
		os.Chtimes(filepath.Join(b.config.Folders[0], "touched"), time.Now(), time.Now()),
		os.Remove(filepath.Join(b.config.Folders[0], "gone"))); err != nil {
		t.Fatal(err)
	}
	b.run()
	b.refuses(touched, wire.Absent)
	b.refuses(gone, wire.Absent)
	b.until(func() bool {
		found, _, err := b.Damaged(t.Context(), 0)
		return err == nil && len(found) == 1 && found[0].Ref == gone && found[0].Fault == wire.Missing
	})
	b.read(touched)
}

// Files at rest are read, and what has rotted is taken away and told, until there is better
// content.
func TestVerification(t *testing.T) {
	b := newBed(t, 1)
	b.file(0, "imported", "from elsewhere")
	b.scan(Scanned{Files: 1, New: 1})
	var refs []wire.Ref
	for i := range 250 {
		refs = append(refs, b.upload(wire.Path(fmt.Sprintf("/%d/file", i%10)+fmt.Sprint(i)), fmt.Sprintf("content %d", i)))
	}
	rotten := refs[123]
	path := filepath.Join(b.config.Folders[0], string(rotten.Path))
	if err := errors.Join(
		os.WriteFile(path, []byte("c0ntent 123"), 0o644),
		os.Chtimes(path, time.Unix(1e9, 5), time.Unix(1e9, 5))); err != nil {
		t.Fatal(err)
	}
	b.read(rotten) // nobody can know yet
	b.config.Verify = 1 << 30
	b.reopen()
	b.run()
	b.until(func() bool {
		found, _, err := b.Damaged(t.Context(), 0)
		return err == nil && len(found) == 1 && found[0].Ref == rotten && found[0].Fault == wire.Rotten
	})
	b.refuses(rotten, wire.Absent)
	b.until(func() bool {
		for e, err := range b.Directory(t.Context(), "/", false) {
			if err == nil && e.Name == "imported" && e.Sums != nil {
				return true
			}
		}
		return false
	})
	if n := len(b.entries()); n != 10+250 {
		t.Errorf("it has %d entries", n)
	}
	b.reopen()
	if found, _, err := b.Damaged(t.Context(), 0); err != nil || len(found) != 1 {
		t.Errorf("after the next start it tells %v, %v", found, err)
	}
	if kept, err := os.ReadDir(filepath.Join(b.config.Folders[0], damagedDir)); err != nil || len(kept) != 1 {
		t.Errorf("kept are %v, %v", kept, err)
	}
	// The master brings a copy of it.
	in := b.publication(rotten.Path, b.prepare("content 123"))
	in.Version = rotten.Version
	b.apply(in)
	b.read(rotten)
	if found, _, err := b.Damaged(t.Context(), 0); err != nil || len(found) != 0 {
		t.Errorf("mended, it tells %v, %v", found, err)
	}
	if kept, err := os.ReadDir(filepath.Join(b.config.Folders[0], damagedDir)); err != nil || len(kept) != 0 {
		t.Errorf("kept are %v, %v", kept, err)
	}
	b.entries()
}

// What the slave's user may not read is passed over, and does not end a scan.
func TestUnreadable(t *testing.T) {
	testbed.Need(t, "root") // to be somebody else
	b := newBed(t, 1)
	b.file(0, "closed", "closed")
	b.file(0, "lost+found/file", "closed")
	b.file(0, "open", "open")
	ours := b.upload("/ours", "content")
	in := func(name string) string { return filepath.Join(b.config.Folders[0], name) }
	if err := errors.Join(os.Chmod(in("closed"), 0o600), os.Chmod(in("lost+found"), 0o700), os.Chmod(in("ours"), 0)); err != nil {
		t.Fatal(err)
	}
	asNobody(t, func() {
		if got, err := b.Scan(t.Context(), "/"); err != nil || got != (Scanned{Files: 1, New: 1, Missing: 1}) {
			t.Errorf("a scan found %+v, %v", got, err)
		}
	})
	b.has("open 0 4")
	if found, _, err := b.Damaged(t.Context(), 0); err != nil || len(found) != 1 || found[0].Ref != ours {
		t.Errorf("damaged are %v, %v", found, err)
	}
}

// asNobody does something with the rights of another user to files.
func asNobody(t *testing.T, do func()) {
	t.Helper()
	runtime.LockOSThread() // file rights are those of a thread
	defer runtime.UnlockOSThread()
	if err := syscall.Setfsuid(65534); err != nil {
		t.Fatal(err)
	}
	defer syscall.Setfsuid(0)
	do()
}
