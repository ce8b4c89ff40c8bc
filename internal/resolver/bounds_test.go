package resolver

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"testing"
	"time"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/resolver/segment"
)

// A child is a subdirectory of a tree that is made by hand.
type child struct {
	name string
	*digest.Tree
}

// hostile puts a directory of links and subdirectories into a world.
func (w *world) hostile(links []digest.Symlink, children ...child) *digest.Tree {
	var entries []digest.Entry
	for _, l := range links {
		entries = append(entries, digest.Entry{Name: l.Name, Kind: digest.Link, Target: l.Target})
	}
	for _, c := range children {
		entries = append(entries, digest.Entry{Name: c.name, Kind: digest.Dir, Sub: &c.Summary})
	}
	kept, _ := digest.Clean(entries)
	t := digest.NewDigester().Tree(kept, digest.Complete)
	w.trees[t.ID] = t
	return t
}

// held returns a stack with a tree of a world and all below it, and its number.
func (w *world) held(t testing.TB, root *digest.Tree) (*segment.Stack, segment.Number) {
	t.Helper()
	l := loader{src: w, opts: Options{}.withDefaults(), log: slog.New(slog.DiscardHandler)}
	l.begin(state{})
	if err := errors.Join(l.tree(t.Context(), root.ID), l.push(t.Context())); err != nil {
		t.Fatal(err)
	}
	n, _ := l.trees.Find(root.ID)
	return l.trees, n
}

// A resolved is a hierarchy with its trees.
type resolved struct {
	*hierarchy
	trees *segment.Stack
}

func (w *world) resolved(t testing.TB, root *digest.Tree, base string, b bounds) resolved {
	t.Helper()
	trees, n := w.held(t, root)
	h, err := newHierarchy(t.Context(), trees, n, base, b)
	if err != nil {
		t.Fatal(err)
	}
	return resolved{h, trees}
}

// to walks along a path.
func (r resolved) to(path string) *walk {
	w := new(walk)
	r.walk(w, r.trees, path)
	return w
}

// doubled puts a tree below forty directories that each hold the same twice,
// so that it stands in a million million places.
func (w *world) doubled(t *digest.Tree) *digest.Tree {
	for range 40 {
		t = w.hostile(nil, child{"a", t}, child{"b", t})
	}
	return t
}

// many returns n links with one target.
func many(n int, target string) []digest.Symlink {
	links := make([]digest.Symlink, n)
	for i := range links {
		links[i] = digest.Symlink{Name: fmt.Sprintf("%0200d", i), Target: target}
	}
	return links
}

func TestLinksAreBounded(t *testing.T) {
	w := newWorld()
	link := many(1, ".")
	root := w.doubled(w.hostile(link))
	narrow := func(change func(*bounds)) bounds {
		b := usualBounds
		change(&b)
		return b
	}
	for _, test := range []struct {
		name   string
		bounds bounds
	}{
		{"links", narrow(func(b *bounds) { b.links = 1000 })},
		{"bytes", narrow(func(b *bounds) { b.tableBytes = 40_000 })},
		{"steps", narrow(func(b *bounds) { b.linkSteps = 50_000 })},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := w.resolved(t, root, "/", test.bounds)
			if !h.crowded || len(h.links) < 500 || len(h.links) > 1200 || h.bytes() > 250_000 {
				t.Errorf("%d links, %d bytes, crowded is %t", len(h.links), h.bytes(), h.crowded)
			}
			// What was resolved before leads on.
			path := strings.Repeat("/a", 40)
			if w := h.to(path + "/l"); w.found != nothing {
				t.Error("a link of no name was found")
			}
			if w := h.to(path + "/" + link[0].Name); w.found != aDirectory || len(w.chain) != 41 || h.dir(w, h.trees) != path {
				t.Errorf("found %d, %d directories", w.found, len(w.chain))
			}
		})
	}
}

// Links that lead nowhere fill no table, and are bounded all the same.
func TestDanglingLinksAreBounded(t *testing.T) {
	w := newWorld()
	h := w.resolved(t, w.doubled(w.hostile(many(1, "nowhere"))), "/", usualBounds)
	if !h.crowded || len(h.links) != 0 || len(h.dirs) != 1 {
		t.Errorf("crowded is %t, %d links, %d directories", h.crowded, len(h.links), len(h.dirs))
	}
}

func TestASiteWithinTheBoundsIsNotCrowded(t *testing.T) {
	w := newWorld()
	root := w.hostile(many(1000, "."))
	b := usualBounds
	b.links = 1000
	if h := w.resolved(t, root, "/", b); h.crowded || len(h.links) != 1000 {
		t.Errorf("%d links, crowded is %t", len(h.links), h.crowded)
	}
	b.links = 999
	if h := w.resolved(t, root, "/", b); !h.crowded || len(h.links) != 999 {
		t.Errorf("%d links, crowded is %t", len(h.links), h.crowded)
	}
}

// Paths of links cost no memory, however long they are.
func TestATableOfDeepLinksIsSmall(t *testing.T) {
	const links, depth = 100_000, 99
	w := newWorld()
	n := w.hostile(many(links, "."))
	for range depth {
		n = w.hostile(nil, child{strings.Repeat("long", 250), n})
	}
	trees, root := w.held(t, n)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	h, err := newHierarchy(t.Context(), trees, root, "/", usualBounds)
	if err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	took := int64(after.HeapAlloc) - int64(before.HeapAlloc)
	if h.crowded || len(h.links) != links || len(h.dirs) != depth+1 {
		t.Fatalf("%d links, %d directories, crowded is %t", len(h.links), len(h.dirs), h.crowded)
	}
	if h.bytes() > 50*links || took > h.bytes()*5/4 {
		t.Errorf("the table says %d bytes, and takes %d", h.bytes(), took)
	}
	t.Logf("%d links %d deep take %d bytes, and say %d", links, depth, took, h.bytes())
	runtime.KeepAlive(h)
}

// Directories that links lead to take the more room, the fewer links there are.
func TestATableOfManyDirectoriesSaysWhatItTakes(t *testing.T) {
	w := newWorld()
	trees, root := w.held(t, w.doubled(w.hostile(many(1, "."))))
	b := usualBounds
	b.tableBytes = 2 << 20
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	h, err := newHierarchy(t.Context(), trees, root, "/", b)
	if err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	took := int64(after.HeapAlloc) - int64(before.HeapAlloc)
	if took > h.bytes()*5/4 || h.bytes() > b.tableBytes+41*directoryBytes+linkBytes {
		t.Errorf("the table says %d bytes, and takes %d", h.bytes(), took)
	}
	t.Logf("%d links and %d directories take %d bytes, and say %d", len(h.links), len(h.dirs), took, h.bytes())
	runtime.KeepAlive(h)
}

func TestTargetsLongerThanAPathLeadNowhere(t *testing.T) {
	target := func(length int) string { return strings.Repeat("/", length-1) + "d" }
	w := newWorld()
	w.add("s", "ftp://s.example/", dir{"d": dir{"f": 1}, "just": target(maxTarget), "over": target(maxTarget + 1)})
	x := w.index(t, Options{})
	if !ask(t, x, "s", "/just/f").Known || ask(t, x, "s", "/over/f").Known {
		t.Errorf("just is %t, over %t", ask(t, x, "s", "/just/f").Known, ask(t, x, "s", "/over/f").Known)
	}
}

// laborious has links in chains of forty, with targets as long as may be.
func (w *world) laborious(n int) *digest.Tree {
	links := make([]digest.Symlink, n)
	for i := range links {
		links[i] = digest.Symlink{Name: fmt.Sprintf("%08d", i), Target: strings.Repeat("./", 2043) + fmt.Sprintf("%08d", i+1)}
		if i%maxHops == maxHops-1 {
			links[i].Target = "."
		}
	}
	return w.hostile(links)
}

func TestLaboriousLinksAreBounded(t *testing.T) {
	b := usualBounds
	b.linkSteps = 4_000_000
	start := time.Now()
	w := newWorld()
	h := w.resolved(t, w.laborious(4000), "/", b)
	if !h.crowded || len(h.links) < 80 || len(h.links) > 160 {
		t.Errorf("%d links, crowded is %t", len(h.links), h.crowded)
	}
	t.Logf("%d links by %d steps in %s", len(h.links), b.linkSteps, time.Since(start))
}

// A countdown is a context that is cancelled when it is looked at for the
// n-th time.
type countdown struct {
	context.Context
	left, late int
}

func (c *countdown) Err() error {
	if c.left > 0 {
		c.left--
		return nil
	}
	c.late++
	return context.Canceled
}

func TestACancelledBuildEndsSoon(t *testing.T) {
	w := newWorld()
	trees, root := w.held(t, w.doubled(w.hostile(many(1, "nowhere"))))
	ctx := &countdown{Context: t.Context(), left: 3}
	l := newLinker(&hierarchy{root: root, table: newTable(root)}, trees, usualBounds)
	if err := l.resolveBelow(ctx); err != context.Canceled || ctx.late != 1 || l.steps > 4*betweenChecks+200 {
		t.Errorf("%v, looked %d times more, %d steps", err, ctx.late, l.steps)
	}

	w = newWorld()
	w.add("s", "ftp://s.example/", deep(3000))
	for left := range 8 {
		x, err := Build(&countdown{Context: t.Context(), left: left}, w, nil, Options{})
		if err == nil && left < 4 {
			t.Errorf("cancelled at the look number %d, made %d trees", left+1, x.Trees())
		}
	}
}

func TestASiteThatIsTooDeepIsAProblem(t *testing.T) {
	w := newWorld()
	w.add("deep", "ftp://deep.example/", dir{"f": 1}.at(strings.Repeat("/d", 10)))
	w.add("flat", "ftp://flat.example/", dir{"f": 1}.at(strings.Repeat("/d", 9)))
	// Shared trees: read at the second level, and standing on the eleventh too.
	short := dir{"x": dir{"f": 2}}
	w.add("shared", "ftp://shared.example/", dir{"s": short, "l": short.at(strings.Repeat("/d", 9))})
	b := usualBounds
	b.depth = 9
	x, err := Build(t.Context(), w, nil, Options{bounds: b})
	if err != nil {
		t.Fatal(err)
	}
	problems := x.Problems()
	if len(problems) != 2 || problems[0].Site != "deep" || problems[1].Site != "shared" {
		t.Fatalf("%+v", problems)
	}
	for _, p := range problems {
		if !strings.Contains(p.Err.Error(), "more than 9 directories below each other") {
			t.Error(p.Err)
		}
	}
	// A tree that is held already is no way around.
	w.add("flat", "ftp://flat.example/", dir{"one-more": dir{"f": 1}.at(strings.Repeat("/d", 9))})
	x, err = Build(t.Context(), w, x, Options{bounds: b})
	if err != nil || len(x.Problems()) != 3 || !x.Problems()[1].Previous {
		t.Errorf("%+v, %v", x.Problems(), err)
	}
}

// unlike returns n files whose names have nothing in common.
func unlike(n int) dir {
	d := dir{}
	for i := range n {
		d[fmt.Sprintf("%x", sha256.Sum256(fmt.Append(nil, i)))] = 1
	}
	return d
}

func TestASiteThatIsTooLargeIsAProblem(t *testing.T) {
	w := newWorld()
	w.add("large", "ftp://large.example/", unlike(200))
	w.add("small", "ftp://small.example/", files("f", 200))
	b := usualBounds
	b.siteBytes = 10_000
	x, err := Build(t.Context(), w, nil, Options{bounds: b})
	if err != nil {
		t.Fatal(err)
	}
	if p := x.Problems(); len(p) != 1 || p[0].Site != "large" || !strings.Contains(p[0].Err.Error(), "more than 10000 bytes") {
		t.Fatalf("%+v", p)
	}
	// Trees never change: what was too large is not read again.
	w.read.Store(0)
	w.add("third", "ftp://third.example/", dir{"f": 1})
	if x, err = Build(t.Context(), w, x, Options{bounds: b}); err != nil || len(x.Problems()) != 1 || w.read.Load() != 1 {
		t.Errorf("%+v, %v, %d trees read", x.Problems(), err, w.read.Load())
	}
	w.add("large", "ftp://large.example/", dir{"f": 2})
	if x, err = Build(t.Context(), w, x, Options{bounds: b}); err != nil || len(x.Problems()) != 0 || len(x.large) != 0 {
		t.Errorf("%+v, %v, %d roots refused", x.Problems(), err, len(x.large))
	}
	// Nor can it grow little by little: what is held already counts.
	grown := files("f", 200)
	for i := range 10 {
		grown = dir{"before": grown, "more": files(fmt.Sprint("n", i), 150)}
		w.add("small", "ftp://small.example/", grown)
		if x, err = Build(t.Context(), w, x, Options{bounds: b}); err != nil {
			t.Fatal(err)
		}
	}
	if p := x.Problems(); len(p) != 1 || p[0].Site != "small" || !p[0].Previous {
		t.Errorf("%+v", p)
	}
}

// Trees that differ by their links alone are not one, but equal by both digests.
func TestTheSearchIsBoundedAmongEqualDigests(t *testing.T) {
	crowd := dir{}
	for i := range 2 * DefaultMaxSteps {
		crowd[fmt.Sprint("d", i)] = files("f", 9).with(dir{"l": fmt.Sprint(i)})
	}
	w := newWorld()
	w.add("crowd", "ftp://crowd.example/", crowd)
	w.add("origin", "ftp://origin.example/", files("f", 9))
	a := ask(t, w.index(t, Options{}), "origin", "/f001")
	if !a.Capped() || len(a.Replicas()) < DefaultMaxSteps/4 || len(a.Replicas()) > DefaultMaxSteps {
		t.Errorf("capped is %t, %d replicas", a.Capped(), len(a.Replicas()))
	}
}

// The paths of all places of an equal directory may be too long for an answer.
func TestPathsOfCandidatesAreBounded(t *testing.T) {
	long := strings.Repeat("long", 250)
	licence := files("f", 9)
	crowd := dir{}
	for i := range 4000 {
		crowd[fmt.Sprint(long, i)] = dir{"licence": licence, fmt.Sprint("own", i): i}
	}
	w := newWorld()
	w.add("crowd", "ftp://crowd.example/", crowd)
	w.add("origin", "ftp://origin.example/", dir{"licence": licence})
	a := ask(t, w.index(t, Options{}), "origin", "/licence/f001")
	total := 0
	for _, r := range a.Replicas() {
		total += len(r.Path)
	}
	if !a.Capped() || total > maxPathBytes+len(a.Replicas())*len("/f001") || len(a.Replicas()) < 900 {
		t.Errorf("capped is %t, %d replicas, paths of %d bytes", a.Capped(), len(a.Replicas()), total)
	}
}

// A path may go through as many links as fit into a request.
func BenchmarkWalkThroughDeepLinks(b *testing.B) {
	w := newWorld()
	n := w.hostile([]digest.Symlink{{Name: "l", Target: "."}})
	for range 2000 {
		n = w.hostile(nil, child{"d", n})
	}
	h := w.resolved(b, n, "/", usualBounds)
	asked := strings.Repeat("/d", 2000) + strings.Repeat("/l", 2000)
	for b.Loop() {
		if w := h.to(asked); w.found != aDirectory || len(w.chain) != 2001 {
			b.Fatal("not found")
		}
	}
}

// The most that the links of one hierarchy can cost: look-ups among half a
// million names that are alike for long.
func BenchmarkResolveLinks(b *testing.B) {
	const names = 500_000
	name := func(i int) string { return strings.Repeat("x", 100) + fmt.Sprintf("%08d", i) }
	w := newWorld()
	below := w.hostile(nil)
	children := make([]child, names)
	links := make([]digest.Symlink, names)
	for i := range names {
		children[i] = child{name(i), below}
		var target strings.Builder
		for j := range 30 {
			target.WriteString(name((i*7919+j*104729)%names) + "/../")
		}
		links[i] = digest.Symlink{Name: "l" + name(i), Target: target.String()}
	}
	trees, root := w.held(b, w.hostile(links, children...))
	for b.Loop() {
		h, err := newHierarchy(b.Context(), trees, root, "/", usualBounds)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(len(h.links)), "links")
	}
}
