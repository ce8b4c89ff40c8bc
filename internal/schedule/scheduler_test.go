package schedule

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mirrortracker/internal/crawl"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/store"
)

// A world is a Source in memory, and what crawls do to it.
type world struct {
	mu       sync.Mutex
	sites    []mirror.Site
	attempts map[mirror.SiteID]store.Attempt
	err      error
	takes    time.Duration         // of every crawl
	fails    map[string]error      // by site
	started  map[string][]string   // times of the day, by site
	now      map[mirror.SiteID]int // crawls under way
	most     int                   // at a time
}

func newWorld(names ...string) *world {
	w := &world{attempts: map[mirror.SiteID]store.Attempt{}, started: map[string][]string{}, fails: map[string]error{}, now: map[mirror.SiteID]int{}, takes: time.Minute}
	for _, name := range names {
		w.sites = append(w.sites, site(name))
	}
	return w
}

func (w *world) Sites(context.Context) ([]mirror.Site, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.sites), w.err
}

func (w *world) Attempts(context.Context) ([]store.Attempt, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []store.Attempt
	for _, a := range w.attempts {
		all = append(all, a)
	}
	return all, w.err
}

// crawl is a crawl that records its attempt, as crawl.Job does.
func (w *world) crawl(ctx context.Context, s mirror.Site) error {
	id := s.ID()
	w.mu.Lock()
	w.started[s.Name] = append(w.started[s.Name], time.Now().UTC().Format("02 15:04"))
	w.now[id]++
	w.most = max(w.most, len(w.now))
	busy, fail := w.now[id] > 1, w.fails[s.Name]
	attempt := store.Attempt{Site: id, Started: time.Now(), Outcome: crawl.Running}
	if held := (*store.LeaseHeldError)(nil); !errors.As(fail, &held) {
		w.attempts[id] = attempt
	}
	w.mu.Unlock()
	if busy {
		panic("a site is crawled twice at a time")
	}
	select {
	case <-time.After(w.takes):
		attempt.Outcome = crawl.Published
		if fail != nil {
			attempt.Outcome = crawl.Failed
		}
	case <-ctx.Done():
		attempt.Outcome, fail = crawl.Interrupted, ctx.Err()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.now, id)
	attempt.Ended = time.Now()
	if held := (*store.LeaseHeldError)(nil); !errors.As(fail, &held) {
		w.attempts[id] = attempt
	}
	return fail
}

func (w *world) scheduler(t *testing.T, expression string) *Scheduler {
	return &Scheduler{
		Source:   w,
		Plan:     Plan{Default: cronOf(t, expression), Again: 10 * time.Minute},
		Parallel: 2,
		Poll:     3 * time.Second,
		Now:      time.Now,
		Log:      slog.New(slog.NewTextHandler(io.Discard, nil)),
		Crawl:    w.crawl,
	}
}

// run runs schedulers in a bubble, in which the clock starts on 2000-01-01, for
// some time.
func run(t *testing.T, d time.Duration, during func(), schedulers ...*Scheduler) {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	var all sync.WaitGroup
	for _, s := range schedulers {
		all.Go(func() { s.Run(ctx) })
	}
	if during != nil {
		during()
	}
	all.Wait()
}

func TestEverySiteInItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld("a", "b", "c", "d", "e")
		w.sites[0].Schedule = "30 * * * *"
		run(t, 3*time.Hour, nil, w.scheduler(t, "0 */2 * * *"))
		for name, want := range map[string][]string{
			"a": {"01 00:00", "01 00:30", "01 01:30", "01 02:30"},
			"b": {"01 00:00", "01 02:00"},
			"c": {"01 00:01", "01 02:00"},
			"e": {"01 00:02", "01 02:01"},
		} {
			if got := w.started[name]; !slices.Equal(got, want) {
				t.Errorf("%s was crawled at %v, want %v", name, got, want)
			}
		}
		if w.most != 2 {
			t.Errorf("%d crawls at a time", w.most)
		}
	})
}

func TestLongCrawlsDoNotOverlap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld("a")
		w.takes = 150 * time.Minute
		run(t, 6*time.Hour, nil, w.scheduler(t, "@hourly"))
		if want := []string{"01 00:00", "01 02:30", "01 05:00"}; !slices.Equal(w.started["a"], want) {
			t.Errorf("%v, want %v", w.started["a"], want)
		}
	})
}

func TestNewsFromTheDatabase(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld("a", "b")
		run(t, 90*time.Minute, func() {
			time.Sleep(20 * time.Minute)
			w.mu.Lock()
			w.sites = []mirror.Site{site("a"), site("new")} // b is gone
			w.sites[0].Schedule = "40 * * * *"
			w.mu.Unlock()
		}, w.scheduler(t, "@hourly"))
		for name, want := range map[string][]string{
			"a": {"01 00:00", "01 00:40"}, "b": {"01 00:00"}, "new": {"01 00:20", "01 01:00"},
		} {
			if got := w.started[name]; !slices.Equal(got, want) {
				t.Errorf("%s: %v, want %v", name, got, want)
			}
		}
	})
}

func TestFailedCrawlComesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld("a")
		w.fails["a"] = errors.New("connection refused")
		run(t, 30*time.Minute, nil, w.scheduler(t, "@daily"))
		if want := []string{"01 00:00", "01 00:11", "01 00:22"}; !slices.Equal(w.started["a"], want) {
			t.Errorf("%v, want %v", w.started["a"], want)
		}
	})
}

func TestInterruptedCrawlGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld("a")
		run(t, 30*time.Second, nil, w.scheduler(t, "@daily"))
		run(t, time.Hour, nil, w.scheduler(t, "@daily"))
		if want := []string{"01 00:00", "01 00:00"}; !slices.Equal(w.started["a"], want) {
			t.Errorf("%v, want %v", w.started["a"], want)
		}
	})
}

func TestLeaseHeldElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld("a")
		w.takes = 0
		w.fails["a"] = &store.LeaseHeldError{}
		run(t, 10*time.Minute, nil, w.scheduler(t, "@daily"))
		if n := len(w.started["a"]); n < 15 || n > 21 {
			t.Errorf("asked %d times in ten minutes", n)
		}
	})
}

func TestSourceAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld("a")
		w.err = errors.New("no database")
		run(t, time.Hour, func() {
			time.Sleep(10 * time.Minute)
			w.mu.Lock()
			w.err = nil
			w.mu.Unlock()
		}, w.scheduler(t, "@daily"))
		if want := []string{"01 00:10"}; !slices.Equal(w.started["a"], want) {
			t.Errorf("%v, want %v", w.started["a"], want)
		}
	})
}

// An attempt that cannot be recorded must not make a crawl start over and over.
func TestAttemptNotRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld("a")
		s := w.scheduler(t, "@daily")
		calls := 0
		s.Crawl = func(context.Context, mirror.Site) error {
			calls++
			return errors.New("database is full")
		}
		run(t, 10*time.Minute, nil, s)
		if calls < 15 || calls > 21 {
			t.Errorf("crawled %d times in ten minutes", calls)
		}
	})
}
