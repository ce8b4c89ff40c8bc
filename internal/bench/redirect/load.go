package main

import (
	"context"
	"os"

	"mirrortracker/internal/bench/process"
	"mirrortracker/internal/bench/report"
)

// load measures how the redirector reads the whole world from the database.
func (b *bench) load(ctx context.Context) error {
	if err := b.quit(); err != nil {
		return err
	}
	if err := os.RemoveAll(b.cache()); err != nil {
		return err
	}
	s, took, err := b.startRedirector(ctx, b.database)
	if err != nil {
		return err
	}
	m, err := s.processes[0].Family().Memory()
	if err != nil {
		return err
	}
	b.results.note("first loading from the database", took.Seconds(), "s")
	b.results.note("greatest memory while loading", mib(m.Peak), "MiB")
	b.noteMemory(loadedMemory, m)
	b.Say("loaded in %.1f s; %s MiB resident, %s MiB while it loaded", took.Seconds(), report.Mebibytes(m.RSS), report.Mebibytes(m.Peak))
	return b.adopt(s)
}

// noteMemory keeps what is in memory, and of which kind it is.
func (b *bench) noteMemory(name string, m process.Memory) {
	b.results.note(name, mib(m.RSS), "MiB")
	b.results.note("  of its own", mib(m.Anon), "MiB")
	b.results.note("  of mapped files", mib(m.File), "MiB")
	b.results.note("  shared", mib(m.Shm), "MiB")
}

func mib(n int64) float64 { return float64(n) / (1 << 20) }

// restart measures how long it takes until it is ready again.
func (b *bench) restart(ctx context.Context) error {
	if _, err := b.serve(ctx); err != nil {
		return err
	}
	if err := b.quit(); err != nil {
		return err
	}
	s, took, err := b.startRedirector(ctx, b.database)
	if err != nil {
		return err
	}
	b.results.note(restarted, took.Seconds(), "s")
	b.Say("ready again after %.2f s", took.Seconds())
	return b.adopt(s)
}
