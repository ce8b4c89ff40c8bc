package segment

import (
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"mirrortracker/internal/digest"
)

// benchTrees is how many directories a benchmark has, of ten files each.
const benchTrees = 1_000_000

// archive is a stack of packages, as archives have them: ten files in each
// directory, ten directories in each that has any, and no two that are equal.
var archive = sync.OnceValues(func() (*Stack, error) {
	b, err := NewBuilder(nil, Options{})
	if err != nil {
		return nil, err
	}
	defer b.Close()
	r := rand.New(rand.NewPCG(1, 2))
	d := digest.NewDigester()
	var level []digest.Entry // directories that have no parent yet
	for n := range benchTrees {
		entries := packages(r, 10)
		if n%11 == 10 { // after ten leaves, and their like, comes a parent
			entries = append(entries, level[:min(10, len(level))]...)
			level = level[min(10, len(level)):]
		}
		entries, _ = digest.Clean(entries)
		tree := d.Tree(entries, digest.Complete)
		if err := b.Add(tree); err != nil {
			return nil, err
		}
		level = append(level, digest.Entry{Name: words[r.IntN(len(words))] + fmt.Sprint(n%100), Kind: digest.Dir, Sub: &tree.Summary})
	}
	g, err := b.Finish(background)
	if err != nil {
		return nil, err
	}
	return (*Stack)(nil).Push(g)
})

var words = []string{"python3", "libreoffice", "kernel", "texlive", "golang", "perl", "ghc", "rust", "qt6", "boost", "nodejs", "fonts", "php", "java", "ocaml", "mingw64"}

// packages returns files as a package archive has them.
func packages(r *rand.Rand, n int) []digest.Entry {
	var entries []digest.Entry
	for range n {
		entries = append(entries, digest.Entry{
			Name: fmt.Sprintf("%s-%d.%d.%d-%d.x86_64.rpm", words[r.IntN(len(words))], r.IntN(50), r.IntN(30), r.IntN(10), 1+r.IntN(9)),
			Kind: digest.File, Size: int64(1) << (8 + r.IntN(18)) * int64(100+r.IntN(100)) / 100,
			Date: digest.NewDate(2010+r.IntN(15), 1+r.IntN(12), 1+r.IntN(28)),
		})
	}
	return entries
}

func benchStack(b *testing.B) *Stack {
	s, err := archive()
	if err != nil {
		b.Fatal(err)
	}
	return s
}

// BenchmarkBytes says what a directory takes: all, and what looking up
// identities alone makes resident.
func BenchmarkBytes(b *testing.B) {
	s := benchStack(b)
	for b.Loop() {
		runtime.KeepAlive(s)
	}
	b.ReportMetric(float64(s.Bytes())/float64(s.Len()), "bytes/tree")
	for i, name := range []string{"records", "rows", "edges", "first-held", "held", "outer-held", "exact", "blind", "identities"} {
		b.ReportMetric(float64(s.segments[0].head.sections[i].length)/float64(s.Len()), name+"/tree")
	}
}

// BenchmarkFile looks for files in a thousand directories, and in one of
// 100,000.
func BenchmarkFile(b *testing.B) {
	lookUp := func(b *testing.B, s *Stack, n int) {
		var names []string
		var trees []Tree
		r := rand.New(rand.NewPCG(3, 4))
		for range 1000 {
			t := s.Tree(Number(r.IntN(n)))
			name, _, _ := t.FileAt(r.IntN(t.Files()), nil)
			trees, names = append(trees, t), append(names, string(name))
		}
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			if _, _, _, ok := trees[i%1000].File(names[i%1000]); !ok {
				b.Fatal("not found")
			}
		}
	}
	b.Run("ten", func(b *testing.B) { lookUp(b, benchStack(b), benchTrees) })
	b.Run("100000", func(b *testing.B) {
		entries, _ := digest.Clean(packages(rand.New(rand.NewPCG(1, 2)), 120_000))
		lookUp(b, push(b, nil, "", digest.NewDigester().Tree(entries, digest.Complete)), 1)
	})
}

func BenchmarkChild(b *testing.B) {
	s := benchStack(b)
	var parent Tree
	for n := Number(0); parent.Children() < 5; n++ {
		parent = s.Tree(n)
	}
	name := string(parent.ChildName(4, nil))
	b.ReportAllocs()
	for b.Loop() {
		if _, _, ok := parent.Child(name); !ok {
			b.Fatal("not found")
		}
	}
}

func BenchmarkFind(b *testing.B) {
	s := benchStack(b)
	r := rand.New(rand.NewPCG(3, 4))
	var ids []digest.ID
	for range 10_000 {
		ids = append(ids, s.Tree(Number(r.IntN(benchTrees))).ID())
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, ok := s.Find(ids[i%len(ids)]); !ok {
			b.Fatal("not found")
		}
	}
}

func BenchmarkEqual(b *testing.B) {
	s := benchStack(b)
	r := rand.New(rand.NewPCG(3, 4))
	var sums []digest.Sum
	for range 10_000 {
		sums = append(sums, s.Tree(Number(r.IntN(benchTrees))).Exact())
	}
	buf := make([]Number, 0, 8)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if len(s.Equal(Exact, sums[i%len(sums)], buf, 8)) == 0 {
			b.Fatal("not found")
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	g := benchStack(b).segments[0]
	b.SetBytes(g.Bytes())
	for b.Loop() {
		if _, err := openFile(reopened(b, g.file), &pacer{ctx: background}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMerge(b *testing.B) {
	s := benchStack(b)
	roots := make([]Number, s.Len())
	for n := range roots {
		roots[n] = Number(n)
	}
	for b.Loop() {
		if _, _, err := Merge(background, s, 0, roots, Options{}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchTrees, "ns/tree")
}

func reopened(t testing.TB, f *file) *file {
	t.Helper()
	fd, err := unix.Dup(int(f.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	return &file{File: os.NewFile(uintptr(fd), f.Name())}
}
