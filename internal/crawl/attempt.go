package crawl

import (
	"context"
	"errors"

	"mirrortracker/internal/store"
)

// A diary tells the store how an attempt at a site goes, for those who ask while it
// runs and afterwards. What cannot be written at a moment is made up for by what is
// written next: no crawl ends because of its diary.
type diary struct {
	*Job
	holder  *holder
	attempt store.Attempt
	begun   bool // whether the store has the attempt
}

// begin opens the diary. It fails only where the crawl is not to be.
func (d *diary) begin(ctx context.Context) error {
	d.attempt = store.Attempt{Site: d.Site.ID(), Started: d.Now(), Outcome: store.OutcomeRunning}
	err := d.write(ctx)
	if err == nil || errors.Is(err, store.ErrLeaseLost) || errors.Is(err, store.ErrNoSite) || ctx.Err() != nil {
		return err
	}
	d.Log.Warn("attempt is not recorded yet", "site", d.Site.Name, "err", err)
	return nil
}

// note records how far the crawl has come.
func (d *diary) note(ctx context.Context, far store.Tally) error {
	d.attempt.Tally = far
	if !d.begun {
		return d.write(ctx)
	}
	return d.Store.RecordProgress(ctx, d.holder.lease(), far)
}

// end records what came of the attempt, insisting for a while.
func (d *diary) end(ctx context.Context, outcome, message string) {
	d.attempt.Ended, d.attempt.Outcome, d.attempt.Message = d.Now(), outcome, message
	d.attempt.Ways = d.Source.Account()
	if err := insist(ctx, d.Log, "outcome is not recorded", d.write); err != nil {
		d.Log.Warn("outcome is not recorded", "site", d.Site.Name, "outcome", outcome, "err", err)
	}
}

func (d *diary) write(ctx context.Context) error {
	err := d.Store.RecordAttempt(ctx, d.holder.lease(), d.attempt)
	d.begun = d.begun || err == nil
	return err
}

// tally returns how far a walk has come, as the store counts it.
func tally(far Status, newTrees int64) store.Tally {
	return store.Tally{Dirs: far.Dirs + far.Reused, Reused: far.Reused, Files: far.Files, NewTrees: newTrees}
}
