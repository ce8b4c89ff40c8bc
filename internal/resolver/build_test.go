package resolver

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"mirrortracker/internal/digest"
)

// deep returns a directory of n directories with directories in them.
func deep(n int) dir {
	d := dir{}
	for i := range n {
		d[fmt.Sprint("d", i)] = dir{"sub": files(fmt.Sprintf("s%d-", i), 3), fmt.Sprint(i): 1, "up": ".."}
	}
	return d
}

func TestAHundredSitesShareOneTree(t *testing.T) {
	w := newWorld()
	for i := range 100 {
		w.add(fmt.Sprintf("s%02d", i), fmt.Sprintf("ftp://s%02d.example/", i), deep(1000))
	}
	x := w.index(t, Options{})
	if w.read.Load() != 2001 || x.Trees() != 2001 {
		t.Errorf("%d trees were read, %d are held; want 2001", w.read.Load(), x.Trees())
	}
	if x.sites[0].hierarchy != x.sites[99].hierarchy {
		t.Error("the links were resolved more than once")
	}
	a := ask(t, x, "s50", "/d7/sub")
	if len(a.Replicas()) != 100 || a.Capped() {
		t.Errorf("%d replicas, capped is %t", len(a.Replicas()), a.Capped())
	}

	// A hundred and first costs a root, read never, and is held once.
	before := x.Bytes()
	w.add("s100", "ftp://s100.example/", deep(1000))
	next, err := Build(t.Context(), w, x, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if w.read.Load() != 2001 || next.Bytes() != before {
		t.Errorf("%d trees read, %d bytes after %d", w.read.Load(), next.Bytes(), before)
	}
	if n := len(ask(t, next, "s50", "/d7/sub").Replicas()); n != 101 {
		t.Errorf("%d replicas", n)
	}
	if n := len(ask(t, x, "s50", "/d7/sub").Replicas()); n != 100 {
		t.Errorf("the old index has %d replicas", n)
	}
}

func TestANewSnapshotReadsOnlyWhatIsNew(t *testing.T) {
	w := newWorld()
	w.add("a", "ftp://a.example/", deep(50))
	w.add("b", "ftp://b.example/", deep(50))
	x := w.index(t, Options{})
	changed := deep(50)
	changed["d7"].(dir)["sub"].(dir)["new"] = 1
	w.add("a", "ftp://a.example/", changed)
	w.read.Store(0)
	next, err := Build(t.Context(), w, x, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if w.read.Load() != 3 {
		t.Errorf("%d trees were read, want the directory and two above it", w.read.Load())
	}
	if ask(t, x, "a", "/d7/sub/new").Known || !ask(t, next, "a", "/d7/sub/new").Known {
		t.Error("the old index changed, or the new one did not")
	}
	if next.Trees() != 101+3 {
		t.Errorf("%d trees", next.Trees())
	}
}

// The same tree below another base has other absolute links.
func TestLinksAreSharedOnlyBelowTheSameBase(t *testing.T) {
	w := newWorld()
	d := dir{"l": "/one/d", "d": dir{"f": 1}}
	w.add("root", "ftp://root.example/", d)
	w.add("one", "ftp://one.example/one/", d)
	x := w.index(t, Options{})
	w.add("one-more", "ftp://more.example/one/", d)
	w.add("two", "ftp://two.example/two/", d)
	next, err := Build(t.Context(), w, x, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for name, known := range map[string]bool{"root": false, "one": true, "one-more": true, "two": false} {
		if a := ask(t, next, name, "/l/f"); a.Known != known {
			t.Errorf("site %s: known is %t", name, a.Known)
		}
	}
	if x.byName("one").hierarchy != next.byName("one-more").hierarchy {
		t.Error("resolved again below the same base")
	}
}

func (x *Index) byName(name string) *site { return x.addrs.byWord[name].site }

func TestTreesAreReadInBatches(t *testing.T) {
	w := newWorld()
	w.add("a", "ftp://a.example/", deep(1200))
	w.index(t, Options{})
	// The root, and two levels of 1200; batches that are not full wait for others.
	if calls := w.asked.Load(); calls < 1+5 || calls > 1+3+3 || w.read.Load() != 2401 {
		t.Errorf("%d trees in %d calls", w.read.Load(), calls)
	}
}

func TestASiteThatCannotBeLoadedDoesNotStopOthers(t *testing.T) {
	w := newWorld()
	good := files("f", 9)
	w.add("a", "ftp://a.example/", good)
	w.add("b", "ftp://b.example/", good.with(dir{"old": 1}))
	x := w.index(t, Options{})

	lost := dir{"lost": 1}
	w.add("b", "ftp://b.example/", good.with(dir{"new": 1, "d": lost}))
	w.add("c", "ftp://c.example/", good.with(dir{"e": lost}))
	w.add("d", "ftp://d.example/", good.at("/d"))
	w.lose(lost)
	next, err := Build(t.Context(), w, x, Options{})
	if err != nil {
		t.Fatal(err)
	}
	problems := next.Problems()
	if len(problems) != 2 || problems[0].Site != "b" || !problems[0].Previous || problems[1].Site != "c" || problems[1].Previous {
		t.Errorf("problems %+v", problems)
	}
	if err := problems[0].Err.Error(); !strings.Contains(err, "load site b") || !strings.Contains(err, "missing") {
		t.Error(err)
	}
	if !ask(t, next, "b", "/old").Known || ask(t, next, "b", "/new").Known || ask(t, next, "c", "/f001").Known {
		t.Error("b is not as before, or c is there")
	}
	check(t, ask(t, next, "d", "/d"), "exact a /", "exact d /d *")

	if _, err := Build(t.Context(), w, nil, Options{}); err != nil {
		t.Errorf("without a previous index: %v", err)
	}
}

func TestAnIndexOfNothingIsNone(t *testing.T) {
	w := newWorld()
	d := dir{"f": 1}
	w.add("a", "ftp://a.example/", d)
	w.lose(d)
	if x, err := Build(t.Context(), w, nil, Options{}); err == nil {
		t.Errorf("made an index of %d sites", len(x.Sites()))
	}
	w.fail(errGone)
	if _, err := Build(t.Context(), w, nil, Options{}); !errors.Is(err, errGone) {
		t.Error(err)
	}
	if x := newWorld().index(t, Options{}); len(x.Sites()) != 0 || x.Trees() != 0 {
		t.Error("a tracker without sites has some")
	}
}

// Identities that are not those of the text can make a circle.
func TestATreeBelowItselfIsRefused(t *testing.T) {
	w := newWorld()
	w.add("a", "ftp://a.example/", dir{"a": dir{"b": dir{"f": 1}}})
	w.add("z", "ftp://z.example/", dir{"g": 1})
	top, low := w.put(dir{"b": dir{"f": 1}}), w.put(dir{"f": 1})
	circle := *w.put(dir{"c": dir{"b": dir{"f": 1}}}) // its child is top, which holds low
	circle.ID = low.ID
	w.trees[low.ID] = &circle
	x, err := Build(t.Context(), w, nil, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if p := x.Problems(); len(p) != 1 || !strings.Contains(p[0].Err.Error(), "below itself") {
		t.Errorf("%v, and %s holds %s", p, top.ID, low.ID)
	}
}

func TestSitesAreListed(t *testing.T) {
	w := newWorld()
	w.add("b", "ftp://b.example/", dir{"f": 1})
	w.add("a", "ftp://a.example/", nil)
	sites := w.index(t, Options{}).Sites()
	if len(sites) != 2 || sites[0].Name != "a" || sites[0].Snapshot.Seq != 0 || sites[1].Snapshot.Totals != (digest.Totals{Files: 1, Bytes: 1}) {
		t.Errorf("%+v", sites)
	}
}

// Two hundred thousand directories with ten files each are to stay below
// 400 MB.
func TestADirectoryTakesLittleMemory(t *testing.T) {
	w, _ := archive(20_000)
	x := w.index(t, Options{})
	each := x.Bytes() / int64(x.Trees())
	if each > 2000 {
		t.Errorf("%d trees take %d bytes each", x.Trees(), each)
	}
	t.Logf("%d trees take about %d bytes each", x.Trees(), each)
}
