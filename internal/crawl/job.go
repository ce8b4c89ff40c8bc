package crawl

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/store"
)

// A Job is one crawl of one site, with all that it needs.
type Job struct {
	Store  *store.Store
	Site   mirror.Site
	Source Source
	Owner  string // who holds the lease, for people to read

	// Gone reports whether the holder of a lease, by its Owner, has ended without giving
	// it back; nil if that cannot be known.
	Gone func(owner string) bool

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

// maxRestarts bounds how often a source may change its mind about a site: each
// of its discoveries comes once.
const maxRestarts = 8

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
	if err := j.Store.RecordAttempt(ctx, lease, attempt); err != nil {
		return Report{}, errors.Join(err, holder.release(ctx))
	}
	report, err := j.crawl(ctx, holder, attempt.Started)
	attempt.Ended, attempt.Dirs, attempt.Files = j.Now(), report.Dirs+report.Reused, report.Files
	switch {
	case err == nil:
		attempt.Outcome, attempt.Message = Published, report.gaps()
	case ctx.Err() != nil:
		err = context.Cause(ctx)
		attempt.Outcome, attempt.Message = Interrupted, err.Error()
	default:
		attempt.Outcome, attempt.Message = Failed, err.Error()
	}

	last, cancelLast := context.WithTimeout(context.WithoutCancel(ctx), farewell)
	defer cancelLast()
	if recordErr := j.Store.RecordAttempt(last, holder.lease(), attempt); err == nil {
		err = recordErr
	}
	if releaseErr := holder.release(last); err == nil {
		err = releaseErr
	}
	return report, err
}

// gaps says in a sentence what is incomplete.
func (r *Report) gaps() string {
	if len(r.Problems) == 0 {
		return ""
	}
	first := r.Problems[0]
	return fmt.Sprintf("%d incomplete, the first: %s: %s: %s", r.Incomplete, mirror.EscapePath(first.Path.Dir()), first.Reason, first.Detail)
}

// acquire takes the site's lease, over from a holder that is gone if need be.
func (j *Job) acquire(ctx context.Context) (store.Lease, error) {
	name := store.SiteLease(j.Site.ID())
	lease, err := j.Store.Acquire(ctx, name, j.Owner, leaseTTL)
	var held *store.LeaseHeldError
	if !errors.As(err, &held) || j.Gone == nil || !j.Gone(held.Owner) {
		return lease, err
	}
	j.Log.Info("crawl is taken over from a process that is gone", "site", j.Site.Name, "holder", strings.SplitN(held.Owner, " (", 2)[0])
	if err := j.Store.Release(ctx, held.Lease()); err != nil {
		return store.Lease{}, err
	}
	return j.Store.Acquire(ctx, name, j.Owner, leaseTTL)
}

// crawl walks until a walk comes to its end without a restart, and publishes.
func (j *Job) crawl(ctx context.Context, holder *holder, started time.Time) (report Report, err error) {
	done, err := j.progress(ctx)
	if err != nil {
		return report, err
	}
	sink := newWriter(context.WithoutCancel(ctx), j.Store, j.Log)
	defer sink.Close()
	for range maxRestarts {
		report.Result, err = j.walk(ctx, holder, sink, done)
		var restart *RestartError
		if !errors.As(err, &restart) {
			break
		}
		j.Log.Info("crawl begins again", "site", j.Site.Name, "why", restart.Why)
		report.Restart, done = restart.Why, known{}
		if err := j.saveProgress(ctx, holder.lease(), j.Source.Facts(), nil); err != nil {
			return report, err
		}
	}
	report.NewTrees = sink.added()
	if err != nil {
		return report, err
	}
	if p := report.Problems; len(p) > 0 && p[0].Path == mirror.Root && p[0].Reason == digest.Refused {
		// A disk that is not mounted, or a wrong URL: nothing was found out.
		return report, fmt.Errorf("the site's own directory is refused: %s", p[0].Detail)
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
func (j *Job) walk(ctx context.Context, holder *holder, sink *writer, known known) (Result, error) {
	w := &Walker{
		Open:        j.Source.Open,
		Sink:        sink,
		Connections: j.Connections,
		Limits:      j.Limits,
		Retry:       j.Retry,
		Now:         j.Now,
		Failed:      func(err error) { j.Log.Warn("trying again", "site", j.Site.Name, "err", err) },
		Known:       known.subtree,
		Begun:       known.above,
	}
	running := w.Start(ctx)
	if j.Watch != nil {
		j.Watch(running.Status)
	}
	save := func(ctx context.Context) error {
		facts := j.Source.Facts() // before, see saveProgress
		finished := running.Finished()
		if err := sink.Flush(ctx); err != nil {
			return err
		}
		return j.saveProgress(ctx, holder.lease(), facts, finished)
	}
	stop := every(ctx, sooner(j.SaveEvery), func() {
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
