package main

import (
	"context"
	"time"

	"mirrortracker/internal/config"
	"mirrortracker/internal/process"
	"mirrortracker/internal/schedule"
	"mirrortracker/internal/store"
)

// housekeeping deletes what the history does not keep, and what nothing needs then.
func (d *daemon) housekeeping() *schedule.Chore {
	return &schedule.Chore{Name: "collect", Log: d.Log, Do: d.collect}
}

// collect prunes and collects as far as crawls under way allow.
func (d *daemon) collect(ctx context.Context) (done bool, err error) {
	pruned, err := d.Store.Prune(ctx, keep(d.force.Load().History, time.Now()))
	if err != nil {
		return false, err
	}
	got, err := d.Store.Collect(ctx, store.CollectConfig{Owner: process.Name(), Gone: process.Gone})
	if err != nil {
		return false, err
	}
	if pruned > 0 || got.Deleted > 0 {
		d.Log.Info("history is tidied", "snapshots", pruned, "trees", got.Deleted, "bytes", got.Bytes)
	}
	return got.Done(), nil
}

// keep says which snapshots are kept.
func keep(history config.History, now time.Time) store.Keep {
	return store.Keep{Newest: history.Keep, After: now.AddDate(0, 0, -history.Days)}
}
