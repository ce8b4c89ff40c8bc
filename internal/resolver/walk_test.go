package resolver

import (
	"fmt"
	"testing"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
)

func TestResolveFollowsThePathAsFarAsItGoes(t *testing.T) {
	w := newWorld()
	site := w.add("s", "ftp://s.example/pub/", dir{
		"a": dir{
			"b":        dir{"f": 7, "latin\xe9 #?%": 8},
			"to-b":     "b",
			"to-f":     "b/f",
			"hid":      ".hidden",
			"unknown":  file{digest.UnknownSize, 0},
			"-> x":     dir{"y": 1},
			"notebook": 1,
			"note":     2,
		},
		"refused": dir{"!": "refused", "seen": 1},
		"top":     "/pub/a",
		"empty":   dir{},
	})
	x := w.index(t, Options{})
	for _, test := range []struct {
		path                   mirror.Path
		known, isDir           bool
		prefix, real, dir, inc string
	}{
		{"/", true, true, "/", "/", "/", "below"},
		{"/a", true, true, "/a", "/a", "/a", "below"},
		{"/a/b", true, true, "/a/b", "/a/b", "/a/b", ""},
		{"/a/b/f", true, false, "/a/b", "/a/b/f", "/a/b", ""},
		{"/a/b/latin\xe9 #?%", true, false, "/a/b", "/a/b/latin\xe9 #?%", "/a/b", ""},
		{"/a/b/g", false, false, "/a/b", "", "/a/b", ""},
		{"/a/b/f/g", false, false, "/a/b", "", "/a/b", ""},
		{"/a/no/b/f", false, false, "/a", "", "/a", "below"},
		{"/a/note", true, false, "/a", "/a/note", "/a", "below"},
		{"/a/notebook", true, false, "/a", "/a/notebook", "/a", "below"},
		{"/a/noteb", false, false, "/a", "", "/a", "below"},
		{"/a/zzz", false, false, "/a", "", "/a", "below"},
		{"/a/unknown", true, false, "/a", "/a/unknown", "/a", "below"},
		{"/a/-> x/y", true, false, "/a/-> x", "/a/-> x/y", "/a/-> x", ""},
		{"/a/to-b", true, true, "/a/to-b", "/a/b", "/a/b", ""},
		{"/a/to-b/f", true, false, "/a/to-b", "/a/b/f", "/a/b", ""},
		{"/a/to-b/g/h", false, false, "/a/to-b", "", "/a/b", ""},
		{"/a/to-f", true, false, "/a", "/a/b/f", "/a/b", ""},
		{"/a/to-f/g", false, false, "/a", "", "/a", "below"},
		{"/a/hid", false, false, "/a", "", "/a", "below"},
		{"/top/to-b/f", true, false, "/top/to-b", "/a/b/f", "/a/b", ""},
		{"/top/../f", false, false, "/top", "", "/a", "below"},
		{"/refused", true, true, "/refused", "/refused", "/refused", "refused"},
		{"/refused/seen", true, false, "/refused", "/refused/seen", "/refused", "refused"},
		{"/empty", true, true, "/empty", "/empty", "/empty", ""},
		{"/.hidden/f", false, false, "/", "", "/", "below"},
	} {
		a := resolve(x, site, test.path)
		got := fmt.Sprint(a.Known, a.IsDir, " ", a.Prefix, " ", a.Real(), " ", a.Dir, " ", a.Incomplete())
		want := fmt.Sprint(test.known, test.isDir, " ", test.prefix, " ", test.real, " ", test.dir, " ", test.inc)
		if got != want {
			t.Errorf("%q:\n got %s\nwant %s", test.path, got, want)
		}
		if a.Asked != test.path || a.Site.Name != "s" || a.Snapshot().Seq != 1 {
			t.Errorf("%q: answered for %q of %s, snapshot %d", test.path, a.Asked, a.Site.Name, a.Snapshot().Seq)
		}
		if (len(a.Replicas()) > 0) != (test.known && test.inc == "") {
			t.Errorf("%q: replicas %v", test.path, brief(a))
		}
	}
	if a := resolve(x, site, "/a/.b/f"); !a.Hidden || a.Known {
		t.Errorf("a hidden name: %+v", a)
	}
	if a := resolve(x, site, "/a/b/f"); a.File != "f" || a.Size != 7 || a.Date != usual || a.Hidden {
		t.Errorf("the file: %+v", a)
	}
	if a := resolve(x, site, "/a/to-f"); a.File != "f" || a.Size != 7 {
		t.Errorf("the file through a link: %+v", a)
	}
	if a := resolve(x, site, "/a/unknown"); a.Size != digest.UnknownSize || a.Date.Known() {
		t.Errorf("a file of unknown size: %+v", a)
	}
	if n := x.Number(mirror.SiteID{}); n != -1 {
		t.Errorf("a site that is not tracked is number %d", n)
	}
}

func TestFilesAreFoundAmongMany(t *testing.T) {
	for n := range 40 {
		content := dir{}
		for i := range n {
			content[fmt.Sprintf("name %d", 2*i)] = i
		}
		w := newWorld()
		w.add("s", "ftp://s.example/", content)
		x := w.index(t, Options{})
		for i := range 2 * n {
			name := fmt.Sprintf("name %d", i)
			a := ask(t, x, "s", mirror.Root.Join(name))
			if want := i%2 == 0; a.Known != want || want && (a.File != name || a.Size != int64(i/2) || a.Date != usual) {
				t.Fatalf("of %d files, %q: %+v", n, name, a)
			}
		}
		for _, name := range []string{"name", "name 0 ", "z", "0", "f 0"} {
			if a := ask(t, x, "s", mirror.Root.Join(name)); a.Known {
				t.Fatalf("of %d files, %q: %+v", n, name, a)
			}
		}
	}
}

func TestASiteWithoutASnapshotKnowsNothing(t *testing.T) {
	w := newWorld()
	site := w.add("s", "ftp://s.example/", nil)
	a := resolve(w.index(t, Options{}), site, "/a/b")
	if a.Known || a.Site.Name != "s" || a.Prefix != "/" || a.Incomplete() != "" || !a.Tree().ID.IsZero() {
		t.Errorf("%+v", a)
	}
}
