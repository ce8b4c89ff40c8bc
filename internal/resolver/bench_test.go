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

func BenchmarkResolve(b *testing.B) {
	for _, mirrors := range []int{0, 4, 99} {
		b.Run(fmt.Sprintf("sites=%d", mirrors+1), func(b *testing.B) {
			w, paths := archive(20_000)
			w.mirrored(mirrors)
			x := w.index(b, Options{})
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if a := resolve(x, w.sites[0], paths[i%len(paths)]); len(a.Replicas()) != mirrors+1 {
					b.Fatalf("%d replicas", len(a.Replicas()))
				}
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
		if a := resolve(x, site, "/project0007/licence/COPYING"); !a.Capped() {
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

// The answer, a piece for the path here and there, and for each replica its
// path and a share of growing slices.
func TestResolveAllocatesLittle(t *testing.T) {
	w, paths := archive(2000)
	w.mirrored(19)
	x := w.index(t, Options{})
	known := testing.AllocsPerRun(100, func() { resolve(x, w.sites[0], paths[5]) })
	unknown := testing.AllocsPerRun(100, func() { resolve(x, w.sites[0], "/top0/middle0/nothing/there") })
	if known > 100 || unknown > 15 {
		t.Errorf("%.0f allocations for a path with 20 replicas, %.0f for one that is not known", known, unknown)
	}
	t.Logf("%.0f allocations for a path with 20 replicas, %.0f for one that is not known", known, unknown)
}
