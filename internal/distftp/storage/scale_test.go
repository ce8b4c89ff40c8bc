package storage

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"mirrortracker/internal/distftp/wire"
)

// scale is how many files a third of a large file system has.
const scale = 333_000

// BenchmarkScale has a slave with many files do what it does while it joins.
func BenchmarkScale(b *testing.B) {
	config := Config{Folders: []string{b.TempDir()}}
	for i := range scale / 100 {
		dir := filepath.Join(config.Folders[0], fmt.Sprintf("pub/%02d/%04d", i%37, i))
		if err := os.MkdirAll(dir, 0o755); err != nil {
			b.Fatal(err)
		}
		for j := range 100 {
			if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("package-%d_1.0-1_amd64.deb", j)), nil, 0o644); err != nil {
				b.Fatal(err)
			}
		}
	}
	took := func(what string, since time.Time) {
		b.ReportMetric(float64(time.Since(since).Microseconds())/1000, "ms-"+what)
	}
	for b.Loop() {
		since := time.Now()
		if _, err := Init(b.Context(), config); err != nil {
			b.Fatal(err)
		}
		took("import", since)

		since = time.Now()
		s, err := Open(b.Context(), config)
		if err != nil {
			b.Fatal(err)
		}
		is, err := s.State(b.Context())
		if err != nil || is.Files != scale {
			b.Fatal(is, err)
		}
		took("open", since)

		since = time.Now()
		files := 0
		for e, err := range s.Directory(b.Context(), "/", true) {
			if err != nil {
				b.Fatal(err)
			}
			if e.Kind == wire.File {
				files++
			}
		}
		took("list-all", since)

		since = time.Now()
		var intents []wire.Intent
		for i := range uint64(scale / 100) {
			intents = append(intents, wire.Intent{Prev: i, Seq: i + 1, Deed: wire.Rename, Path: wire.Path(fmt.Sprintf("/pub/%02d/%04d/package-0_1.0-1_amd64.deb", i%37, i)),
				To: wire.Path(fmt.Sprintf("/pub/%02d/%04d/renamed", i%37, i))})
		}
		if _, err := s.Apply(b.Context(), intents); err != nil {
			b.Fatal(err)
		}
		took("rename-1%", since)

		since = time.Now()
		for i := range intents {
			intents[i] = wire.Intent{Prev: intents[i].Prev + scale, Seq: intents[i].Seq + scale, Deed: wire.Remove, Path: intents[i].To}
		}
		intents[0].Prev = scale / 100
		if _, err := s.Apply(b.Context(), intents); err != nil {
			b.Fatal(err)
		}
		took("remove-1%", since)

		since = time.Now()
		const opens = 10_000
		for i := range opens {
			f, err := s.Open(b.Context(), wire.Ref{Path: wire.Path(fmt.Sprintf("/pub/%02d/%04d/package-7_1.0-1_amd64.deb", i%3330%37, i%3330))}, 0)
			if err != nil {
				b.Fatal(err)
			}
			f.Close()
		}
		b.ReportMetric(float64(time.Since(since).Microseconds())/opens, "us-open")

		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		b.ReportMetric(float64(m.HeapAlloc)/(1<<20), "MiB-heap")
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
