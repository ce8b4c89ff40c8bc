package resolver

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
)

func check(t *testing.T, a *Answer, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, brief(a)); diff != "" {
		t.Errorf("%s: replicas (-want +got):\n%s", a.Asked, diff)
	}
}

func TestReplicasStandUnderOtherNames(t *testing.T) {
	gnu := dir{"README": 9, "emacs": files("emacs-", 10), "gcc": dir{"gcc-1": files("c", 3), "gcc-2": files("d", 3)}}
	w := newWorld()
	w.add("origin", "ftp://origin.example/pub/gnu/", gnu)
	w.add("mirror", "ftp://mirror.example/", dir{"mirrors": dir{"GNU": gnu}, "other": files("x", 20)})
	w.add("wrong-clock", "ftp://clock.example/", gnu.later().at("/g"))
	w.add("partial", "ftp://partial.example/", gnu.with(dir{"README": 10}).at("/gnu"))
	w.add("unrelated", "ftp://unrelated.example/", dir{"a": files("u", 30)})
	x := w.index(t, Options{})

	check(t, ask(t, x, "origin", "/"),
		"exact mirror /mirrors/GNU", "exact origin / *", "blind wrong-clock /g")
	check(t, ask(t, x, "origin", "/README"),
		"exact mirror /mirrors/GNU/README", "exact origin /README *", "blind wrong-clock /g/README")
	check(t, ask(t, x, "origin", "/emacs/emacs-003"),
		"exact mirror /mirrors/GNU/emacs/emacs-003", "exact origin /emacs/emacs-003 *", "exact partial /gnu/emacs/emacs-003",
		"blind wrong-clock /g/emacs/emacs-003")
	// The parent above would not do; what is below it has 3 files only.
	check(t, ask(t, x, "origin", "/gcc/gcc-1"),
		"exact mirror /mirrors/GNU/gcc/gcc-1", "exact origin /gcc/gcc-1 *", "exact partial /gnu/gcc/gcc-1",
		"blind wrong-clock /g/gcc/gcc-1")
	check(t, ask(t, x, "wrong-clock", "/g/emacs"),
		"exact wrong-clock /g/emacs *", "blind mirror /mirrors/GNU/emacs", "blind origin /emacs", "blind partial /gnu/emacs")
	check(t, ask(t, x, "partial", "/gnu"), "exact partial /gnu *")
	check(t, ask(t, x, "unrelated", "/a/u000"), "exact unrelated /a/u000 *")
	check(t, ask(t, x, "unrelated", "/a/nothing"))

	a := ask(t, x, "origin", "/gcc/gcc-2/d001")
	want := Evidence{Class: Exact, Asked: "/", Path: "/mirrors/GNU", Totals: digest.Totals{Files: 17, Dirs: 4, Bytes: 25}}
	if got := a.Replicas()[0]; got.Evidence != want || got.Similarity != 2 || got.Support != (Evidence{}) {
		t.Errorf("evidence %+v, similarity %d, support %+v", got.Evidence, got.Similarity, got.Support)
	}
	// "gnu" in the base of the one counts like "gnu" in the path of the other.
	want = Evidence{Class: Exact, Asked: "/gcc", Path: "/gnu/gcc", Similarity: 2, Totals: digest.Totals{Files: 6, Dirs: 2, Bytes: 6}}
	if got := a.Replicas()[2]; got.Site.Name != "partial" || got.Evidence != want || got.Similarity != 3 {
		t.Errorf("evidence %+v, similarity %d", got.Evidence, got.Similarity)
	}
}

func TestTheClassIsExactIfAnyAncestorMatchesExactly(t *testing.T) {
	// Asked is /top/same/low. On "mixed" a date differs in top, so that top and
	// the root match blindly, while same and low match exactly.
	top := func(date digest.Date) dir {
		return dir{"f": file{1, date}, "same": dir{"many": files("m", 9), "low": files("l", 2)}}
	}
	w := newWorld()
	w.add("asked", "ftp://asked.example/", dir{"top": top(usual), "extra": 1})
	w.add("mixed", "ftp://mixed.example/", dir{"x": top(digest.NewDate(2020, 1, 1))})
	x := w.index(t, Options{})
	a := ask(t, x, "asked", "/top/same/low/l000")
	check(t, a, "exact asked /top/same/low/l000 *", "exact mixed /x/same/low/l000")
	if e := a.Replicas()[1].Evidence; e.Asked != "/top/same" || e.Path != "/x/same" || e.Files != 11 || e.Class != Exact {
		t.Errorf("evidence %+v", e)
	}
	check(t, ask(t, x, "asked", "/top/f"), "exact asked /top/f *", "blind mixed /x/f")
}

// Exact evidence that does not count by itself is supported by a blind match
// above it.
func TestAHigherBlindMatchSupportsAnExactOne(t *testing.T) {
	w := newWorld()
	content := files("f", 20).with(dir{"low": dir{"one": file{1, usual}}})
	w.add("a", "ftp://a.example/", content)
	w.add("b", "ftp://b.example/", files("f", 20).later().with(dir{"low": dir{"one": file{1, usual}}}))
	x := w.index(t, Options{})
	a := ask(t, x, "a", "/low/one")
	check(t, a, "exact a /low/one *", "exact b /low/one")
	r := a.Replicas()[1]
	if r.Evidence.Files != 1 || r.Evidence.Class != Exact || r.Support.Class != Blind || r.Support.Files != 21 || r.Support.Asked != "/" {
		t.Errorf("evidence %+v, support %+v", r.Evidence, r.Support)
	}
}

func TestOneSiteCanHoldATreeTwice(t *testing.T) {
	w := newWorld()
	d := files("f", 9)
	w.add("s", "ftp://s.example/", dir{"a": d, "b": dir{"c": d}, "d": "a"})
	w.add("t", "ftp://t.example/", d)
	x := w.index(t, Options{})
	check(t, ask(t, x, "s", "/a/f001"), "exact s /a/f001 *", "exact s /b/c/f001", "exact t /f001")
	check(t, ask(t, x, "s", "/d/f001"), "exact s /a/f001 *", "exact s /b/c/f001", "exact t /f001")
	check(t, ask(t, x, "s", "/b/c"), "exact s /a", "exact s /b/c *", "exact t /")
}

func TestIncompleteDirectoriesAreNoReplicas(t *testing.T) {
	d := files("f", 9)
	w := newWorld()
	broken := dir{"good": d, "bad": d.with(dir{"!": "truncated"})}
	w.add("a", "ftp://a.example/", broken)
	w.add("b", "ftp://b.example/", broken)
	w.add("c", "ftp://c.example/", dir{"good": d, "bad": d})
	x := w.index(t, Options{})
	check(t, ask(t, x, "a", "/"))
	check(t, ask(t, x, "a", "/bad"))
	check(t, ask(t, x, "a", "/bad/f001"))
	check(t, ask(t, x, "a", "/good/f001"),
		"exact a /good/f001 *", "exact b /good/f001", "exact c /bad/f001", "exact c /good/f001")
	check(t, ask(t, x, "c", "/"), "exact c / *")
	if got := ask(t, x, "a", "/").Incomplete() + " " + ask(t, x, "a", "/bad").Incomplete(); got != "below truncated" {
		t.Error(got)
	}
}

func TestUnknownDatesMatchBlindly(t *testing.T) {
	d := files("f", 9)
	w := newWorld()
	w.add("a", "ftp://a.example/", d.with(dir{"f000": file{1, 0}}))
	w.add("b", "ftp://b.example/", d.with(dir{"f000": file{1, 0}}))
	w.add("c", "ftp://c.example/", d)
	x := w.index(t, Options{})
	check(t, ask(t, x, "a", "/f001"), "blind a /f001 *", "blind b /f001", "blind c /f001")
	check(t, ask(t, x, "c", "/f001"), "exact c /f001 *", "blind a /f001", "blind b /f001")
}

// Trees that differ in their links alone have the same digests.
func TestLinksDoNotKeepTreesFromBeingEqual(t *testing.T) {
	d := files("f", 9)
	w := newWorld()
	w.add("a", "ftp://a.example/", dir{"x": d.with(dir{"latest": "f008"}), "y": 1})
	w.add("b", "ftp://b.example/", d)
	w.add("c", "ftp://c.example/", d.with(dir{"newest": "f008"}))
	x := w.index(t, Options{})
	check(t, ask(t, x, "a", "/x/latest"), "exact a /x/f008 *", "exact b /f008", "exact c /f008")
}

func TestDoubt(t *testing.T) {
	const mib = 1 << 20
	for _, test := range []struct {
		what         string
		content      dir
		asked, there string // where it stands on the two sites
		why          string // "" is accepted
	}{
		{"seven files", files("f", 7), "/a", "/b", "only 7 files and 7 B, and 0 of 3 trailing names equal"},
		{"eight files", files("f", 8), "/a", "/b", ""},
		{"eight files below", dir{"x": files("f", 4), "y": files("f", 4)}, "/a", "/b", ""},
		{"a byte less than a MiB", dir{"f": mib - 1}, "/a", "/b", "only 1 file and 1.00 MiB, and 0 of 3 trailing names equal"},
		{"a MiB", dir{"f": mib}, "/a", "/b", ""},
		{"a MiB below", dir{"x": dir{"f": mib}}, "/a", "/b", ""},
		{"two names", dir{"f": 11_200}, "/p/x/y", "/q/x/y", "only 1 file and 10.9 KiB, and 2 of 3 trailing names equal"},
		{"three names", dir{"f": 1}, "/p/x/y/z", "/q/x/y/z", ""},
		{"other bytes", dir{"f": 1}, "/p/x/Y/z", "/q/x/y/z", "only 1 file and 1 B, and 1 of 3 trailing names equal"},
		{"only the end counts", dir{"f": 1}, "/p/x/y/z/1", "/q/x/y/z/2", "only 1 file and 1 B, and 0 of 3 trailing names equal"},
		{"half a name", dir{"f": 1}, "/p/ax/y/z", "/q/x/y/z", "only 1 file and 1 B, and 2 of 3 trailing names equal"},
		{"no file", dir{"e": dir{}}, "/p/x/y/z", "/q/x/y/z", "no file in it"},
		{"many directories, no file", dir{"1": dir{}, "2": dir{"3": dir{"4": dir{}}}}, "/p/x/y/z", "/q/x/y/z", "no file in it"},
		{"empty files", dir{"f": 0}, "/a", "/b", "only 1 file and 0 B, and 0 of 3 trailing names equal"},
	} {
		w := newWorld()
		w.add("a", "ftp://a.example/", dir{"more": 1, "m": test.content.at(test.asked)})
		w.add("b", "ftp://b.example/", dir{"else": 2, "n": test.content.at(test.there)})
		a := ask(t, w.index(t, Options{}), "a", mirror.Path("/m"+test.asked))
		why := ""
		if len(a.Doubtful()) > 0 {
			why = a.Doubtful()[0].Why()
		}
		if why != test.why || len(a.Replicas())+len(a.Doubtful()) != 2 {
			t.Errorf("%s: %v, %q, want %q", test.what, brief(a), why, test.why)
		}
	}
}

// The carried-over names below a match are equal, so that a lower ancestor may
// count where the highest does not.
func TestALowerMatchMayCount(t *testing.T) {
	w := newWorld()
	content := dir{"1": dir{"2": dir{"3": dir{"f": 1}}}}
	w.add("a", "ftp://a.example/", dir{"more": 1, "x": content})
	w.add("b", "ftp://b.example/", dir{"else": 2, "y": content})
	x := w.index(t, Options{})
	a := ask(t, x, "a", "/x/1/2/3/f")
	check(t, a, "exact a /x/1/2/3/f *", "exact b /y/1/2/3/f")
	if r := a.Replicas()[1]; r.Evidence.Asked != "/x" || r.Support.Asked != "/x/1/2/3" || r.Support.Similarity != 3 || r.Support.Class != Exact {
		t.Errorf("evidence %+v, support %+v", r.Evidence, r.Support)
	}
	check(t, ask(t, x, "a", "/x/1/2"), "exact a /x/1/2 *", "(exact b /y/1/2)")
	if d := ask(t, x, "a", "/x/1/2").Doubtful()[0]; d.Why() != "only 1 file and 1 B, and 2 of 3 trailing names equal" {
		t.Error(d.Why())
	}
}

// The evidence is of the better class, but the larger blind match above it came
// nearer to counting.
func TestTheReasonTellsOfTheLargestMatch(t *testing.T) {
	w := newWorld()
	w.add("a", "ftp://a.example/", dir{"more": 1, "x": files("f", 5).with(dir{"low": dir{"f": file{1, usual}}})})
	w.add("b", "ftp://b.example/", dir{"else": 2, "y": files("f", 5).later().with(dir{"low": dir{"f": file{1, usual}}})})
	a := ask(t, w.index(t, Options{}), "a", "/x/low")
	check(t, a, "exact a /x/low *", "(exact b /y/low)")
	if got := a.Doubtful()[0]; got.Evidence.Files != 1 || got.Why() != "only 6 files and 6 B, and 1 of 3 trailing names equal" {
		t.Errorf("%+v: %s", got.Evidence, got.Why())
	}
}

func TestNamesOfTheBaseCount(t *testing.T) {
	w := newWorld()
	w.add("a", "ftp://a.example/pub/x/", dir{"y": dir{"f": 1}, "more": 1})
	w.add("b", "ftp://b.example/q/pub/x/y/", dir{"f": 1})
	w.add("c", "ftp://c.example/", dir{"f": 1})
	a := ask(t, w.index(t, Options{}), "a", "/y")
	check(t, a, "exact a /y *", "exact b /", "(exact c /)")
	if a.Replicas()[1].Similarity != 3 || a.Doubtful()[0].Similarity != 0 {
		t.Errorf("%+v", a)
	}
}

func TestDoubtIsConfigurable(t *testing.T) {
	w := newWorld()
	w.add("a", "ftp://a.example/", dir{"more": 1, "x": dir{"f": 100}})
	w.add("b", "ftp://b.example/", dir{"else": 2, "x": dir{"f": 100}})
	for _, test := range []struct {
		doubt    Doubt
		accepted bool
	}{
		{Doubt{Files: 1, Bytes: 101, Names: 2}, true},
		{Doubt{Files: 2, Bytes: 100, Names: 2}, true},
		{Doubt{Files: 2, Bytes: 101, Names: 1}, true},
		{Doubt{Files: 2, Bytes: 101, Names: 2}, false},
	} {
		a := ask(t, w.index(t, Options{Doubt: test.doubt}), "a", "/x")
		if (len(a.Replicas()) == 2) != test.accepted {
			t.Errorf("%+v: %v", test.doubt, brief(a))
		}
	}
}

func TestEmptyDirectoriesAreReplicasByTheirAncestorsAlone(t *testing.T) {
	w := newWorld()
	d := files("f", 8).with(dir{"empty": dir{}})
	w.add("a", "ftp://a.example/", d)
	w.add("b", "ftp://b.example/", d.at("/x"))
	w.add("c", "ftp://c.example/", dir{"empty": dir{}, "else": 2})
	w.add("nothing", "ftp://nothing.example/", dir{})
	x := w.index(t, Options{})
	check(t, ask(t, x, "a", "/empty"), "exact a /empty *", "exact b /x/empty")
	check(t, ask(t, x, "c", "/empty"), "exact c /empty *")
	check(t, ask(t, x, "nothing", "/"), "exact nothing / *")
}

func TestReplicasAreOrderedByClassWeightNameAndPath(t *testing.T) {
	w := newWorld()
	d := files("f", 9)
	for _, name := range []string{"d", "b", "a", "c"} {
		w.add(name, "ftp://"+name+".example/", dir{"y": d, "x": d})
	}
	w.add("later", "ftp://later.example/", d.later())
	w.change("c", func(s *mirror.Site) { s.Weight = 200 })
	w.change("later", func(s *mirror.Site) { s.Weight = 900 })
	check(t, ask(t, w.index(t, Options{}), "b", "/x"),
		"exact c /x", "exact c /y", "exact a /x", "exact a /y", "exact b /x *", "exact b /y", "exact d /x", "exact d /y", "blind later /")
}

// A licence directory stands in thousands of places; the mirrors of the whole
// must be found first, and the work must end.
func TestTheSearchIsBounded(t *testing.T) {
	licence := dir{"COPYING": 35147, "1": 1, "2": 2, "3": 3, "4": 4, "5": 5, "6": 6, "7": 7}
	crowd := dir{}
	for i := range 5000 {
		crowd[fmt.Sprintf("project%04d", i)] = dir{"licence": licence, fmt.Sprint("own", i): i}
	}
	w := newWorld()
	w.add("crowd", "ftp://crowd.example/", crowd)
	w.add("origin", "ftp://origin.example/", files("f", 9).with(dir{"licence": licence}))
	w.add("zmirror", "ftp://zmirror.example/", files("f", 9).with(dir{"licence": licence}).at("/deep/down"))
	x := w.index(t, Options{})
	a := ask(t, x, "origin", "/licence/COPYING")
	if !a.Capped() || len(a.Replicas()) > DefaultMaxSteps {
		t.Errorf("capped is %t with %d replicas", a.Capped(), len(a.Replicas()))
	}
	found := func(site string) bool {
		return slices.ContainsFunc(a.Replicas(), func(r Replica) bool { return r.Site.Name == site })
	}
	if !found("origin") || !found("zmirror") || !found("crowd") {
		t.Errorf("%d replicas without origin, zmirror or crowd", len(a.Replicas()))
	}
	if a := ask(t, x, "origin", "/f001"); a.Capped() {
		t.Errorf("capped: %v", brief(a))
	}

	x = w.index(t, Options{MaxSteps: 1})
	a = ask(t, x, "zmirror", "/deep/down/licence")
	check(t, a, "exact zmirror /deep/down/licence *")
	if !a.Capped() {
		t.Error("not capped")
	}
}

// Doubled directories make a million million places of one tree.
func TestTheSearchIsBoundedAmongDoubledDirectories(t *testing.T) {
	w := newWorld()
	leaf := files("f", 9)
	tree := w.put(leaf)
	digester := digest.NewDigester()
	for range 40 {
		tree = digester.Tree([]digest.Entry{
			{Name: "a", Kind: digest.Dir, Sub: &tree.Summary},
			{Name: "b", Kind: digest.Dir, Sub: &tree.Summary},
		}, digest.Complete)
		w.trees[tree.ID] = tree
	}
	site := w.add("s", "ftp://s.example/", leaf)
	snapshot := w.current[site.ID()]
	snapshot.Root = tree.ID
	w.current[site.ID()] = snapshot
	x := w.index(t, Options{})
	path := mirror.Root
	for range 40 {
		path = path.Join("b")
	}
	a := resolve(x, site, path)
	if !a.Known || !a.Capped() || len(a.Replicas()) == 0 || len(a.Replicas()) > DefaultMaxSteps {
		t.Errorf("known is %t, capped %t, %d replicas", a.Known, a.Capped(), len(a.Replicas()))
	}
}
