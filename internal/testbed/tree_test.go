package testbed

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// now is the present of the test trees here.
var now = time.Date(2026, 11, 20, 15, 4, 5, 0, time.UTC)

// Cases of docs/digest-v1.md's vectors, by name.
func TestShellDigestsVectors(t *testing.T) {
	const emptyDigest = "d41d8cd98f00b204e9800998ecf8427e"
	type file struct {
		name, date string
		size       int64
	}
	tests := []struct {
		name  string
		files []file
		links []string
		want  Digests
	}{
		{"empty", nil, nil, Digests{emptyDigest, emptyDigest}},
		{"sort is by raw bytes", []file{
			{"b", "2024-02-29", 1}, {"B", "2024-02-29", 2}, {"a-", "2024-02-29", 3}, {"a/x", "1999-12-31", 4},
			{"a.txt", "1970-01-01", 0}, {"\xe9", "2024-02-29", 5}, {"\xc3\xa9", "2024-02-29", 5},
		}, nil, Digests{"f5d3c143cabf5990bacc6142b70dbbd1", "e4b3ab2a6f8b82ef2fbadf6782b5b720"}},
		{"hidden names and links do not count", []file{
			{".listing", "2024-01-01", 9}, {".hid/f", "2024-01-01", 1}, {"README", "2023-01-05", 1234},
		}, []string{"current"}, Digests{"e385e2c0ce1ebd25d2d6d3ed5ffa1a97", "868d302409375e63da351233466ff15e"}},
		{"spaces stay", []file{
			{" lead", "2020-06-01", 1}, {"trail ", "2020-06-01", 1}, {"in  side", "2020-06-01", 1},
		}, nil, Digests{"ea3ce1e99a5ba04691fccfbe332fe87c", "a26b0ec7b0306b19190bf7b78c528655"}},
		{"nested", []file{
			{"pool/main/a/apt/apt_2.6.1.dsc", "2023-05-25", 2781},
			{"pool/main/a/apt/apt_2.6.1.tar.xz", "2023-05-25", 2202788},
			{"pool/empty/.keep", "2023-05-25", 0},
			{"ls-lR.gz", "2026-11-20", 14812345678},
		}, nil, Digests{"498965a20bb490433e18b99156c74710", "abdc2f5b39524824a3d257c809410e30"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			w := treeWriter{root: dir}
			for _, f := range test.files {
				day, err := time.Parse(time.DateOnly, f.date)
				if err != nil {
					t.Fatal(err)
				}
				w.fileAt(f.name, f.size, day.Add(23*time.Hour+59*time.Minute))
			}
			for _, name := range test.links {
				w.link(name, "v2")
			}
			if w.err != nil {
				t.Fatal(w.err)
			}
			if got := ShellDigests(t, dir)["/"]; got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func TestShellDigestsOfLockedFolders(t *testing.T) {
	dir := Dir(t)
	WriteTree(t, dir, Locked, now)
	got := ShellDigests(t, dir)
	for path, want := range map[string]bool{
		"/": false, "/pub": false, "/pub/locked": false,
		"/pub/locked/none": false, "/pub/locked/enter-only": false, "/pub/locked/list-only": false,
		"/pub/locked/open": true, "/pub/a": true, "/pub/empty": true, "/pub/with blank/below/deeper still": true,
	} {
		d, listed := got[path]
		if !listed || (d.Blind != "") != want || (d.Exact != "") != want {
			t.Errorf("%s: %v, listed %v; want digests: %v", path, d, listed, want)
		}
	}
}

func TestFullTree(t *testing.T) {
	first, second := Dir(t), Dir(t)
	WriteTree(t, first, Full, now)
	WriteTree(t, second, Full, now)
	a, b := ShellDigests(t, first), ShellDigests(t, second)
	if a["/"] != b["/"] || a["/"].Exact == "" || a["/"].Blind == a["/"].Exact {
		t.Errorf("two trees with the same now: %v and %v", a["/"], b["/"])
	}
	if a["/links"] != a["/pub/empty"] || a["/only-hidden"] != a["/pub/empty"] {
		t.Errorf("links or hidden names count: %v, %v", a["/links"], a["/only-hidden"])
	}
	for path := range a {
		info, err := os.Stat(filepath.Join(first, path))
		if err != nil || !info.IsDir() {
			t.Errorf("%q is no folder: %v", path, err)
		}
	}
	huge, err := os.Stat(filepath.Join(first, "huge/image.iso"))
	if err != nil || huge.Size() != HugeSize {
		t.Errorf("huge file: %v, %v", huge, err)
	}
	one := filepath.Join(second, "pub/with blank/below/deeper still/file")
	if err := os.Chtimes(one, now, now); err != nil {
		t.Fatal(err)
	}
	c := ShellDigests(t, second)
	if c["/"].Blind != a["/"].Blind || c["/"].Exact == a["/"].Exact {
		t.Errorf("a new date changed %v to %v", a["/"], c["/"])
	}
}

func TestBigTree(t *testing.T) {
	dir := t.TempDir()
	BigTree(t, dir, 45, 3)
	all := ShellDigests(t, dir)
	if len(all) != 46 {
		t.Errorf("%d folders with the root, want 46", len(all))
	}
	seen := make(map[string]string)
	for path, d := range all {
		if other, twice := seen[d.Blind]; twice {
			t.Errorf("%s and %s have the same content", path, other)
		}
		seen[d.Blind] = path
	}
}
