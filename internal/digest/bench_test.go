package digest

import (
	"fmt"
	"testing"
)

func directory(files int) []Entry {
	entries := make([]Entry, files)
	for i := range entries {
		entries[i] = Entry{Name: fmt.Sprintf("package-%07d_1.2.3-4_amd64.deb", i*7919%files), Kind: File, Size: int64(i) * 1000, Date: NewDate(2024, 5, 1+i%28)}
	}
	return entries
}

// BenchmarkTree cleans and digests directories of a thousand unsorted files and
// reports entries a second on one core.
func BenchmarkTree(b *testing.B) {
	const files = 1000
	unsorted := directory(files)
	entries := make([]Entry, files)
	d := NewDigester()
	b.ReportAllocs()
	for b.Loop() {
		copy(entries, unsorted)
		kept, _ := Clean(entries)
		d.Tree(kept, Complete)
	}
	b.ReportMetric(float64(b.N)*files/b.Elapsed().Seconds(), "entries/s")
}

func TestAllocationsDoNotGrowWithFiles(t *testing.T) {
	d := NewDigester()
	count := func(files int) float64 {
		entries, _ := Clean(directory(files))
		d.Tree(entries, Complete)
		return testing.AllocsPerRun(10, func() { d.Tree(entries, Complete) })
	}
	if few, many := count(10), count(10000); many > few {
		t.Errorf("%v allocations for 10 files, %v for 10,000", few, many)
	}
}
