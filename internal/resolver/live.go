package resolver

import (
	"cmp"
	"context"
	"log/slog"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"mirrortracker/internal/resolver/segment"
)

// Live keeps an index in force. It looks for news again and again, and goes on
// serving what it has when the source fails.
type Live struct {
	src     Source
	opts    Options
	log     *slog.Logger
	current atomic.Pointer[Index]

	checking sync.Mutex // held by a check, guards the following
	keeper   *keeper    // nil before the first check
	base     *Index     // has the trees of the cache, where there is no index of it
	tried    bool       // whether there was a state
	state    state      // of which an index was last tried to make
	failed   error      // why it could not be made
	retry    retry

	background sync.WaitGroup
	tending    sync.Mutex // held by who tends to segments, guards the following
	sound      int        // trees, when all segments were merged last; 0 before it is known
	tended     *Index     // what needs no tending to

	mu     sync.Mutex // guards status
	status Status
}

// NewLive returns a Live without an index yet.
func NewLive(src Source, opts Options, log *slog.Logger) *Live {
	return &Live{src: src, opts: opts.withDefaults(), log: log}
}

// Index returns the index in force, or nil as long as none could be loaded.
func (l *Live) Index() *Index { return l.current.Load() }

// Run checks at once and then as often as asked for, until ctx is done. What
// goes wrong is logged when it begins and when it ends, and is in the status.
// Between checks it merges segments and saves the index in the cache folder; it
// gives that back in the end.
func (l *Live) Run(ctx context.Context, every time.Duration) {
	defer l.close()
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		before, last := l.Status().Err, l.Index()
		err := l.Check(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil && before == nil:
			l.log.Warn("index cannot be refreshed", "err", err)
		case err == nil && before != nil:
			l.log.Info("index can be refreshed again")
		}
		l.tend(ctx, l.Index() == last)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (l *Live) close() {
	l.background.Wait()
	unmapOld() // so that nothing is left of what was merged
	if err := l.keeper.Close(); err != nil {
		l.log.Warn("cache folder cannot be given back", "err", err)
	}
}

// Check compares what the source has with the index in force, and puts a new
// one in its place if any site or any site's current snapshot has changed. The
// first one puts the index in force that is in the cache folder, if there is one.
func (l *Live) Check(ctx context.Context) error {
	l.checking.Lock()
	defer l.checking.Unlock()
	if l.keeper == nil {
		l.restore(ctx)
	}
	err := l.refresh(ctx)
	if ctx.Err() == nil { // else it is the caller who gave up
		l.checked(err)
	}
	return err
}

// restore goes on where an earlier process ended.
func (l *Live) restore(ctx context.Context) {
	l.keeper = &keeper{segment.OpenCache(ctx, l.opts.Cache, l.log)}
	x, file, err := l.keeper.restore(ctx, l.opts)
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		l.log.Warn("sites of the cache are dropped", "dir", l.keeper.Dir(), "err", err)
	}
	if x == nil {
		l.base = l.keeper.stub(l.opts)
		return
	}
	l.sound = file.Sound
	l.put(x)
	l.kept(file.Saved)
	l.log.Info("index of the cache is in force until the database is read",
		"dir", l.keeper.Dir(), "saved", file.Saved, "sites", len(x.sites), "trees", x.Trees())
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
	if prev != nil {
		runtime.GC() // or else it would come in the midst of loading, or of finding everything out anew
	}
	load := l.loader(cmp.Or(prev, l.base))
	load.part = l.put
	next, err := load.index(ctx, s)
	l.loading(nil)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	l.tried, l.state, l.failed = true, s, err
	if err != nil {
		l.retry = l.retry.after(true, time.Now())
		return err
	}
	l.retry = l.retry.after(next.retriable(), time.Now())
	l.base = nil
	l.put(next)
	l.kept(time.Time{})
	l.tell(prev, next)
	return nil
}

// loader returns what makes an index from a previous one.
func (l *Live) loader(prev *Index) *loader {
	return &loader{src: l.src, opts: l.opts, dir: l.keeper.Dir(), log: l.log, prev: prev, tell: l.loading}
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
	l.log.Info("index loaded", "sites", len(next.sites), "trees", next.Trees(), "segments", next.trees.Segments(), "bytes", next.Bytes())
}

// put puts an index in force.
func (l *Live) put(x *Index) {
	l.current.Store(x)
	l.loaded(x)
}
