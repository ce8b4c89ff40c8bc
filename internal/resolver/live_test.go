package resolver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mirrortracker/internal/mirror"
)

const every = 2 * time.Second

// live runs a Live in a bubble until the test ends.
func live(t *testing.T, w *world, test func(*Live)) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLive(w, Options{}, slog.New(slog.DiscardHandler))
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			l.Run(ctx, every)
			close(done)
		}()
		synctest.Wait()
		test(l)
		cancel()
		<-done
	})
}

// pass lets some checks happen.
func pass(checks int) {
	time.Sleep(time.Duration(checks) * every)
	synctest.Wait()
}

func TestLiveSwapsInANewSnapshot(t *testing.T) {
	w := newWorld()
	w.add("a", "ftp://a.example/", dir{"old": 1})
	live(t, w, func(l *Live) {
		first := l.Index()
		loaded := l.Status().Loaded
		pass(3)
		if l.Index() != first || l.Status().Loaded != loaded {
			t.Error("a new index though nothing changed")
		}
		if w.states.Load() != 4 || l.Status().Checked != time.Now() {
			t.Errorf("%d checks, the last at %s", w.states.Load(), l.Status().Checked)
		}
		w.add("a", "ftp://a.example/", dir{"new": 1})
		pass(1)
		if !ask(t, l.Index(), "a", "/new").Known || ask(t, first, "a", "/new").Known {
			t.Error("the new snapshot is not in force, or the old index changed")
		}
		// The same tree again is news too: the snapshot is younger.
		w.add("a", "ftp://a.example/", dir{"new": 1})
		pass(1)
		if s := l.Index().Sites()[0].Snapshot; s.Seq != 3 || w.read.Load() != 2 {
			t.Errorf("snapshot %d, %d trees read", s.Seq, w.read.Load())
		}
		// An older number is news as well: a site was removed and is back.
		id := l.Index().Sites()[0].ID()
		w.mu.Lock()
		older := w.current[id]
		older.Seq = 1
		w.current[id] = older
		w.mu.Unlock()
		pass(1)
		if s := l.Index().Sites()[0].Snapshot; s.Seq != 1 {
			t.Errorf("snapshot %d", s.Seq)
		}
	})
}

func TestLiveSeesChangesOfSites(t *testing.T) {
	w := newWorld()
	w.add("a", "ftp://a.example/", dir{"f": 1})
	live(t, w, func(l *Live) {
		w.add("b", "ftp://b.example/", nil)
		pass(1)
		if s := l.Status(); s.Sites != 2 || s.Indexed != 1 || s.Trees != 1 || s.Bytes == 0 {
			t.Errorf("%+v", s)
		}
		w.change("b", func(s *mirror.Site) { s.Weight = 7 })
		pass(1)
		if s := l.Index().Sites()[1]; s.Weight != 7 {
			t.Errorf("%+v", s)
		}
		w.change("b", func(s *mirror.Site) {
			s.Serving = []mirror.URL{{Scheme: "https", Host: "c.example", Port: 443, Base: "/"}}
		})
		pass(1)
		if site, _, err := l.Index().Locate("https://c.example/x"); err != nil || l.Index().Site(site).Name != "b" {
			t.Error(site, err)
		}
		w.mu.Lock()
		w.sites = w.sites[1:]
		w.mu.Unlock()
		pass(1)
		if _, _, err := l.Index().Locate("ftp://a.example/f"); !errors.Is(err, ErrUnknownSite) {
			t.Error(err)
		}
	})
}

func TestLiveKeepsServingWithoutTheSource(t *testing.T) {
	w := newWorld()
	w.add("a", "ftp://a.example/", dir{"f": 1})
	live(t, w, func(l *Live) {
		first := l.Index()
		w.fail(errGone)
		pass(1)
		since := time.Now()
		pass(300)
		if s := l.Status(); l.Index() != first || !errors.Is(s.Err, errGone) || s.Failing != since || s.Checked != time.Now() {
			t.Errorf("%+v, failing since %s", s, since)
		}
		w.fail(nil)
		w.add("a", "ftp://a.example/", dir{"g": 1})
		pass(1)
		if s := l.Status(); s.Err != nil || !s.Failing.IsZero() || s.Loaded != time.Now() || !ask(t, l.Index(), "a", "/g").Known {
			t.Errorf("after the recovery: %+v", s)
		}
	})
}

func TestLiveWaitsForTheSourceAtFirst(t *testing.T) {
	w := newWorld()
	w.add("a", "ftp://a.example/", dir{"f": 1})
	w.fail(errGone)
	live(t, w, func(l *Live) {
		if s := l.Status(); l.Index() != nil || !errors.Is(s.Err, errGone) || !s.Loaded.IsZero() {
			t.Errorf("%+v", s)
		}
		w.fail(nil)
		pass(1)
		if l.Index() == nil || l.Status().Err != nil {
			t.Errorf("%+v", l.Status())
		}
	})
}

func TestLiveRetriesASiteWithAMissingTree(t *testing.T) {
	w := newWorld()
	lost := dir{"lost": 1}
	w.add("a", "ftp://a.example/", dir{"d": lost})
	w.add("b", "ftp://b.example/", dir{"f": 1})
	back := w.lose(lost)
	live(t, w, func(l *Live) {
		s := l.Status()
		if s.Err != nil || s.Sites != 2 || s.Indexed != 1 || len(s.Problems) != 1 || s.Problems[0].Site != "a" {
			t.Errorf("%+v", s)
		}
		before := w.asked.Load()
		pass(1800) // an hour
		if tries := (w.asked.Load() - before) / 2; tries < 12 || tries > 20 {
			t.Errorf("tried %d times in an hour", tries)
		}
		if !ask(t, l.Index(), "b", "/f").Known {
			t.Error("the other site is gone")
		}
		back()
		pass(int(longestPause / every))
		if s := l.Status(); len(s.Problems) != 0 || s.Indexed != 2 || !ask(t, l.Index(), "a", "/d/lost").Known {
			t.Errorf("after the tree is back: %+v", s)
		}
		before = w.asked.Load()
		pass(1800)
		if w.asked.Load() != before {
			t.Error("trees are read though nothing changed")
		}
	})
}

// Trees never change, so another try would end alike.
func TestLiveDoesNotRetryASiteBeyondTheBounds(t *testing.T) {
	w := newWorld()
	w.add("deep", "ftp://deep.example/", dir{"f": 1}.at("/a/b/c"))
	w.add("flat", "ftp://flat.example/", dir{"f": 1})
	synctest.Test(t, func(t *testing.T) {
		b := usualBounds
		b.depth = 2
		l := NewLive(w, Options{bounds: b}, slog.New(slog.DiscardHandler))
		var calls int64
		for i := range 10 {
			if i == 1 {
				calls = w.asked.Load()
			}
			if err := l.Check(t.Context()); err != nil {
				t.Fatal(err)
			}
			time.Sleep(longestPause)
		}
		if s := l.Status(); len(s.Problems) != 1 || s.Indexed != 1 || w.asked.Load() != calls {
			t.Errorf("%+v after %d and %d calls", s, calls, w.asked.Load())
		}
	})
}

func TestLiveRetriesWhereNothingCouldBeLoaded(t *testing.T) {
	w := newWorld()
	lost := dir{"lost": 1}
	w.add("a", "ftp://a.example/", lost)
	back := w.lose(lost)
	live(t, w, func(l *Live) {
		pass(2)
		if l.Index() != nil || l.Status().Err == nil {
			t.Errorf("%+v", l.Status())
		}
		back()
		pass(4)
		if l.Index() == nil || l.Status().Err != nil {
			t.Errorf("%+v", l.Status())
		}
	})
}

func TestQueriesGoOnDuringSwaps(t *testing.T) {
	w := newWorld()
	d := deep(20).with(dir{"big": files("f", 9)})
	w.add("a", "ftp://a.example/", d)
	w.add("b", "ftp://b.example/", d)
	l := NewLive(w, Options{}, slog.New(slog.DiscardHandler))
	if err := l.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	var askers sync.WaitGroup
	for range 4 {
		askers.Go(func() {
			var a Answer
			for {
				select {
				case <-stop:
					return
				default:
				}
				x := l.Index()
				site, p, err := x.Locate("ftp://a.example/d3/up/big/f001")
				if err != nil {
					t.Error(err)
					return
				}
				if x.Resolve(&a, site, p); !a.Known || len(a.Replicas()) != 2 {
					t.Errorf("%v", brief(&a))
					return
				}
				l.Status()
			}
		})
	}
	for i := range 50 {
		w.add("a", "ftp://a.example/", d.with(dir{fmt.Sprint("own", i): i}))
		w.add("b", "ftp://b.example/", d.with(files("f", i%12)))
		if err := l.Check(t.Context()); err != nil {
			t.Error(err)
		}
	}
	close(stop)
	askers.Wait()
}
