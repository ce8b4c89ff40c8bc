package main

import (
	"context"
	"fmt"
	"path/filepath"

	"mirrortracker/internal/bench/report"
	"mirrortracker/internal/testbed"
)

// imports measures how fast a full pack comes into an empty database.
func (b *bench) imports(ctx context.Context) error {
	full, err := b.export(ctx, 0, "import.pack")
	if err != nil {
		return err
	}
	n := 0
	sqlite := func() (string, error) {
		n++
		return "sqlite:" + filepath.Join(b.dir, fmt.Sprintf("importer%d.db", n)), nil
	}
	if err := b.into(ctx, "SQLite", full, sqlite); err != nil {
		return err
	}
	server, err := testbed.LaunchMariaDB()
	if err != nil {
		return err
	}
	b.AtEnd(server.Close)
	return b.into(ctx, "MariaDB", full, server.Create)
}

// into imports a pack into one fresh database after the other.
func (b *bench) into(ctx context.Context, kind string, full packed, fresh func() (string, error)) error {
	var rounds []cost
	for range b.options.Rounds {
		database, err := fresh()
		if err != nil {
			return err
		}
		if _, err := b.crawler(ctx, database, new([]any), "site", "list"); err != nil { // makes the tables
			return err
		}
		var got struct {
			Trees    int64 `json:"trees"`
			NewTrees int64 `json:"new_trees"`
		}
		used, err := b.crawler(ctx, database, &got, "pack", "import", b.file("import.pack"), "--key", full.Key)
		if err != nil {
			return err
		}
		if got.Trees != full.Trees || got.NewTrees < full.Trees*9/10 {
			return fmt.Errorf("%d trees were imported, %d of them new, and not %d", got.Trees, got.NewTrees, full.Trees)
		}
		b.Say("%s: %d trees in %.2f s, %.0f MiB at most", kind, got.Trees, used.time.Seconds(), mebibytes(used.memory))
		rounds = append(rounds, used)
	}
	rate, low, high := report.Median(rounds, func(c cost) float64 { return float64(full.Trees) / c.time.Seconds() })
	b.note(importRate+kind, rate, "trees/s "+report.Span(low, high))
	_, _, memory := report.Median(rounds, func(c cost) float64 { return mebibytes(c.memory) })
	b.note(importMemory+kind, memory, "MiB")
	return nil
}
