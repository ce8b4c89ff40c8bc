package storage

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mirrortracker/internal/distftp/wire"
	"mirrortracker/internal/testbed"
)

func TestFoldersThatDoNotBelongTogether(t *testing.T) {
	b := newBed(t, 3)
	file := b.upload("/file", "content")
	first, second, third := b.config.Folders[0], b.config.Folders[1], b.config.Folders[2]
	other := newBed(t, 1).config.Folders[0]
	fresh, missing := t.TempDir(), filepath.Join(t.TempDir(), "missing")

	if _, err := Open(t.Context(), b.config); !errors.Is(err, ErrLocked) {
		t.Errorf("for the second time: %v", err)
	}
	if _, err := Init(t.Context(), b.config); !errors.Is(err, ErrLocked) {
		t.Errorf("to make it while it is used: %v", err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		folders []string
		want    error
	}{
		{[]string{first, second}, ErrFolder},
		{[]string{first, third}, ErrFolder},
		{[]string{second, third}, ErrFolder},
		{[]string{first, second, fresh}, ErrFolder},
		{[]string{first, second, missing}, ErrFolder},
		{[]string{first, second, other}, ErrLocked},
		{[]string{first, second, third, third}, ErrLocked},
		{[]string{first, second, third, fresh}, ErrFolder},
		{[]string{fresh}, ErrNew},
		{[]string{fresh, missing}, ErrNew},
	} {
		if s, err := Open(t.Context(), Config{Folders: tt.folders}); !errors.Is(err, tt.want) {
			t.Errorf("%v: %v", tt.folders, err)
			if err == nil {
				s.Close()
			}
		}
	}
	for _, folders := range [][]string{{}, {fresh, first, second, third}, {missing}} {
		if _, err := Init(t.Context(), Config{Folders: folders}); err == nil {
			t.Errorf("%v were made a storage", folders)
		}
	}
	// In another order, and with one more.
	b.config.Folders = []string{first, third, second, fresh}
	b.file(3, "there", "before")
	id, err := Init(t.Context(), b.config)
	if err != nil || id != b.id {
		t.Fatalf("%s became %s, %v", b.id, id, err)
	}
	b.open()
	b.read(file)
	if got := b.read(wire.Ref{Path: "/there", Size: 6}); got != "before" {
		t.Errorf("it holds %q", got)
	}
}

// A folder in which the making of a storage ended early is made one the next time.
func TestInitAgain(t *testing.T) {
	b := newBed(t, 2)
	b.Close()
	if err := os.Remove(filepath.Join(b.config.Folders[1], markerName)); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), b.config); !errors.Is(err, ErrFolder) {
		t.Errorf("without a marker: %v", err)
	}
	id, err := Init(t.Context(), b.config)
	if err != nil || id != b.id {
		t.Errorf("%s became %s, %v", b.id, id, err)
	}
	for _, folder := range b.config.Folders {
		if err := os.Remove(filepath.Join(folder, markerName)); err != nil {
			t.Fatal(err)
		}
	}
	if id, err := Init(t.Context(), b.config); err != nil || id != b.id {
		t.Errorf("with its index, %s became %s, %v", b.id, id, err)
	}
	b.open()
}

// A disk that is lost is replaced by an empty folder, and what was on it is missing.
func TestLostDisk(t *testing.T) {
	b := newBed(t, 3)
	var refs []wire.Ref
	for i, f := range b.folders {
		c, err := b.receiveIn(f, b.tick())
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(c, "content")
		p, err := c.Commit(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		c.Close()
		in := b.publication(wire.Path("/"+strings.Repeat("x", i+1)), p)
		b.apply(in)
		refs = append(refs, wire.Ref{Path: in.Path, Version: in.Version, Size: 7})
	}
	b.Close()
	b.config.Folders[1] = t.TempDir()
	b.init()
	b.open()
	b.read(refs[0])
	b.read(refs[2])
	found, _, err := b.Damaged(t.Context(), 0)
	if err != nil || len(found) != 1 || found[0].Ref != refs[1] || found[0].Fault != wire.Missing {
		t.Errorf("it tells %v, %v", found, err)
	}
	b.entries()
}

func TestDamagedIndex(t *testing.T) {
	b := newBed(t, 1)
	b.upload("/file", "content")
	b.Close()
	index := filepath.Join(b.config.Folders[0], indexName)
	for _, damage := range []func() error{
		func() error { return os.WriteFile(index, []byte("something else that is long enough"), 0o600) },
		func() error { return os.Truncate(index, 0) },
		func() error { return os.Remove(index) },
	} {
		if err := damage(); err != nil {
			t.Fatal(err)
		}
		if s, err := Open(t.Context(), b.config); err == nil {
			s.Close()
			t.Error("it is used")
		} else if !strings.Contains(err.Error(), ownDir) {
			t.Error(err)
		}
	}
	if err := os.RemoveAll(filepath.Join(b.config.Folders[0], ownDir)); err != nil {
		t.Fatal(err)
	}
	b.init()
	b.open()
	b.has("file 0 7")
}

// A full disk takes nothing, says so, and is as it was; so does one that cannot be written.
func TestFullDisk(t *testing.T) {
	disk := os.Getenv("STORAGE_TEST_DISK")
	if disk == "" {
		inNamespace(t, "^TestFullDisk$")
		return
	}
	b := &bed{T: t, config: Config{Folders: []string{disk}}}
	b.init()
	b.open()
	kept := b.upload("/kept", "content")
	big := strings.Repeat("0123456789abcdef", 1<<13)
	var reasons []wire.Reason
	for range 80 {
		c, err := b.Prepare(t.Context(), b.tick(), nil, 0, 0)
		if err == nil {
			if _, err = io.WriteString(c, big); err == nil {
				_, err = c.Commit(t.Context(), nil)
			}
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		}
		if err != nil {
			reasons = append(reasons, reason(err))
		}
	}
	if slices.ContainsFunc(reasons, func(r wire.Reason) bool { return r != wire.Full }) || len(reasons) < 10 {
		t.Errorf("it refused with %v", reasons)
	}
	if is, err := b.State(t.Context()); err != nil || is.Fault != "" && is.Fault != "disk is full" {
		t.Errorf("it says %+v, %v", is, err)
	}
	// What is prepared can be published, or the intent waits until there is room.
	ops, err := b.Operations(t.Context())
	if err != nil || len(ops) == 0 {
		t.Fatal(ops, err)
	}
	in := []wire.Intent{b.intend(b.publication("/big", ops[0]))}
	if applied, err := b.Apply(t.Context(), in); err != nil {
		if reason(err) != wire.Full && reason(err) != wire.WriteError || applied == b.last {
			t.Errorf("applied %d, %v", applied, err)
		}
	}
	var all []uint64
	for _, op := range ops[1:] {
		all = append(all, op.Op)
	}
	if err := b.Forget(t.Context(), all); err != nil {
		t.Error(err)
	}
	if applied, err := b.Apply(t.Context(), in); err != nil || applied != b.last {
		t.Errorf("with room again it applied %d, %v", applied, err)
	}
	b.nothingPrepared()
	b.read(kept)

	// As after an error of the disk.
	if out, err := exec.Command("mount", "-o", "remount,abort", disk).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if _, err := b.Prepare(t.Context(), b.tick(), nil, 0, 0); reason(err) != wire.WriteError {
		t.Errorf("to receive: %v", err)
	}
	if is, err := b.State(t.Context()); err != nil || is.Fault != "read-only" || is.Free != 0 {
		t.Errorf("read-only it says %+v, %v", is, err)
	}
	removal := []wire.Intent{b.intend(wire.Intent{Deed: wire.Remove, Path: "/kept", Version: 1000})}
	if _, err := b.Apply(t.Context(), removal); reason(err) != wire.WriteError {
		t.Errorf("to remove: %v", err)
	}
	b.last = removal[0].Prev
	b.read(kept)
	b.entries()
}

// inNamespace runs a test again where it has a small disk of its own.
func inNamespace(t *testing.T, test string) {
	t.Helper()
	testbed.Need(t, "loop")
	dir := t.TempDir()
	const script = `truncate -s 8M "$1/image" && mkfs.ext4 -q -O ^has_journal "$1/image" && mkdir "$1/disk" && mount -o loop "$1/image" "$1/disk" && ` +
		`STORAGE_TEST_DISK=$1/disk exec "$2" -test.run "$3"`
	out, err := exec.Command("unshare", "--mount", "sh", "-c", script, "sh", dir, os.Args[0], test).CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
