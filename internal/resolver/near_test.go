package resolver

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
)

// nearly writes the members of class file as "SITE PATH DIFFER".
func nearly(a *Answer) []string {
	var out []string
	for i := range a.Near {
		m := &a.Near[i]
		out = append(out, fmt.Sprintf("%s %s %d", a.Index.Site(int(m.Site)).Name, a.AppendPath(nil, m), m.Differ))
	}
	slices.Sort(out)
	return out
}

// One stray README does not hide a mirror that is otherwise the same.
func TestFilesOfNearlyEqualDirectories(t *testing.T) {
	archive := dir{
		"ls-lR": 5000, "changed": 1,
		"big":    files("big", 50),
		"medium": dir{"file": 9, "low": dir{"file": 8}, "more": files("m", 12)},
		"small":  dir{"COPYING": 10},
	}
	low := func(d dir) dir {
		return d.with(dir{"medium": d["medium"].(dir).with(dir{"low": dir{"file": 8, "stray": 1}})})
	}
	w := newWorld()
	w.add("origin", "ftp://origin.example/pub/", archive)
	w.add("stray", "ftp://stray.example/deep/", archive.with(dir{"README": 1, "changed": 2}).at("/mirrors/x"))
	w.add("below", "ftp://below.example/", low(archive))
	w.add("renamed", "ftp://renamed.example/", dir{"BIG": archive["big"], "ls-lR": 5000})
	w.add("small", "ftp://small.example/", dir{"small": archive["small"], "ls-lR": 5000})
	x := w.index(t, Options{})
	for path, want := range map[mirror.Path][]string{
		"/ls-lR":           {"below /ls-lR 1", "stray /mirrors/x/ls-lR 2"},
		"/changed":         {"below /changed 1"},
		"/nothing":         nil,
		"/big":             nil,
		"/big/big007":      nil, // it has replicas
		"/medium/low/file": nil,
	} {
		if diff := cmp.Diff(want, nearly(ask(t, x, "origin", path))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
	// On the way to a changed place, and at it.
	for path, want := range map[mirror.Path][]string{
		"/ls-lR":           {"origin /ls-lR 1", "stray /mirrors/x/ls-lR 3"},
		"/medium/file":     {"origin /medium/file 1", "stray /mirrors/x/medium/file 1"},
		"/medium/low/file": {"origin /medium/low/file 1", "stray /mirrors/x/medium/low/file 1"},
	} {
		if diff := cmp.Diff(want, nearly(ask(t, x, "below", path))); diff != "" {
			t.Errorf("%s of below (-want +got):\n%s", path, diff)
		}
	}

	a := ask(t, x, "origin", "/ls-lR")
	check(t, a, "exact origin /ls-lR *", "file below /ls-lR", "file stray /mirrors/x/ls-lR")
	r := a.Replicas()[2]
	want := Evidence{Class: Exact, Asked: "/big", Path: "/mirrors/x/big", Similarity: 1, Totals: digest.Totals{Files: 50, Bytes: 50}}
	if r.Differ != 2 || r.Class != File || r.Evidence != want {
		t.Errorf("%+v", r)
	}
	// Where there are replicas, they are looked for on demand, on other sites.
	a = ask(t, x, "origin", "/medium/more/m001")
	if len(a.Near) != 0 {
		t.Errorf("near %v", nearly(a))
	}
	a.FindNear()
	if len(a.Near) != 0 || len(a.Replicas()) != 3 {
		t.Errorf("near %v, replicas %v", nearly(a), brief(a))
	}
}

// Files of a directory above an incomplete one are found too, but not those of
// the incomplete one itself.
func TestNearlyEqualToAnIncompleteDirectory(t *testing.T) {
	d := dir{"file": 1, "big": files("f", 50)}
	w := newWorld()
	w.add("a", "ftp://a.example/", d.with(dir{"private": dir{"!": "refused"}}))
	w.add("b", "ftp://b.example/x/", d)
	w.add("c", "ftp://c.example/", d.with(dir{"!": "truncated"}))
	x := w.index(t, Options{})
	if got := nearly(ask(t, x, "a", "/file")); !slices.Equal(got, []string{"b /file 1", "c /file 1"}) {
		t.Errorf("near: %v", got)
	}
	if got := nearly(ask(t, x, "c", "/file")); got != nil {
		t.Errorf("near: %v", got)
	}
}

// Of a file whose size or date is not known nobody can say that it is the same.
func TestAFileThatIsNotKnownIsNowhereTheSame(t *testing.T) {
	d := dir{"undated": file{7, 0}, "unsized": file{digest.UnknownSize, usual}, "known": 1, "big": files("f", 50)}
	w := newWorld()
	w.add("a", "ftp://a.example/", d)
	w.add("b", "ftp://b.example/", d.with(dir{"own": 1}))
	x := w.index(t, Options{})
	for path, want := range map[mirror.Path][]string{"/undated": nil, "/unsized": nil, "/known": {"b /known 1"}} {
		if got := nearly(ask(t, x, "a", path)); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", path, got, want)
		}
	}
}

func TestDifferencesAreCapped(t *testing.T) {
	same := files("s", 20)
	w := newWorld()
	w.add("a", "ftp://a.example/", dir{"file": 1, "same": same, "other": files("a", 600)})
	w.add("b", "ftp://b.example/", dir{"file": 1, "same": same, "other": files("b", 600)})
	w.add("c", "ftp://c.example/", dir{"file": 1, "same": same})
	x := w.index(t, Options{})
	want := []string{fmt.Sprint("b /file ", MaxDiffer), "c /file 601"}
	if got := nearly(ask(t, x, "a", "/file")); !slices.Equal(got, want) {
		t.Errorf("near: %v, want %v", got, want)
	}
}

// What is near must itself count: a coincidental licence directory tells nothing.
func TestWhatIsDoubtfulTellsNothing(t *testing.T) {
	w := newWorld()
	for _, name := range []string{"a", "b"} {
		w.add(name, "ftp://"+name+".example/", dir{"index.html": 1, "licence": dir{"COPYING": 10}, name: files(name, 9)})
	}
	if got := nearly(ask(t, w.index(t, Options{}), "a", "/index.html")); got != nil {
		t.Errorf("near: %v", got)
	}
}

func TestWithin(t *testing.T) {
	d := dir{"dists": files("d", 10), "pool": dir{"x": files("x", 10), "y": files("y", 10)}}
	w := newWorld()
	w.add("a", "ftp://a.example/", dir{"debian": d, "own": 1, "l": "debian/pool"})
	w.add("whole", "ftp://whole.example/", d.at("/mirror/debian"))
	w.add("part", "ftp://part.example/", dir{"debian": d.with(dir{"dists": files("e", 3)}), "else": 2})
	x := w.index(t, Options{})
	for _, test := range []struct {
		path, within mirror.Path
		want         []string
	}{
		{"/debian/pool/x/x001", "/debian", []string{"a", "whole"}},
		{"/debian/pool/x/x001", "/debian/pool", []string{"a", "part", "whole"}},
		{"/debian/pool/x/x001", "/l", []string{"a", "part", "whole"}},
		{"/l/x/x001", "/debian/pool/x", []string{"a", "part", "whole"}},
		{"/debian/pool/x/x001", "/", []string{"a"}},
	} {
		a := ask(t, x, "a", test.path)
		depth, ok := a.Within(test.within)
		var got []string
		for _, m := range a.Set.Members {
			if int(m.Depth) <= depth {
				got = append(got, x.Site(int(m.Site)).Name)
			}
		}
		if slices.Sort(got); !ok || !slices.Equal(got, test.want) {
			t.Errorf("%s within %s: %v, %t; want %v", test.path, test.within, got, ok, test.want)
		}
	}
	for _, within := range []mirror.Path{"/debian/pool/y", "/debian/poo", "/nothing", "/own", "/debian/pool/x/x001"} {
		if _, ok := ask(t, x, "a", "/debian/pool/x/x001").Within(within); ok {
			t.Errorf("within %s", within)
		}
	}
}
