package resolver

import (
	"context"
	"log/slog"
	"maps"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"mirrortracker/internal/mirror"
	"mirrortracker/internal/store"
)

// Live keeps an index in force. It looks for news again and again, and goes on
// serving what it has when the source fails.
type Live struct {
	src     Source
	opts    Options
	log     *slog.Logger
	current atomic.Pointer[Index]

	checking sync.Mutex // held by a check, guards the following
	tried    bool       // whether there was a state
	state    state      // of which an index was last tried to make
	failed   error      // why it could not be made
	retry    retry

	mu     sync.Mutex // guards status
	status Status
}

// A Status says how current the index in force is.
type Status struct {
	Loaded   time.Time // when the index in force was put there; zero if there is none
	Checked  time.Time // when the last check ended, however it did
	Err      error     // of the last check; nil if it went well
	Failing  time.Time // the end of the first of the failed checks without a good one since; zero if the last was good
	Sites    int       // tracked sites
	Indexed  int       // those of them that have a snapshot in the index
	Trees    int       // distinct trees
	Bytes    int64     // about what they and the resolved links take in memory
	Problems []Problem // sites whose current snapshot is not in the index
}

// NewLive returns a Live without an index yet.
func NewLive(src Source, opts Options, log *slog.Logger) *Live {
	return &Live{src: src, opts: opts, log: log}
}

// Index returns the index in force, or nil as long as none could be loaded.
func (l *Live) Index() *Index { return l.current.Load() }

// Status returns how things stand.
func (l *Live) Status() Status {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.status
}

// Run checks at once and then as often as asked for, until ctx is done. What
// goes wrong is logged when it begins and when it ends, and is in the status.
func (l *Live) Run(ctx context.Context, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		before := l.Status().Err
		err := l.Check(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil && before == nil:
			l.log.Warn("index cannot be refreshed", "err", err)
		case err == nil && before != nil:
			l.log.Info("index can be refreshed again")
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Check compares what the source has with the index in force, and puts a new
// one in its place if any site or any site's current snapshot has changed.
func (l *Live) Check(ctx context.Context) error {
	l.checking.Lock()
	defer l.checking.Unlock()
	err := l.refresh(ctx)
	if ctx.Err() == nil { // else it is the caller who gave up
		l.checked(err)
	}
	return err
}

func (l *Live) refresh(ctx context.Context) error {
	s, err := readState(ctx, l.src)
	if err != nil {
		return err
	}
	if l.tried && s.equal(l.state) && !l.retry.due(time.Now()) {
		return l.failed
	}
	prev := l.current.Load()
	next, err := s.build(ctx, l.src, prev, l.opts)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	l.tried, l.state, l.failed = true, s, err
	if err != nil {
		l.retry = l.retry.after(true, time.Now())
		return err
	}
	l.retry = l.retry.after(next.retriable(), time.Now())
	l.current.Store(next)
	l.loaded(next)
	l.tell(prev, next)
	return nil
}

// tell logs the new index, and the problems that were not there before.
func (l *Live) tell(prev, next *Index) {
	for _, p := range next.problems {
		if prev == nil || !slices.ContainsFunc(prev.problems, func(o Problem) bool { return o.Site == p.Site }) {
			l.log.Warn("site cannot be loaded", "site", p.Site, "previous", p.Previous, "err", p.Err)
		}
	}
	for _, t := range next.sites {
		if t.hierarchy != nil && t.hierarchy.crowded {
			l.log.Warn("site has more links than are followed", "site", t.Name, "followed", len(t.hierarchy.links))
		}
	}
	l.log.Info("index loaded", "sites", len(next.sites), "trees", next.Trees(), "bytes", next.Bytes())
}

func (l *Live) loaded(x *Index) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.status.Loaded = time.Now()
	l.status.Sites = len(x.sites)
	l.status.Indexed = 0
	for _, t := range x.sites {
		if t.hierarchy != nil {
			l.status.Indexed++
		}
	}
	l.status.Trees, l.status.Bytes = x.Trees(), x.Bytes()
	l.status.Problems = x.problems
}

func (l *Live) checked(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	l.status.Checked, l.status.Err = now, err
	switch {
	case err == nil:
		l.status.Failing = time.Time{}
	case l.status.Failing.IsZero():
		l.status.Failing = now
	}
}

// equal reports whether two states would make the same index.
func (s state) equal(o state) bool {
	return slices.EqualFunc(s.sites, o.sites, sameSite) && maps.EqualFunc(s.current, o.current, sameSnapshot)
}

func sameSnapshot(a, b store.Snapshot) bool {
	return a.Seq == b.Seq && a.Root == b.Root && a.Finished.Equal(b.Finished)
}

func sameSite(a, b mirror.Site) bool { return reflect.DeepEqual(a, b) }

// A retry says when sites that could not be loaded are tried again although
// nothing has changed: the trees below a root are all read again, so not at
// every check.
type retry struct {
	at    time.Time // zero: there is nothing to try
	pause time.Duration
}

// The pauses between two tries double from the first to the longest.
const (
	firstPause   = 4 * time.Second
	longestPause = 5 * time.Minute
)

func (r retry) due(now time.Time) bool { return !r.at.IsZero() && !now.Before(r.at) }

// after returns when to try again after a try that left such problems or none.
func (r retry) after(problems bool, now time.Time) retry {
	if !problems {
		return retry{}
	}
	pause := min(max(2*r.pause, firstPause), longestPause)
	return retry{now.Add(pause), pause}
}
