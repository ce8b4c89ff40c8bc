package storage

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mirrortracker/internal/distftp/wire"
)

// A bed is a storage under test, with a master's part of its work.
type bed struct {
	*testing.T
	*Storage
	config Config
	clock  uint64
	last   uint64 // intent
	stop   func() // what runs in the background
}

func newBed(t *testing.T, folders int) *bed {
	t.Helper()
	b := &bed{T: t, stop: func() {}}
	for range folders {
		b.config.Folders = append(b.config.Folders, t.TempDir())
	}
	b.init()
	b.open()
	t.Cleanup(func() { b.Storage.Close() })
	return b
}

func (b *bed) init() {
	b.Helper()
	if _, err := Init(b.Context(), b.config); err != nil {
		b.Fatal(err)
	}
}

func (b *bed) open() {
	b.Helper()
	s, err := Open(b.Context(), b.config)
	if err != nil {
		b.Fatal(err)
	}
	b.Storage = s
}

func (b *bed) reopen() {
	b.Helper()
	b.stop()
	if err := b.Storage.Close(); err != nil {
		b.Fatal(err)
	}
	b.open()
}

func (b *bed) tick() uint64 {
	b.clock++
	return b.clock
}

// prepare prepares content and returns its operation.
func (b *bed) prepare(content string) wire.Prepared {
	b.Helper()
	c, err := b.Prepare(b.Context(), b.tick(), nil, 0, 0)
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	if err := c.Begin(b.Context()); err != nil {
		b.Fatal(err)
	}
	if _, err := io.WriteString(c, content); err != nil {
		b.Fatal(err)
	}
	p, err := c.Commit(b.Context(), nil)
	if err != nil {
		b.Fatal(err)
	}
	if p.Size != int64(len(content)) || p.CRC32 != crc32.ChecksumIEEE([]byte(content)) {
		b.Fatalf("prepared %+v of %q", p, content)
	}
	return p
}

// intend numbers an intent.
func (b *bed) intend(in wire.Intent) wire.Intent {
	in.Prev, in.Seq = b.last, b.tick()
	b.last = in.Seq
	return in
}

func (b *bed) apply(intents ...wire.Intent) {
	b.Helper()
	for i := range intents {
		intents[i] = b.intend(intents[i])
	}
	applied, err := b.Apply(b.Context(), intents)
	if err != nil || applied != b.last {
		b.Fatalf("applied %d of %d, %v", applied, b.last, err)
	}
}

// upload publishes content and returns how to read it.
func (b *bed) upload(path wire.Path, content string) wire.Ref {
	b.Helper()
	p := b.prepare(content)
	in := b.publication(path, p)
	b.apply(in)
	return wire.Ref{Path: path, Version: in.Version, Size: p.Size}
}

func (b *bed) publication(path wire.Path, p wire.Prepared) wire.Intent {
	return wire.Intent{Deed: wire.Publish, Path: path, Op: p.Op, Version: b.tick(), Size: p.Size, ModTime: time.Unix(1e9, 5)}
}

func (b *bed) read(ref wire.Ref) string {
	b.Helper()
	f, err := b.Open(b.Context(), ref, b.last)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	text, err := io.ReadAll(f)
	if err != nil {
		b.Fatal(err)
	}
	return string(text)
}

// refuses checks that a file cannot be opened, and why.
func (b *bed) refuses(ref wire.Ref, want wire.Reason) {
	b.Helper()
	f, err := b.Open(b.Context(), ref, 0)
	if err == nil {
		f.Close()
	}
	if reason(err) != want {
		b.Errorf("%+v: %v, want %q", ref, err, want)
	}
}

func reason(err error) wire.Reason {
	if f, ok := errors.AsType[*wire.Failure](err); ok {
		return f.Reason
	}
	return ""
}

// entries lists everything, one line for each, and checks all digests and sums on the way.
func (b *bed) entries() []string {
	b.Helper()
	var all []string
	digests := map[wire.Path]*wire.SyncDigest{"": {}}
	told := map[wire.Path]wire.SyncDigest{}
	var files, bytes int64
	for e, err := range b.Directory(b.Context(), "/", true) {
		if err != nil {
			b.Fatal(err)
		}
		line := string(e.Name)
		above, name := "", string(e.Name)
		if i := strings.LastIndexByte(name, '/'); i >= 0 {
			above, name = name[:i], name[i+1:]
		}
		plain := e
		plain.Name = wire.Path(name)
		digests[wire.Path(above)].Add(plain.Digest())
		if e.Kind == wire.Directory {
			line += "/"
			digests[e.Name] = &wire.SyncDigest{}
			told[e.Name] = e.Sub
		} else {
			line += fmt.Sprintf(" %d %d", e.Version, e.Size)
			files++
			bytes += e.Size
		}
		all = append(all, line)
	}
	is, err := b.State(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	told[""] = is.Digest
	for p, want := range digests {
		if told[p] != *want {
			b.Errorf("the digest of %q is %s, its content has %s", p, told[p], want)
		}
	}
	if is.Files != files || is.Bytes != bytes {
		b.Errorf("it says %d files, %d bytes, and has %d, %d", is.Files, is.Bytes, files, bytes)
	}
	return all
}

func (b *bed) has(want ...string) {
	b.Helper()
	if got := b.entries(); !slices.Equal(got, want) {
		b.Errorf("it has\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// onDisk lists what stands in all folders, but for what is the storage's own.
func (b *bed) onDisk() []string {
	b.Helper()
	var all []string
	for _, folder := range b.config.Folders {
		err := filepath.WalkDir(folder, func(path string, e os.DirEntry, err error) error {
			if err != nil || path == folder {
				return err
			}
			name := path[len(folder)+1:]
			if name == ownDir {
				return filepath.SkipDir
			}
			if e.IsDir() {
				name += "/"
			}
			all = append(all, name)
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	slices.Sort(all)
	return all
}

func (b *bed) disk(want ...string) {
	b.Helper()
	if got := b.onDisk(); !slices.Equal(got, want) {
		b.Errorf("on the disk are %q, want %q", got, want)
	}
}

func (b *bed) nothingPrepared() {
	b.Helper()
	ops, err := b.Operations(b.Context())
	if err != nil || len(ops) != 0 {
		b.Errorf("prepared are %v, %v", ops, err)
	}
	for _, folder := range b.config.Folders {
		left, err := os.ReadDir(filepath.Join(folder, preparedDir))
		if err != nil || len(left) != 0 {
			b.Errorf("left in %s are %v, %v", folder, left, err)
		}
	}
}

// same compares lists.
func (b *bed) same(what string, got []string, want ...string) {
	b.Helper()
	if !slices.Equal(got, want) {
		b.Errorf("%s are %q, want %q", what, got, want)
	}
}

// run has the storage verify in the background, until the test or its use ends.
func (b *bed) run() {
	ctx, cancel := context.WithCancel(b.Context())
	ended := make(chan struct{})
	s := b.Storage
	go func() {
		defer close(ended)
		s.Run(ctx)
	}()
	b.stop = func() {
		cancel()
		<-ended
	}
	b.Cleanup(b.stop)
}

// until waits for something that changes what the storage tells.
func (b *bed) until(is func() bool) {
	b.Helper()
	for limit := time.After(30 * time.Second); ; {
		changed := b.Changed()
		if is() {
			return
		}
		select {
		case <-changed:
		case <-limit:
			b.Fatal("it did not come about")
		}
	}
}

func TestUploads(t *testing.T) {
	b := newBed(t, 1)
	ref := b.upload("/pub/a/file", "content")
	if got := b.read(ref); got != "content" {
		t.Errorf("it holds %q", got)
	}
	b.disk("pub/", "pub/a/", "pub/a/file")
	b.has("pub/", "pub/a/", fmt.Sprintf("pub/a/file %d 7", ref.Version))
	b.nothingPrepared()

	info, err := os.Stat(filepath.Join(b.config.Folders[0], "pub/a/file"))
	if err != nil || !info.ModTime().Equal(time.Unix(1e9, 5)) || info.Mode() != 0o644 {
		t.Errorf("it is %v, %v", info, err)
	}

	newer := b.upload("/pub/a/file", "other")
	if got := b.read(newer); got != "other" {
		t.Errorf("it holds %q", got)
	}
	b.refuses(ref, wire.Absent)
	b.refuses(wire.Ref{Path: "/pub/a/file", Version: newer.Version, Size: 4}, wire.Absent)
	b.refuses(wire.Ref{Path: "/pub/none"}, wire.Absent)
	b.refuses(wire.Ref{Path: "/pub/a"}, wire.Absent)
	b.refuses(wire.Ref{Path: "/../etc/passwd"}, wire.Absent)
	b.refuses(wire.Ref{Path: "/.ftpd-slave/identity"}, wire.Absent)
	b.reopen()
	if got := b.read(newer); got != "other" {
		t.Errorf("after the next start it holds %q", got)
	}
}

func TestReadersKeepWhatTheyOpened(t *testing.T) {
	b := newBed(t, 1)
	ref := b.upload("/file", "content")
	f, err := b.Open(t.Context(), ref, b.last)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b.upload("/file", "other")
	b.apply(wire.Intent{Deed: wire.Remove, Path: "/file", Version: b.clock})
	text, err := io.ReadAll(f)
	if string(text) != "content" || err != nil {
		t.Errorf("read %q, %v", text, err)
	}
}

func TestUploadsGoOn(t *testing.T) {
	for _, sha := range []bool{false, true} {
		b := newBed(t, 2)
		b.config.SHA256 = sha
		b.reopen()
		ref := b.upload("/file", "content")
		c, err := b.Prepare(t.Context(), b.tick(), &ref, 3, b.last)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Begin(t.Context()); err != nil {
			t.Fatal(err)
		}
		io.WriteString(c, "fused")
		p, err := c.Commit(t.Context(), nil)
		if err != nil || p.CRC32 != crc32.ChecksumIEEE([]byte("confused")) || (p.SHA256 != nil) != sha {
			t.Errorf("prepared %+v, %v", p, err)
		}
		c.Close()
		if b.read(ref) != "content" {
			t.Error("it shows before it is published")
		}
		b.apply(b.publication("/file", p))
		if got := b.read(wire.Ref{Path: "/file", Version: b.clock - 1, Size: 8}); got != "confused" {
			t.Errorf("it holds %q", got)
		}
		if _, err := b.Prepare(t.Context(), b.tick(), &ref, 8, 0); reason(err) != wire.Offset {
			t.Errorf("to go on behind the end: %v", err)
		}
		if _, err := b.Prepare(t.Context(), b.tick(), &ref, 3, 0); reason(err) != wire.Absent {
			t.Errorf("to go on from what is replaced: %v", err)
		}
	}
}

func TestWhatIsNotWanted(t *testing.T) {
	b := newBed(t, 1)
	want := b.prepare("content")
	for _, text := range []string{"contend", "content!", ""} {
		c, err := b.Prepare(t.Context(), b.tick(), nil, 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(c, text)
		if _, err := c.Commit(t.Context(), &want); reason(err) != wire.Differs {
			t.Errorf("%q: %v", text, err)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	c, err := b.Prepare(t.Context(), b.tick(), nil, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(c, "content")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Commit(ctx, &want); !errors.Is(err, context.Canceled) {
		t.Errorf("after its end: %v", err)
	}
	c.Close()
	ops, err := b.Operations(t.Context())
	if err != nil || len(ops) != 1 || ops[0].Op != want.Op {
		t.Errorf("prepared are %+v, %v", ops, err)
	}
	if _, err := b.Prepare(t.Context(), want.Op, nil, 0, 0); reason(err) != wire.Invalid {
		t.Errorf("an operation for the second time: %v", err)
	}
	b.reopen()
	if ops, err := b.Operations(t.Context()); err != nil || len(ops) != 1 || ops[0].Op != want.Op || ops[0].CRC32 != want.CRC32 {
		t.Errorf("after the next start prepared are %+v, %v", ops, err)
	}
	if err := b.Forget(t.Context(), []uint64{want.Op, 12345}); err != nil {
		t.Error(err)
	}
	b.nothingPrepared()
}

func TestDuplicates(t *testing.T) {
	for _, sha := range []bool{false, true} {
		b := newBed(t, 2)
		content := string(bytes.Repeat([]byte("0123456789"), 100_000))
		ref := b.upload("/file", content) // without SHA-256
		b.config.SHA256 = sha
		b.reopen()
		op := b.tick()
		p, err := b.Duplicate(t.Context(), wire.Duplicate{Op: op, Ref: ref, After: b.last})
		if err != nil || p.CRC32 != crc32.ChecksumIEEE([]byte(content)) || (p.SHA256 != nil) != sha {
			t.Fatalf("prepared %+v, %v", p, err)
		}
		again, err := b.Duplicate(t.Context(), wire.Duplicate{Op: op, Ref: ref, After: b.last})
		if err != nil || again.CRC32 != p.CRC32 || again.Size != p.Size {
			t.Errorf("asked again it prepared %+v, %v", again, err)
		}
		b.apply(b.publication("/copy", p))
		if b.read(ref) != content || b.read(wire.Ref{Path: "/copy", Version: b.clock - 1, Size: ref.Size}) != content {
			t.Error("they hold something else")
		}
		b.nothingPrepared()
	}
}
