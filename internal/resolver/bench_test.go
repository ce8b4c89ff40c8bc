package resolver

import (
	"fmt"
	"runtime"
	"testing"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
)

// archive returns a world with one site of about n directories in three
// levels, with ten files each, and the paths of some of its files.
func archive(n int) (w *world, paths []mirror.Path) {
	w = newWorld()
	digester := digest.NewDigester()
	add := func(entries []digest.Entry, number int) *digest.Summary {
		for i := range 10 {
			entries = append(entries, digest.Entry{
				Name: fmt.Sprintf("package-%d-1.%d.tar.gz", number, i), Kind: digest.File, Size: int64(number), Date: usual,
			})
		}
		kept, _ := digest.Clean(entries)
		t := digester.Tree(kept, digest.Complete)
		w.trees[t.ID] = t
		return &t.Summary
	}
	const width = 60
	number := 0
	var tops []digest.Entry
	for top := 0; number < n; top++ {
		var middles []digest.Entry
		for middle := 0; middle < width && number < n; middle++ {
			var lows []digest.Entry
			for low := 0; low < width && number < n; low++ {
				lows = append(lows, digest.Entry{Name: fmt.Sprint("low", low), Kind: digest.Dir, Sub: add(nil, number)})
				if number%17 == 0 {
					paths = append(paths, mirror.Path(fmt.Sprintf("/top%d/middle%d/low%d/package-%d-1.7.tar.gz", top, middle, low, number)))
				}
				number++
			}
			middles = append(middles, digest.Entry{Name: fmt.Sprint("middle", middle), Kind: digest.Dir, Sub: add(lows, number)})
			number++
		}
		tops = append(tops, digest.Entry{Name: fmt.Sprint("top", top), Kind: digest.Dir, Sub: add(middles, number)})
		number++
	}
	root := add(tops, number)
	site := w.add("origin", "ftp://origin.example/pub/", dir{})
	snapshot := w.current[site.ID()]
	snapshot.Root = root.ID
	w.current[site.ID()] = snapshot
	return w, paths
}

// mirrored adds mirrors of the one site of an archive.
func (w *world) mirrored(n int) {
	root := w.current[w.sites[0].ID()].Root
	for i := range n {
		site := w.add(fmt.Sprintf("mirror%03d", i), fmt.Sprintf("ftp://mirror%03d.example/archive/", i), dir{})
		snapshot := w.current[site.ID()]
		snapshot.Root = root
		w.current[site.ID()] = snapshot
	}
}

// Warm is for paths that were asked for before, which is what nearly all
// requests are for; cold is for the first time after a new snapshot.
func BenchmarkResolve(b *testing.B) {
	for _, sites := range []int{1, 10, 100} {
		w, paths := archive(200_000)
		w.mirrored(sites - 1)
		paths = paths[:min(len(paths), 100_000)]
		x := w.index(b, Options{})
		text := make([]string, len(paths))
		for i, p := range paths {
			text[i] = "ftp://origin.example/pub" + string(p)
		}
		ask := func(b *testing.B, i int) {
			site, p, err := x.Locate(text[i%len(text)])
			if err != nil {
				b.Fatal(err)
			}
			if x.Resolve(&reused, site, p); len(reused.Set.Members) != sites {
				b.Fatalf("%d replicas", len(reused.Set.Members))
			}
		}
		b.Run(fmt.Sprintf("sites=%d/warm", sites), func(b *testing.B) {
			for i := range text {
				ask(b, i)
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				ask(b, i)
			}
		})
		b.Run(fmt.Sprintf("sites=%d/cold", sites), func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if i%len(text) == 0 {
					x.places = newPlaces(maxPlaceBytes)
				}
				ask(b, i)
			}
		})
	}
}

// The most work that one request can make.
func BenchmarkResolveCapped(b *testing.B) {
	licence := dir{"COPYING": 35147}
	crowd := dir{}
	for i := range 2 * DefaultMaxSteps {
		crowd[fmt.Sprintf("project%04d", i)] = dir{"licence": licence, fmt.Sprint("own", i): i}
	}
	w := newWorld()
	site := w.add("crowd", "ftp://crowd.example/pub/", crowd)
	x := w.index(b, Options{})
	b.ReportAllocs()
	for b.Loop() {
		x.places = newPlaces(maxPlaceBytes)
		if a := resolve(x, site, "/project0007/licence/COPYING"); len(a.Doubtful()) == 0 {
			b.Fatal("not capped")
		}
	}
}

func BenchmarkBuild(b *testing.B) {
	w, _ := archive(20_000)
	w.mirrored(99)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	x := w.index(b, Options{})
	runtime.GC()
	runtime.ReadMemStats(&after)
	for b.Loop() {
		x = w.index(b, Options{})
	}
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/float64(x.Trees()), "B/tree")
	b.ReportMetric(float64(x.Bytes())/float64(x.Trees()), "told-B/tree")
}

var reused Answer

func TestWhatIsAskedAgainAllocatesNothing(t *testing.T) {
	w := newWorld()
	d := deep(20).with(dir{"big": files("f", 9), "l": "big", "lf": "big/f001", "dangling": "nothing", "far": "/elsewhere"})
	w.add("a", "ftp://a.example/pub/", d)
	w.add("b", "ftp://b.example/", d)
	w.add("near", "ftp://near.example/x/", d.with(dir{"README": 1, "big": files("f", 8)}))
	w.add("none", "ftp://none.example/", nil)
	x := w.index(t, Options{})
	for _, text := range []string{
		"a/big/f001", "/a/big", "a/big/", "a", "/a/", "ftp://a.example/pub/big/f001", "ftp://b.example/big/", "a.example/pub/d3/sub", "a.example:21/pub/",
		"a/big/nothing", "a/big/nothing/at/all", "a/nothing", "a/nothing/at/all", "a/big/f001/below", "a/big/.hidden",
		"a/l", "a/l/f001", "a/l/nothing", "a/l/nothing/at/all", "a/lf", "a/lf/below", "a/dangling", "a/dangling/below", "a/far", "a/d3/up/d4/up/big/f002",
		"near/README", "near/big/f000", "near/big", "none/x",
		"unknown/x", "unknown.example/x/y", "ftp://unknown.example/x/y", "ftp://a.example/not/pub",
	} {
		ask := func() {
			if site, p, err := x.Locate(text); err == nil {
				x.Resolve(&reused, site, p)
			}
		}
		if n := testing.AllocsPerRun(100, ask); n != 0 {
			t.Errorf("%s: %.0f allocations", text, n)
		}
	}
}
