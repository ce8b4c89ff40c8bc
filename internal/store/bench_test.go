package store_test

import (
	"slices"
	"testing"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/store"
	"mirrortracker/internal/store/storetest"
	"mirrortracker/internal/testbed"
)

// BenchmarkPutTrees writes trees of ten files, five hundred at a time, as a
// crawl does: new ones without a pause but those that the store makes
// (sustained), and after a pause, so that the time of one operation is about that of its
// transaction (new); and such as are there, as a crawl of an unchanged site
// does (known). It reports trees a second.
func BenchmarkPutTrees(b *testing.B) {
	eachDatabase(b, func(b *testing.B, s *store.Store) {
		const batch = 500
		d := digest.NewDigester()
		first := 0
		grow := func(b *testing.B, batches int) {
			for b.Loop() {
				b.StopTimer()
				trees := storetest.Forest(d, first, batches*batch)
				first += len(trees)
				b.StartTimer()
				for some := range slices.Chunk(trees, batch) {
					if n, err := s.PutTrees(b.Context(), some); n != batch || err != nil {
						b.Fatal(n, err)
					}
				}
			}
			b.ReportMetric(float64(b.N*batches*batch)/b.Elapsed().Seconds(), "trees/s")
		}
		b.Run("sustained", func(b *testing.B) { grow(b, 50) })
		b.Run("new", func(b *testing.B) { grow(b, 1) })
		b.Run("known", func(b *testing.B) {
			trees := storetest.Forest(d, 0, batch)
			for b.Loop() {
				if _, err := s.PutTrees(b.Context(), trees); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N*batch)/b.Elapsed().Seconds(), "trees/s")
		})
	})
}

// BenchmarkTrees reads trees as the loading of an index does.
func BenchmarkTrees(b *testing.B) {
	eachDatabase(b, func(b *testing.B, s *store.Store) {
		trees := storetest.Forest(digest.NewDigester(), 0, 5000)
		if _, err := s.PutTrees(b.Context(), trees); err != nil {
			b.Fatal(err)
		}
		ids := make([]digest.ID, len(trees))
		for i, t := range trees {
			ids[i] = t.ID
		}
		for name, parts := range map[string]store.Parts{"branches": store.Branches, "all": store.Branches | store.Leaves} {
			b.Run(name, func(b *testing.B) {
				for b.Loop() {
					if err := s.Trees(b.Context(), ids, parts, func(*digest.Tree) error { return nil }); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.N*len(ids))/b.Elapsed().Seconds(), "trees/s")
			})
		}
	})
}

func eachDatabase(b *testing.B, run func(b *testing.B, s *store.Store)) {
	for name, fresh := range map[string]func(testing.TB) string{"SQLite": freshSQLite, "MariaDB": testbed.MariaDB} {
		b.Run(name, func(b *testing.B) { run(b, storetest.Open(b, fresh(b))) })
	}
}
