package storage

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"mirrortracker/internal/distftp/wire"
)

func TestRemove(t *testing.T) {
	b := newBed(t, 1)
	file, other := b.upload("/a/b/c/file", "content"), b.upload("/a/other", "o")
	b.apply(wire.Intent{Deed: wire.Remove, Path: "/a/b/c/file", Version: file.Version - 1}) // an older one
	b.read(file)
	b.apply(wire.Intent{Deed: wire.Remove, Path: "/a/b/c/file", Version: file.Version})
	b.refuses(file, wire.Absent)
	b.disk("a/", "a/other")
	b.has("a/", fmt.Sprintf("a/other %d 1", other.Version))
	b.apply(
		wire.Intent{Deed: wire.Remove, Path: "/a/b/c/file", Version: 1000}, // what is not there
		wire.Intent{Deed: wire.Remove, Path: "/a/other", Version: 1000},
		wire.Intent{Deed: wire.Remove, Path: "/a/other/file", Version: 1000})
	b.disk()
	b.has()
}

func TestRename(t *testing.T) {
	for _, folders := range []int{1, 3} {
		b := newBed(t, folders)
		var refs []wire.Ref
		for i := range 9 {
			refs = append(refs, b.upload(wire.Path(fmt.Sprintf("/from/%d/file", i)), fmt.Sprint(i)))
		}
		replaced := b.upload("/to/0", "replaced")
		b.apply(
			wire.Intent{Deed: wire.Rename, Path: "/from/0/file", To: "/to/0"},
			wire.Intent{Deed: wire.Rename, Path: "/from/1/file", To: "/to/new/deep/1"},
			wire.Intent{Deed: wire.Rename, Path: "/from/2/file", To: "/from/2/renamed"},
			wire.Intent{Deed: wire.Rename, Path: "/from/2/renamed", To: "/from/2/renamed"},
			wire.Intent{Deed: wire.Rename, Path: "/none", To: "/to/none"})
		b.refuses(replaced, wire.Absent)
		b.refuses(refs[0], wire.Absent)
		for i, path := range []wire.Path{"/to/0", "/to/new/deep/1", "/from/2/renamed", "/from/3/file"} {
			ref := refs[i]
			if ref.Path = path; b.read(ref) != fmt.Sprint(i) {
				t.Errorf("%s holds something else", path)
			}
		}
		b.apply(wire.Intent{Deed: wire.Rename, Path: "/from", To: "/to/new/from"})
		b.apply(wire.Intent{Deed: wire.Rename, Path: "/to", To: "/there"})
		for i := 3; i < 9; i++ {
			ref := refs[i]
			if ref.Path = wire.Path(fmt.Sprintf("/there/new/from/%d/file", i)); b.read(ref) != fmt.Sprint(i) {
				t.Errorf("%s holds something else", ref.Path)
			}
		}
		b.entries()
		b.apply(wire.Intent{Deed: wire.RemoveDir, Path: "/there"})
		if got := b.entries(); len(got) < 9 {
			t.Errorf("a directory that is not empty was removed: %q", got)
		}
	}
}

func TestRemoveDir(t *testing.T) {
	b := newBed(t, 2)
	for i, folder := range b.config.Folders {
		if err := os.MkdirAll(filepath.Join(folder, "a", fmt.Sprint(i), "c"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(b.config.Folders[0], "file"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	b.apply(wire.Intent{Deed: wire.RemoveDir, Path: "/a"}, wire.Intent{Deed: wire.RemoveDir, Path: "/file"}, wire.Intent{Deed: wire.RemoveDir, Path: "/none"})
	b.disk("file")
}

// Each intent once, in order, whoever delivers it and how often.
func TestDelivery(t *testing.T) {
	b := newBed(t, 1)
	var intents []wire.Intent
	for i := range 120 {
		intents = append(intents, b.intend(b.publication(wire.Path(fmt.Sprintf("/%d/%d", i%7, i%50)), b.prepare(fmt.Sprint(i)))))
	}
	if applied, err := b.Apply(t.Context(), intents[1:]); applied != 0 || reason(err) != wire.Behind {
		t.Errorf("without the first one it applied %d, %v", applied, err)
	}
	gap := append([]wire.Intent{intents[0], intents[1]}, intents[3:]...)
	if applied, err := b.Apply(t.Context(), gap); applied != intents[1].Seq || reason(err) != wire.Behind {
		t.Errorf("with a gap it applied %d, %v", applied, err)
	}
	var masters sync.WaitGroup
	for range 3 {
		masters.Go(func() {
			for n := 10; n <= len(intents); n += 10 {
				if applied, err := b.Apply(t.Context(), intents[:n]); applied < intents[n-1].Seq || err != nil {
					t.Errorf("applied %d, %v", applied, err)
				}
			}
		})
	}
	masters.Wait()
	b.nothingPrepared()
	for i := 70; i < 120; i++ {
		in := intents[i]
		if got := b.read(wire.Ref{Path: in.Path, Version: in.Version, Size: in.Size}); got != fmt.Sprint(i) {
			t.Errorf("%s holds %s", in.Path, got)
		}
	}
	is, err := b.State(t.Context())
	if err != nil || is.Applied != b.last || is.Storage == "" || is.Free <= 0 || is.Total < is.Free || is.Fault != "" {
		t.Errorf("it says %+v, %v", is, err)
	}
}

// What can never be done does not keep from what comes after it, and is told.
func TestImpossible(t *testing.T) {
	b := newBed(t, 1)
	p := b.prepare("content")
	big := b.publication("/resized", p)
	big.Size++
	in := []wire.Intent{
		{Deed: wire.Publish, Path: "/lost", Op: 9999, Version: 7, Size: 3},
		big,
		{Deed: wire.Adopt, Path: "/none", Version: 8, Size: 3},
		{Deed: wire.Publish, Path: "/.ftpd-slave/index.db", Op: p.Op, Version: 9, Size: 7},
		{Deed: wire.Publish, Path: "/../up", Op: p.Op, Version: 9, Size: 7},
		{Deed: wire.Rename, Path: "/.ftpd-slave", To: "/mine"},
		{Deed: wire.Rename, Path: "/a", To: "/.ftpd-slave/prepared"},
		{Deed: wire.Remove, Path: "/.ftpd-slave/identity", Version: 1000},
		{Deed: wire.RemoveDir, Path: "/"},
		{Deed: wire.Rename, Path: "/", To: "/below"},
	}
	b.apply(in...)
	found, next, err := b.Damaged(t.Context(), 0)
	var told []string
	for _, d := range found {
		if d.Fault != wire.Missing || d.Text == "" {
			t.Errorf("told is %+v", d)
		}
		told = append(told, string(d.Ref.Path))
	}
	if got := strings.Join(told, " "); got != "/lost /resized /none /.ftpd-slave/index.db /../up" || err != nil {
		t.Errorf("told are %s, %v", got, err)
	}
	if more, _, err := b.Damaged(t.Context(), next); len(more) != 0 || err != nil {
		t.Errorf("more is told: %v, %v", more, err)
	}
	// It is told until the master has done something about it.
	b.apply(
		wire.Intent{Deed: wire.Remove, Path: "/lost", Version: 7},
		b.publication("/resized", p))
	b.reopen()
	if left, _, err := b.Damaged(t.Context(), 0); len(left) != 3 || err != nil {
		t.Errorf("left are %v, %v", left, err)
	}
	b.disk("resized")
	if applied, err := b.Apply(t.Context(), []wire.Intent{b.intend(wire.Intent{Deed: "fold", Path: "/resized"})}); reason(err) != wire.Invalid || applied == b.last {
		t.Errorf("an unknown deed: applied %d, %v", applied, err)
	}
}

// What came from elsewhere is never removed or overwritten by who did not mean it.
func TestFilesFromElsewhere(t *testing.T) {
	for _, scanned := range []bool{false, true} {
		t.Run(fmt.Sprintf("scanned=%v", scanned), func(t *testing.T) {
			b := newBed(t, 2)
			known := b.upload("/known/file", "known")
			b.upload("/moved/file", "moved")
			ours, theirs := b.config.Folders[0], b.config.Folders[1]
			for name, text := range map[string]string{
				"file": "1", "dir/sub/file": "2", "way": "3", "known/other": "4", "target/file": "5", "removed": "6",
			} {
				for _, folder := range []string{ours, theirs} {
					if err := os.MkdirAll(filepath.Dir(filepath.Join(folder, name)), 0o755); err != nil {
						t.Fatal(err)
					}
				}
				if err := os.WriteFile(filepath.Join(theirs, name), []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if scanned {
				if _, err := b.Scan(t.Context(), "/"); err != nil {
					t.Fatal(err)
				}
			}
			b.upload("/file", "published")
			b.upload("/dir", "published")
			b.upload("/way/to/file", "published")
			b.apply(
				wire.Intent{Deed: wire.Rename, Path: "/known/file", To: "/known/other"},
				wire.Intent{Deed: wire.Rename, Path: "/moved", To: "/target"},
				wire.Intent{Deed: wire.Remove, Path: "/removed", Version: 1000})
			known.Path = "/known/other"
			b.read(known)
			want := []string{"dir.elsewhere-1/sub/file 2", "file.elsewhere-1 1", "known/other.elsewhere-1 4", "removed 6", "target.elsewhere-1/file 5", "way.elsewhere-1 3"}
			if !scanned { // and not in the way, being in another folder
				want[4], want[5] = "target/file 5", "way 3"
			}
			var got []string
			err := filepath.WalkDir(theirs, func(path string, e os.DirEntry, err error) error {
				if err != nil || e.IsDir() || strings.Contains(path, ownDir) {
					return err
				}
				text, err := os.ReadFile(path)
				got = append(got, path[len(theirs)+1:]+" "+string(text))
				return err
			})
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("there are %q, %v, want %q", got, err, want)
			}
			before := b.entries()
			found, err := b.Scan(t.Context(), "/")
			if err != nil || found.Missing != 0 || found.Changed != 0 || scanned && found.New != 0 || !scanned && found.New != 4 /* one is behind a file of ours, one behind a directory */ {
				t.Errorf("a scan finds %+v, %v", found, err)
			}
			if after := b.entries(); len(after) <= len(before) != scanned {
				t.Errorf("before the scan it had %q, then %q", before, after)
			}
		})
	}
}
