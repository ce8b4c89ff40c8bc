package schedule

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

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
	delay    time.Duration         // until a crawl has its lease
	fails    map[string]error      // by site
	started  map[string][]string   // times of the day, by site
	causes   map[string][]error    // of interruptions, by site
	now      map[mirror.SiteID]int // crawls under way
	most     int                   // at a time
}

func newWorld(names ...string) *world {
	w := &world{
		attempts: map[mirror.SiteID]store.Attempt{}, started: map[string][]string{}, causes: map[string][]error{},
		fails: map[string]error{}, now: map[mirror.SiteID]int{}, takes: time.Minute,
	}
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
	return slices.Collect(maps.Values(w.attempts)), w.err
}

// crawl is a crawl that holds a lease and records its attempt, as crawl.Job does.
func (w *world) crawl(ctx context.Context, turn Turn) error {
	time.Sleep(w.delay)
	s, id := turn.Site, turn.Site.ID()
	w.mu.Lock()
	fail := w.fails[s.Name]
	if held := (*store.LeaseHeldError)(nil); errors.As(fail, &held) {
		w.started[s.Name] = append(w.started[s.Name], "held")
		w.mu.Unlock()
		return fail
	}
	if w.now[id] > 0 {
		w.mu.Unlock()
		return &store.LeaseHeldError{}
	}
	w.now[id]++
	w.most = max(w.most, len(w.now))
	w.mu.Unlock()
	defer func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.now, id)
	}()
	if still, err := turn.StillDue(ctx); err != nil || !still {
		return errors.Join(errors.New("it is not due"), err)
	}
	w.mu.Lock()
	w.started[s.Name] = append(w.started[s.Name], time.Now().UTC().Format("02 15:04"))
	attempt := store.Attempt{Site: id, Started: time.Now(), Outcome: store.OutcomeRunning, Failures: w.attempts[id].Failures}
	w.attempts[id] = attempt
	w.mu.Unlock()
	select {
	case <-time.After(w.takes):
		attempt.Outcome, attempt.Failures = store.OutcomePublished, 0
		if fail != nil {
			attempt.Outcome, attempt.Failures = store.OutcomeFailed, w.attempts[id].Failures+1
		}
	case <-ctx.Done():
		attempt.Outcome, fail = store.OutcomeInterrupted, context.Cause(ctx)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if ctx.Err() != nil {
		w.causes[s.Name] = append(w.causes[s.Name], fail)
	}
	attempt.Ended = time.Now()
	w.attempts[id] = attempt
	return fail
}

func (w *world) scheduler(t *testing.T, expression string) *Scheduler {
	settings := Settings{Plan: Plan{Default: cronOf(t, expression), Again: 10 * time.Minute, AgainMax: 40 * time.Minute}, Parallel: 2}
	return &Scheduler{
		Source:   w,
		Settings: func() Settings { return settings },
		Poll:     3 * time.Second,
		Now:      time.Now,
		Log:      slog.New(slog.DiscardHandler),
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
		w := newWorld("a", "b", "c", "d", "e", "learnt")
		w.sites[0].Schedule = "30 * * * *"
		w.sites[5].Learnt = true
		run(t, 3*time.Hour, nil, w.scheduler(t, "0 */2 * * *"))
		for name, want := range map[string][]string{
			"a": {"01 00:00", "01 00:30", "01 01:30", "01 02:30"},
			"b": {"01 00:00", "01 02:00"},
			"c": {"01 00:01", "01 02:00"},
			"e": {"01 00:02", "01 02:01"},

			"learnt": nil,
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

// Crawls that fail come again, later and later, and all over again after one that did
// not fail.
func TestFailedCrawlComesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld("a")
		w.takes = 0
		w.fails["a"] = errors.New("connection refused")
		run(t, 4*time.Hour, func() {
			time.Sleep(190 * time.Minute)
			w.mu.Lock()
			w.attempts[w.sites[0].ID()] = store.Attempt{Site: w.sites[0].ID(), Started: time.Now(), Outcome: store.OutcomeInterrupted}
			w.mu.Unlock()
		}, w.scheduler(t, "@daily"))
		var waits []time.Duration
		for i, text := range w.started["a"][1:] {
			before, _ := time.Parse("02 15:04", w.started["a"][i])
			then, _ := time.Parse("02 15:04", text)
			waits = append(waits, then.Sub(before))
		}
		for i, least := range []time.Duration{10 * time.Minute, 20 * time.Minute, 40 * time.Minute, 40 * time.Minute, 40 * time.Minute} {
			if i >= len(waits) || i < 4 && (waits[i] < least || waits[i] > least*5/4+time.Minute) {
				t.Fatalf("started at %v", w.started["a"])
			}
		}
	})
}

// A crawl is under way in its hours only, and goes on in the next ones.
func TestHours(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld("a", "b")
		w.takes = 150 * time.Minute
		w.sites[0].Visit.Hours = "2-4"
		run(t, 30*time.Hour, nil, w.scheduler(t, "@daily"))
		for name, want := range map[string][]string{"a": {"01 02:00", "02 02:00"}, "b": {"01 00:00", "02 00:00"}} {
			if got := w.started[name]; !slices.Equal(got, want) {
				t.Errorf("%s was crawled at %v, want %v", name, got, want)
			}
		}
		if got := w.causes["a"]; len(got) != 2 || !errors.Is(got[0], ErrHoursOver) {
			t.Errorf("a was interrupted because of %v", got)
		}
	})
}

// Daemons that see the same due time at the same moment crawl once: who gets the lease
// second finds that the site is not due any more.
func TestDueTimeIsHonouredOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		for i := range 5 {
			w.sites = append(w.sites, site(fmt.Sprint("site", i)))
		}
		w.takes = time.Millisecond
		slow := w.scheduler(t, "@hourly")
		slow.Crawl = func(ctx context.Context, turn Turn) error {
			time.Sleep(time.Second) // long after the other has released the lease
			return w.crawl(ctx, turn)
		}
		one, other := w.scheduler(t, "@hourly"), w.scheduler(t, "@hourly")
		for _, s := range []*Scheduler{one, other, slow} {
			s.Poll = 20 * time.Second
		}
		run(t, 3*time.Hour+30*time.Minute, nil, one, other, slow)
		for name, started := range w.started {
			if len(started) != 4 {
				t.Errorf("%s was crawled at %v, want once an hour", name, started)
			}
		}
		if len(w.started) != 5 {
			t.Errorf("%d sites were crawled", len(w.started))
		}
	})
}

// Settings that change are in force for what begins from then on.
func TestSettingsChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld("a", "b", "c")
		w.takes = 30 * time.Minute
		daily, hourly := w.scheduler(t, "@daily"), w.scheduler(t, "@hourly")
		settings := atomic.Pointer[Settings]{}
		settings.Store(new(daily.Settings()))
		s := w.scheduler(t, "@daily")
		s.Settings = func() Settings { return *settings.Load() }
		run(t, 150*time.Minute, func() {
			time.Sleep(90 * time.Minute)
			changed := hourly.Settings()
			changed.Parallel = 3
			settings.Store(&changed)
		}, s)
		for name, want := range map[string][]string{"a": {"01 00:00", "01 01:30", "01 02:00"}, "c": {"01 00:30", "01 01:30", "01 02:00"}} {
			if got := w.started[name]; !slices.Equal(got, want) {
				t.Errorf("%s was crawled at %v, want %v", name, got, want)
			}
		}
		if w.most != 3 {
			t.Errorf("%d crawls at a time", w.most)
		}
	})
}

// The scheduler is alive as long as its source answers, be it with an error.
func TestAlive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.err = errors.New("no database")
		s := w.scheduler(t, "@daily")
		beats := 0
		s.Alive = func() { beats++ }
		run(t, time.Minute, nil, s)
		if beats < 18 || beats > 21 {
			t.Errorf("%d signs of life in a minute", beats)
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

// A site whose crawler was killed is taken over at once where that is known.
func TestHolderIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld("a")
		w.fails["a"] = &store.LeaseHeldError{Owner: "somebody"}
		s := w.scheduler(t, "@daily")
		var gone atomic.Bool
		s.Gone = func(owner string) bool { return owner == "somebody" && gone.Load() }
		run(t, time.Minute, func() {
			time.Sleep(31 * time.Second) // it has just been asked for again
			w.mu.Lock()
			delete(w.fails, "a")
			w.mu.Unlock()
			gone.Store(true)
			time.Sleep(4 * time.Second)
			w.mu.Lock()
			defer w.mu.Unlock()
			if want := []string{"held", "held", "01 00:00"}; !slices.Equal(w.started["a"], want) {
				t.Errorf("%v, want %v", w.started["a"], want)
			}
		}, s)
	})
}

// Many sites of one host do not take the places of others, which have nobody to wait
// for.
func TestSitesOfOneHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		for i := range 20 {
			shared := site(fmt.Sprintf("a%02d", i))
			shared.URL = mirror.URL{Scheme: "ftp", Host: "shared", Port: 21, Base: "/" + shared.Name + "/"}
			w.sites = append(w.sites, shared)
		}
		w.sites[0].Visit.Connections = 8 // more than the host may have, but alone it may
		other := site("other")
		other.URL.Host = "elsewhere"
		w.sites = append(w.sites, other)
		s := w.scheduler(t, "@daily")
		settings := s.Settings()
		settings.Parallel, settings.PerHost, settings.Connections = 8, 5, 2
		s.Settings = func() Settings { return settings }
		run(t, 12*time.Minute, nil, s)
		for name, want := range map[string]string{"a00": "01 00:00", "other": "01 00:00", "a01": "01 00:01", "a02": "01 00:01", "a03": "01 00:02", "a19": "01 00:10"} {
			if got := w.started[name]; !slices.Equal(got, []string{want}) {
				t.Errorf("%s was crawled at %v, want %s", name, got, want)
			}
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
		s.Crawl = func(context.Context, Turn) error {
			calls++
			return errors.New("database is full")
		}
		run(t, 10*time.Minute, nil, s)
		if calls < 15 || calls > 21 {
			t.Errorf("crawled %d times in ten minutes", calls)
		}
	})
}
