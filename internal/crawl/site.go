package crawl

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/store"
)

// A Job is one crawl of one site, with all that it needs.
type Job struct {
	Store *store.Store
	Site  mirror.Site
	Owner string // who holds the lease, for people to read

	// Gone reports whether the holder of a lease, by its Owner, has ended without giving
	// it back; nil if that cannot be known.
	Gone func(owner string) bool

	Open func(ctx context.Context) (Lister, error)

	Connections int
	Limits      Limits
	Retry       Retry
	Now         func() time.Time
	Log         *slog.Logger

	SaveEvery time.Duration // how often progress is saved
	ResumeFor time.Duration // how old a listing may be that an interrupted crawl left behind

	// Watch is called with a function that tells how far the walk has come,
	// each time a walk begins; nil if nobody watches.
	Watch func(status func() Status)
}

// A Report is what came of a crawl.
type Report struct {
	Snapshot store.Snapshot
	Result
	NewTrees int64  // trees that the store did not have
	Restart  string // why the walk began again, "" if it did not
}

// How long a lease lasts unless renewed, and how often it is.
const (
	leaseTTL   = 2 * time.Minute
	leaseRenew = 30 * time.Second
)

// maxRestarts bounds how often a lister may change its mind about a site: each
// of its discoveries comes once.
const maxRestarts = 5

// Outcomes of an attempt, as the store keeps them.
const (
	Running     = "running"
	Published   = "published"
	Interrupted = "interrupted"
	Failed      = "failed"
)

// farewell bounds what is still written when a crawl was interrupted.
const farewell = 10 * time.Second

// Run crawls the site and publishes a snapshot. It returns a
// [*store.LeaseHeldError] if the site is being crawled already. Where it
// returns another error the previous snapshot stays in force, and what was
// finished is kept for the next crawl.
func (j *Job) Run(ctx context.Context) (Report, error) {
	lease, err := j.acquire(ctx)
	if err != nil {
		return Report{}, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	holder := holdLease(ctx, j.Store, lease, cancel, j.Log)

	attempt := store.Attempt{Site: j.Site.ID(), Started: j.Now(), Outcome: Running}
	if err := j.Store.RecordAttempt(ctx, attempt); err != nil {
		return Report{}, errors.Join(err, holder.release(ctx))
	}
	report, err := j.crawl(ctx, holder, attempt.Started)
	attempt.Ended, attempt.Dirs, attempt.Files = j.Now(), report.Dirs+report.Reused, report.Files
	switch {
	case err == nil:
		attempt.Outcome = Published
	case ctx.Err() != nil:
		err = context.Cause(ctx)
		attempt.Outcome, attempt.Message = Interrupted, err.Error()
	default:
		attempt.Outcome, attempt.Message = Failed, err.Error()
	}

	last, cancelLast := context.WithTimeout(context.WithoutCancel(ctx), farewell)
	defer cancelLast()
	if recordErr := j.Store.RecordAttempt(last, attempt); err == nil {
		err = recordErr
	}
	if releaseErr := holder.release(last); err == nil {
		err = releaseErr
	}
	return report, err
}

// acquire takes the site's lease, over from a holder that is gone if need be.
func (j *Job) acquire(ctx context.Context) (store.Lease, error) {
	name := store.SiteLease(j.Site.ID())
	lease, err := j.Store.Acquire(ctx, name, j.Owner, leaseTTL)
	var held *store.LeaseHeldError
	if !errors.As(err, &held) || j.Gone == nil || !j.Gone(held.Owner) {
		return lease, err
	}
	j.Log.Info("crawl is taken over from a process that is gone", "site", j.Site.Name, "holder", held.Owner)
	if err := j.Store.Release(ctx, held.Lease()); err != nil {
		return store.Lease{}, err
	}
	return j.Store.Acquire(ctx, name, j.Owner, leaseTTL)
}

// crawl walks until a walk comes to its end without a restart, and publishes.
func (j *Job) crawl(ctx context.Context, holder *holder, started time.Time) (report Report, err error) {
	known, err := j.progress(ctx)
	if err != nil {
		return report, err
	}
	sink := &batch{store: j.Store}
	for range maxRestarts {
		report.Result, err = j.walk(ctx, holder, sink, known)
		var restart *RestartError
		if !errors.As(err, &restart) {
			break
		}
		j.Log.Info("crawl begins again", "site", j.Site.Name, "why", restart.Why)
		report.Restart, known = restart.Why, nil
		if err := j.Store.SaveProgress(ctx, holder.lease(), nil); err != nil {
			return report, err
		}
	}
	report.NewTrees = sink.new
	if err != nil {
		return report, err
	}
	report.Snapshot, err = j.Store.Publish(ctx, holder.lease(), store.Snapshot{
		Site:       j.Site.ID(),
		Root:       report.Root.ID,
		Started:    started,
		Finished:   j.Now(),
		Totals:     report.Root.Totals,
		Incomplete: report.Incomplete,
	})
	return report, err
}

// walk walks the site once, saving progress on the way and when it breaks off.
func (j *Job) walk(ctx context.Context, holder *holder, sink *batch, known map[mirror.Path]Finished) (Result, error) {
	w := &Walker{
		Open:        j.Open,
		Sink:        sink,
		Connections: j.Connections,
		Limits:      j.Limits,
		Retry:       j.Retry,
		Now:         j.Now,
		Failed:      func(err error) { j.Log.Warn("trying again", "site", j.Site.Name, "err", err) },
		Known:       func(p mirror.Path) (Finished, bool) { f, ok := known[p]; return f, ok },
	}
	running := w.Start(ctx)
	if j.Watch != nil {
		j.Watch(running.Status)
	}
	save := func(ctx context.Context) error {
		finished := running.Finished()
		if err := sink.Flush(ctx); err != nil {
			return err
		}
		return j.saveProgress(ctx, holder.lease(), finished)
	}
	stop := every(ctx, j.SaveEvery, func() {
		if err := save(ctx); err != nil && ctx.Err() == nil {
			j.Log.Warn("progress is not saved", "site", j.Site.Name, "err", err)
		}
	})
	result, err := running.Wait()
	stop()
	if err == nil {
		return result, sink.Flush(ctx)
	}
	if restart := (*RestartError)(nil); !errors.As(err, &restart) {
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
		defer cancel()
		if err := save(last); err != nil {
			j.Log.Warn("progress is not saved", "site", j.Site.Name, "err", err)
		}
	}
	return Result{Status: running.Status()}, err
}

// every calls f at an interval until the function that it returns is called,
// which waits for a call under way.
func every(ctx context.Context, interval time.Duration, f func()) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		ticker := time.NewTicker(interval)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				f()
			}
		}
	}()
	return func() {
		cancel()
		<-done
	}
}

// A place is a directory of which a tree was made.
type place struct {
	path   mirror.Path
	tree   digest.ID
	listed time.Time
}

// progress returns what an interrupted crawl finished not too long ago. Of a
// subtree that is incomplete only the complete parts below it are taken over,
// so that what was refused is asked for again.
func (j *Job) progress(ctx context.Context) (map[mirror.Path]Finished, error) {
	saved, err := j.Store.Progress(ctx, j.Site.ID())
	if err != nil {
		return nil, err
	}
	var level []place
	oldest := j.Now().Add(-j.ResumeFor)
	for _, p := range saved {
		if p.Listed.After(oldest) {
			level = append(level, place{p.Path, p.Tree, p.Listed})
		}
	}
	known := make(map[mirror.Path]Finished, len(level))
	for len(level) > 0 {
		if level, err = j.takeOver(ctx, level, known); err != nil {
			return nil, err
		}
	}
	if len(known) > 0 {
		j.Log.Info("crawl goes on from where it was interrupted", "site", j.Site.Name, "subtrees", len(known))
	}
	return known, nil
}

// takeOver adds the complete trees of some places to known and returns the
// subdirectories of the others.
func (j *Job) takeOver(ctx context.Context, places []place, known map[mirror.Path]Finished) (below []place, err error) {
	byTree := map[digest.ID][]place{}
	for _, p := range places {
		byTree[p.tree] = append(byTree[p.tree], p)
	}
	ids := slices.Collect(maps.Keys(byTree))
	err = j.Store.Trees(ctx, ids, store.Branches, func(t *digest.Tree) error {
		for _, p := range byTree[t.ID] {
			if !t.Blind.Absent() {
				known[p.path] = Finished{Path: p.path, Summary: t.Summary, Listed: p.listed}
				continue
			}
			for c := range t.Children() {
				below = append(below, place{p.path.Join(c.Name), c.ID, p.listed})
			}
		}
		return nil
	})
	return below, err
}

func (j *Job) saveProgress(ctx context.Context, lease store.Lease, finished []Finished) error {
	rows := make([]store.Progress, len(finished))
	for i, f := range finished {
		rows[i] = store.Progress{Path: f.Path, Tree: f.Summary.ID, Listed: f.Listed}
	}
	if err := j.Store.SaveProgress(ctx, lease, rows); err != nil {
		return fmt.Errorf("save progress: %w", err)
	}
	return nil
}
