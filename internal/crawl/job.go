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

	// StillDue reports, with the lease held, whether the site is to be crawled at all:
	// another process may have done it meanwhile. It is nil if the site is.
	StillDue func(ctx context.Context) (bool, error)

	Connections int   // wanted; fewer where the site is known not to accept them
	Pace        Pacer // of directories; nil if there is no limit
	Limits      Limits
	Retry       Retry
	Now         func() time.Time
	Log         *slog.Logger

	SaveEvery time.Duration // how often progress is saved
	ResumeFor time.Duration // how old a listing may be that an interrupted crawl left behind

	// Suspect is the share of what is known of the site that a crawl has to find to be
	// believed at once; 0 believes all. See [SuspectError].
	Suspect float64

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
	Account  string // how the site was listed, for people
}

// ErrNotDue says that a site needed no crawl any more when its turn came.
var ErrNotDue = errors.New("it was crawled meanwhile")

// How long a lease lasts unless renewed, and how often it is.
const (
	leaseTTL   = 2 * time.Minute
	leaseRenew = 30 * time.Second
)

// maxRestarts bounds how often a source may change its mind about a site: each
// of its discoveries comes once.
const maxRestarts = 8

// Run crawls the site and publishes a snapshot. It returns a [*store.LeaseHeldError]
// if the site is being crawled already, [ErrNotDue] if that is no longer wanted, and a
// [*SuspectError] if what was found is hard to believe. Where it returns any error the
// previous snapshot stays in force; after others than these, what was finished is kept
// for the next crawl.
func (j *Job) Run(ctx context.Context) (Report, error) {
	lease, err := j.acquire(ctx)
	if err != nil {
		return Report{}, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	holder := holdLease(ctx, j.Store, lease, cancel, j.Log)
	diary := &diary{Job: j, holder: holder}
	if err = j.stillDue(ctx); err == nil {
		err = diary.begin(ctx)
	}
	if err != nil {
		last, cancelLast := outlast(ctx)
		defer cancelLast()
		return Report{}, errors.Join(err, holder.release(last))
	}

	report, err := j.crawl(ctx, diary)
	last, cancelLast := outlast(ctx)
	defer cancelLast()
	diary.attempt.Tally = tally(report.Status, report.NewTrees)
	report.Account = j.Source.Account()
	var suspect *SuspectError
	switch {
	case err == nil:
		diary.end(last, store.OutcomePublished, report.gaps())
		j.markFlapping(last, holder.lease())
	case errors.As(err, &suspect):
		diary.end(last, store.OutcomeSuspect, suspect.Suspect.Reason)
	case ctx.Err() != nil:
		err = context.Cause(ctx)
		diary.end(last, store.OutcomeInterrupted, err.Error())
	default:
		diary.end(last, store.OutcomeFailed, err.Error())
	}
	if report.Dirs > 0 {
		j.remember(last, holder.lease())
	}
	if releaseErr := holder.release(last); releaseErr != nil {
		j.Log.Warn("lease is not given back, and expires", "site", j.Site.Name, "err", releaseErr)
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

// nothing returns an error where nothing was found out about the site: its own
// directory is refused, as where a disk is not mounted or the URL is wrong, or has an
// answer of which nothing can be read.
func (r *Report) nothing() error {
	if len(r.Problems) == 0 || r.Problems[0].Path != mirror.Root {
		return nil
	}
	switch p := r.Problems[0]; {
	case p.Reason == digest.Refused:
		return fmt.Errorf("the site's own directory is refused: %s", p.Detail)
	case r.Root.Totals == digest.Totals{}:
		return fmt.Errorf("nothing of the site's own directory can be read: %s", p.Detail)
	}
	return nil
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

// stillDue returns ErrNotDue if the site needs no crawl.
func (j *Job) stillDue(ctx context.Context) error {
	if j.StillDue == nil {
		return nil
	}
	due, err := j.StillDue(ctx)
	if err == nil && !due {
		err = ErrNotDue
	}
	return err
}

// recall lets the source know what earlier crawls remembered, and returns what an
// interrupted one has finished.
func (j *Job) recall(ctx context.Context, lease store.Lease) (done known, err error) {
	err = insist(ctx, j.Log, "what is known of the site is not read", func(ctx context.Context) error {
		memory, _, err := j.Store.Memory(ctx, j.Site.ID())
		if err != nil {
			return err
		}
		if memory != "" {
			j.Source.Remember(memory)
		}
		done, err = j.progress(ctx, lease)
		return err
	})
	return done, err
}

// remember keeps what later crawls should know, if that is more than nothing. It does
// no harm if they do not.
func (j *Job) remember(ctx context.Context, lease store.Lease) {
	memory := j.Source.Memory()
	if memory == "" {
		return
	}
	if err := j.Store.Remember(ctx, lease, memory); err != nil {
		j.Log.Warn("what was learnt is not remembered", "site", j.Site.Name, "err", err)
	}
}

// crawl walks until a walk comes to its end without a restart, and publishes.
func (j *Job) crawl(ctx context.Context, diary *diary) (report Report, err error) {
	done, err := j.recall(ctx, diary.holder.lease())
	if err != nil {
		return report, err
	}
	sink := newWriter(context.WithoutCancel(ctx), j.Store, j.Log)
	defer sink.Close()
	for range maxRestarts {
		report.Result, err = j.walk(ctx, diary, sink, done)
		var restart *RestartError
		if !errors.As(err, &restart) {
			break
		}
		j.Log.Info("crawl begins again", "site", j.Site.Name, "why", restart.Why)
		report.Restart = restart.Why
		if err := insist(ctx, j.Log, "progress is not dropped", func(ctx context.Context) (err error) {
			done, err = j.dropProgress(ctx, diary.holder.lease())
			return err
		}); err != nil {
			return report, err
		}
	}
	report.NewTrees = sink.added()
	if err != nil {
		return report, err
	}
	if err := report.nothing(); err != nil {
		return report, err
	}
	report.Snapshot, err = j.settle(ctx, diary.holder, store.Snapshot{
		Site:       j.Site.ID(),
		Root:       report.Root.ID,
		Started:    diary.attempt.Started,
		Finished:   j.Now(),
		Totals:     report.Root.Totals,
		Incomplete: report.Incomplete,
	}, report.gaps())
	return report, err
}

// walk walks the site once, saving progress on the way and when it breaks off.
func (j *Job) walk(ctx context.Context, diary *diary, sink *writer, known known) (Result, error) {
	w := &Walker{
		Open:        j.Source.Open,
		Sink:        sink,
		Connections: j.Source.Connections(j.Connections),
		Pace:        j.Pace,
		Limits:      j.Limits,
		Retry:       j.Retry,
		Now:         j.Now,
		Failed:      func(err error) { j.Log.Warn("trying again", "site", j.Site.Name, "err", err) },
		Known:       known.finished,
		Opened:      known.opened,
		Begun:       known.above,
	}
	running := w.Start(ctx)
	if j.Watch != nil {
		j.Watch(running.Status)
	}
	save := func(ctx context.Context) error {
		return j.saveProgress(ctx, diary.holder.lease(), known.ledger, running, sink)
	}
	stop := every(ctx, sooner(j.SaveEvery), func() {
		err := diary.note(ctx, tally(running.Status(), sink.added()))
		if err := errors.Join(err, save(ctx)); err != nil && ctx.Err() == nil {
			j.Log.Warn("progress is not saved", "site", j.Site.Name, "err", err)
		}
	})
	result, err := running.Wait()
	stop()
	if err == nil {
		return result, sink.Flush(ctx)
	}
	if restart := (*RestartError)(nil); !errors.As(err, &restart) {
		last, cancel := outlast(ctx)
		defer cancel()
		if err := save(last); err != nil {
			j.Log.Warn("progress is not saved", "site", j.Site.Name, "err", err)
		}
	}
	return Result{Status: running.Status()}, err
}
