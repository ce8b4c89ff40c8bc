package catalogue

import (
	"fmt"
	"io"
	"testing"

	"mirrortracker/internal/distftp/wire"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/testbed"
)

// databases runs a benchmark on each kind of database.
func databases(b *testing.B, run func(b *testing.B, url string)) {
	b.Run("SQLite", func(b *testing.B) { run(b, freshSQLite(b)) })
	b.Run("MariaDB", func(b *testing.B) { run(b, testbed.MariaDB(b)) })
}

// adopt takes so many files into a directory.
func adopt(tb testing.TB, c *Catalogue, s SlaveID, dir mirror.Path, n int) {
	tb.Helper()
	list := make([]wire.Entry, n)
	for i := range list {
		list[i] = foreign(int64(i))
		list[i].Name = wire.Path(fmt.Sprintf("file-%06d.tar.gz", i))
	}
	_, err := c.Reconcile(tb.Context(), s, dir, c.Last(s), list)
	must(tb, err)
}

func BenchmarkAdopt(b *testing.B) {
	databases(b, func(b *testing.B, url string) {
		c := open(b, url)
		s := slave(b, c, "s")
		files := 0
		for i := 0; b.Loop(); i++ {
			adopt(b, c, s, mirror.Path(fmt.Sprintf("/d/%d", i)), 2000)
			files += 2000
		}
		b.ReportMetric(float64(files)/b.Elapsed().Seconds(), "files/s")
	})
}

func BenchmarkList(b *testing.B) {
	databases(b, func(b *testing.B, url string) {
		c := open(b, url)
		adopt(b, c, slave(b, c, "s"), "/d", 10000)
		for b.Loop() {
			d, err := c.OpenDir(b.Context(), "/d")
			must(b, err)
			n := 0
			for ; err != io.EOF; n++ {
				if _, err = d.Next(); err != nil && err != io.EOF {
					b.Fatal(err)
				}
			}
			if n != 10001 {
				b.Fatal(n)
			}
		}
	})
}

func BenchmarkFile(b *testing.B) {
	databases(b, func(b *testing.B, url string) {
		c := open(b, url)
		adopt(b, c, slave(b, c, "s"), "/a/b/c/d", 10)
		for _, known := range []bool{true, false} {
			b.Run(map[bool]string{true: "known", false: "unknown"}[known], func(b *testing.B) {
				for b.Loop() {
					if !known {
						c.Forget()
					}
					_, err := c.File(b.Context(), "/a/b/c/d/file-000003.tar.gz")
					must(b, err)
				}
			})
		}
	})
}

func BenchmarkCommit(b *testing.B) {
	databases(b, func(b *testing.B, url string) {
		for _, at := range []int{1, 8, 64} {
			b.Run(fmt.Sprint(at, " at a time"), func(b *testing.B) {
				c := open(b, url)
				s := slave(b, c, "s")
				b.SetParallelism(at)
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						op, err := c.Op(b.Context())
						must(b, err)
						_, err = c.Commit(b.Context(), Arrival{Path: mirror.Path(fmt.Sprintf("/f%d", op)), Slave: s, Prepared: wire.Prepared{Op: op}}, nil)
						must(b, err)
						c.Done(op)
					}
				})
			})
		}
	})
}

func BenchmarkSide(b *testing.B) {
	databases(b, func(b *testing.B, url string) {
		c := open(b, url)
		s := slave(b, c, "s")
		for i := range 50 {
			adopt(b, c, s, mirror.Path(fmt.Sprintf("/d/%d", i)), 1000)
		}
		for b.Loop() {
			_, err := c.Side(b.Context(), s)
			must(b, err)
		}
		b.ReportMetric(50000*float64(b.N)/b.Elapsed().Seconds(), "files/s")
	})
}
