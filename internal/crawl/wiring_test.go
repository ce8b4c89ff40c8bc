package crawl

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/time/rate"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/store"
	"mirrortracker/internal/testbed"
)

// at calls do when a directory of a site is about to be listed.
func (s *fakeSite) at(dir mirror.Path, do func()) Source {
	return opening{s, func(ctx context.Context) (Lister, error) {
		return OneByOne(&stopover{&fakeLister{s}, dir, do}), nil
	}}
}

type stopover struct {
	Single
	dir mirror.Path
	do  func()
}

func (i *stopover) List(ctx context.Context, dir mirror.Path) (Listing, error) {
	if dir == i.dir {
		i.do()
	}
	return i.Single.List(ctx, dir)
}

// What one crawl learns is known to the next, unless it learnt nothing.
func TestJobRemembers(t *testing.T) {
	w := newWorld(t)
	run := func(s *fakeSite) Report {
		report, _ := w.job(t, s).Run(t.Context())
		return report
	}
	s := archive()
	s.memory = "two connections"
	if report := run(s); report.Account != "by heart" || w.attempt(t).Ways != "by heart" {
		t.Errorf("%q; %+v", report.Account, w.attempt(t))
	}
	s = archive()
	s.failures["/d3"] = 1
	if run(s); s.memory != "two connections" {
		t.Errorf("remembered %q", s.memory)
	}
	// Crawls that break off remember too, those that got nowhere do not.
	s = archive()
	s.failures["/d4"] = 1
	j := w.job(t, s)
	j.Source = s.at("/d4", func() { s.memory = "one connection" })
	if _, err := j.Run(t.Context()); err == nil {
		t.Fatal("the broken crawl ends well")
	}
	s = archive()
	s.refuse = 1
	if run(s); s.memory != "one connection" {
		t.Errorf("remembered %q", s.memory)
	}
	j.Source = opening{s, func(context.Context) (Lister, error) {
		s.memory = "nothing works"
		return nil, errors.New("connection refused")
	}}
	if _, err := j.Run(t.Context()); err == nil {
		t.Fatal("the broken crawl ends well")
	}
	if memory, _, err := w.Memory(t.Context(), w.site.ID()); err != nil || memory != "one connection" {
		t.Errorf("remembered %q, %v", memory, err)
	}
}

// limited accepts one connection.
type limited struct{ *fakeSite }

func (limited) Connections(int) int { return 1 }

func TestJobUsesWhatTheSiteAccepts(t *testing.T) {
	w := newWorld(t)
	s := archive()
	j := w.job(t, s)
	j.Connections = 5
	j.Source = limited{s}
	j.Pace = rate.NewLimiter(1000, 1)
	began := time.Now()
	if _, err := j.Run(t.Context()); err != nil || s.most != 1 {
		t.Errorf("%d connections, %v", s.most, err)
	}
	if took := time.Since(began); took < 30*time.Millisecond {
		t.Errorf("31 directories took %s at one a millisecond", took)
	}
}

func TestJobThatIsNotDue(t *testing.T) {
	w := newWorld(t)
	s := archive()
	j := w.job(t, s)
	broken := errors.New("the database is away")
	due, fails := false, error(nil)
	j.StillDue = func(ctx context.Context) (bool, error) {
		var held *store.LeaseHeldError
		if _, err := w.Acquire(ctx, store.SiteLease(w.site.ID()), "another", time.Minute); !errors.As(err, &held) {
			t.Errorf("the lease is not held: %v", err)
		}
		return due, fails
	}
	if _, err := j.Run(t.Context()); !errors.Is(err, ErrNotDue) {
		t.Errorf("got %v", err)
	}
	fails = broken
	if _, err := j.Run(t.Context()); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	if all, err := w.Attempts(t.Context()); err != nil || len(all) != 0 || len(s.lists) != 0 {
		t.Errorf("%d attempts, %d directories listed, %v", len(all), len(s.lists), err)
	}
	due, fails = true, nil
	if _, err := j.Run(t.Context()); err != nil || w.seq(t) != 1 {
		t.Errorf("snapshot %d, %v", w.seq(t), err)
	}
}

// loseLease lets the lease of the site expire, as it does when its holder is stopped
// for too long.
func (w world) loseLease(t *testing.T) {
	var held *store.LeaseHeldError
	if _, err := w.Acquire(t.Context(), store.SiteLease(w.site.ID()), "somebody else", time.Minute); !errors.As(err, &held) {
		t.Fatalf("the lease is not held: %v", err)
	}
	if err := w.Release(t.Context(), held.Lease()); err != nil {
		t.Fatal(err)
	}
}

// A crawl whose lease has expired publishes nothing, whether somebody has crawled the
// site since or not, and leaves alone what that one wrote.
func TestJobThatLostItsLease(t *testing.T) {
	for name, after := range map[string]func(w world){
		"nobody else": func(world) {},
		"another": func(w world) {
			other := archive()
			other.dirs["/d1"] = append(other.dirs["/d1"], file("new", 1))
			if _, err := w.job(t, other).Run(t.Context()); err != nil {
				t.Error(err)
			}
		},
		"another still": func(w world) {
			if _, err := w.Acquire(t.Context(), store.SiteLease(w.site.ID()), "another", time.Hour); err != nil {
				t.Error(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			s := archive()
			j := w.job(t, s)
			var before []store.Snapshot
			var attempts []store.Attempt
			j.Source = s.at("/d4/d4", func() {
				w.loseLease(t)
				after(w)
				var err error
				if before, err = w.Current(t.Context()); err != nil {
					t.Error(err)
				}
				if attempts, err = w.Attempts(t.Context()); err != nil {
					t.Error(err)
				}
			})
			if _, err := j.Run(t.Context()); !errors.Is(err, store.ErrLeaseLost) {
				t.Errorf("got %v", err)
			}
			if now, err := w.Current(t.Context()); err != nil || len(now) != len(before) || len(now) == 1 && now[0] != before[0] {
				t.Errorf("published %+v over %+v, %v", now, before, err)
			}
			if a := w.attempt(t); a != attempts[0] {
				t.Errorf("attempt %+v instead of %+v", a, attempts[0])
			}
		})
	}
}

// The last moment before publishing is too late to interrupt a crawl.
func TestJobInterruptedAtItsEnd(t *testing.T) {
	w := newWorld(t)
	j := w.job(t, archive())
	holder := holdLease(t.Context(), w.Store, w.mustAcquire(t), func(error) {}, j.Log)
	defer holder.release(t.Context())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := j.settle(ctx, holder, w.empty(t), ""); err != nil || w.seq(t) != 1 {
		t.Errorf("snapshot %d, %v", w.seq(t), err)
	}
}

func (w world) mustAcquire(t *testing.T) store.Lease {
	t.Helper()
	lease, err := w.Acquire(t.Context(), store.SiteLease(w.site.ID()), "test", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	return lease
}

// empty is a snapshot of a site that has nothing, whose tree is there.
func (w world) empty(t *testing.T) store.Snapshot {
	t.Helper()
	if _, err := w.PutTrees(t.Context(), []*digest.Tree{digest.NewDigester().Tree(nil, digest.Complete)}); err != nil {
		t.Fatal(err)
	}
	return store.Snapshot{Site: w.site.ID(), Root: emptyTree, Started: time.Now(), Finished: time.Now()}
}

// How far a crawl has come is there to be read, also where the attempt could not be
// recorded when it began.
func TestDiary(t *testing.T) {
	w := newWorld(t)
	j := w.job(t, archive())
	holder := holdLease(t.Context(), w.Store, w.mustAcquire(t), func(error) {}, j.Log)
	defer holder.release(t.Context())
	d := &diary{Job: j, holder: holder}
	if err := d.begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i, begun := range []bool{true, false} {
		d.begun = begun
		far := tally(Status{Dirs: 5, Reused: 2, Files: int64(i)}, 3)
		if err := d.note(t.Context(), far); err != nil {
			t.Fatal(err)
		}
		if a := w.attempt(t); a.Tally != (store.Tally{Dirs: 7, Reused: 2, Files: int64(i), NewTrees: 3}) || a.Outcome != store.OutcomeRunning || !d.begun {
			t.Errorf("attempt %+v", a)
		}
	}
	w.loseLease(t)
	if err := d.begin(t.Context()); !errors.Is(err, store.ErrLeaseLost) {
		t.Errorf("got %v", err)
	}
}

// away takes the database of a world away, and brings it back when the job complains.
func (w world) away(t *testing.T, j *Job) {
	t.Helper()
	move(t, w.path, w.path+".away")
	complaint := make(chan struct{}, 1)
	j.Log = slog.New(complaining{slog.NewTextHandler(t.Output(), nil), complaint})
	back := make(chan struct{})
	go func() {
		defer close(back)
		<-complaint
		move(t, w.path+".away", w.path)
	}()
	t.Cleanup(func() { <-back })
}

func move(t *testing.T, from, to string) {
	if err := os.Rename(from, to); err != nil {
		t.Error(err)
	}
}

// complaining tells of warnings.
type complaining struct {
	slog.Handler
	complaint chan<- struct{}
}

func (h complaining) Handle(ctx context.Context, r slog.Record) error {
	if r.Level >= slog.LevelWarn {
		select {
		case h.complaint <- struct{}{}:
		default:
		}
	}
	return h.Handler.Handle(ctx, r)
}

// A database that is away for a while ends no crawl, whatever it is needed for.
func TestJobWaitsForTheDatabase(t *testing.T) {
	for name, needs := range map[string]func(t *testing.T, w world, j *Job, d *diary, found store.Snapshot) error{
		"to begin": func(t *testing.T, w world, j *Job, d *diary, found store.Snapshot) error {
			if err := d.begin(t.Context()); err != nil || d.begun {
				t.Errorf("begun %v, %v", d.begun, err)
			}
			_, err := j.recall(t.Context(), d.holder.lease())
			return errors.Join(err, d.note(t.Context(), store.Tally{Dirs: 1}))
		},
		"to publish": func(t *testing.T, w world, j *Job, d *diary, found store.Snapshot) error {
			snapshot, err := j.settle(t.Context(), d.holder, found, "")
			if snapshot.Seq != 2 || w.seq(t) != 2 {
				t.Errorf("%+v", snapshot)
			}
			return err
		},
		"to set aside": func(t *testing.T, w world, j *Job, d *diary, found store.Snapshot) error {
			j.Suspect = 0.8
			_, err := j.settle(t.Context(), d.holder, found, "")
			if _, ok := errors.AsType[*SuspectError](err); !ok || w.seq(t) != 1 {
				return err
			}
			return nil
		},
		"to end": func(t *testing.T, w world, j *Job, d *diary, found store.Snapshot) error {
			d.end(t.Context(), store.OutcomeFailed, "whatever")
			if a := w.attempt(t); a.Outcome != store.OutcomeFailed {
				t.Errorf("attempt %+v", a)
			}
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			j := w.job(t, archive())
			if _, err := j.Run(t.Context()); err != nil {
				t.Fatal(err)
			}
			found := w.empty(t)
			d := &diary{Job: j, holder: holdLease(t.Context(), w.Store, w.mustAcquire(t), func(error) {}, j.Log)}
			defer d.holder.stop()
			d.attempt = store.Attempt{Site: w.site.ID(), Started: time.Now(), Outcome: store.OutcomeRunning}
			w.away(t, j)
			if err := needs(t, w, j, d, found); err != nil {
				t.Error(err)
			}
		})
	}
}

// A snapshot is not published again where the database has it, although it could not
// say so.
func TestPublishedAlready(t *testing.T) {
	w := newWorld(t)
	j := w.job(t, archive())
	if _, err := j.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	before, err := w.History(t.Context(), w.site.ID(), 2)
	if err != nil {
		t.Fatal(err)
	}
	lease, found := w.mustAcquire(t), w.empty(t)
	if got, err := j.published(t.Context(), found, before); err != nil || got.Seq != 0 {
		t.Errorf("%+v before it was, %v", got, err)
	}
	want, err := w.Publish(t.Context(), lease, found)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := j.published(t.Context(), found, before); err != nil || got != want {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
	found.Started = found.Started.Add(-time.Minute)
	if got, err := j.published(t.Context(), found, before); err != nil || got.Seq != 0 {
		t.Errorf("another's: %+v, %v", got, err)
	}
}

// A crawl outlives a crash of the database's server.
func TestJobOutlivesTheServer(t *testing.T) {
	server := testbed.StartMariaDB(t)
	w := openWorld(t, server.Database(t))
	s := archive()
	j := w.job(t, s)
	complaint := make(chan struct{}, 1)
	j.Log = slog.New(complaining{slog.NewTextHandler(t.Output(), nil), complaint})
	j.Source = s.at("/d4/d4", server.Kill)
	restarted := make(chan error, 1)
	go func() {
		<-complaint
		restarted <- server.Start()
	}()
	_, err := j.Run(t.Context())
	if err := errors.Join(err, <-restarted); err != nil {
		t.Fatal(err)
	}
	if w.seq(t) != 1 || w.attempt(t).Outcome != store.OutcomePublished {
		t.Errorf("snapshot %d, attempt %+v", w.seq(t), w.attempt(t))
	}
}

// What a source learns on the way is kept without giving up what was finished before,
// not even for a moment, and never before the listings that were made under it.
func TestFactsAreKeptLast(t *testing.T) {
	w := newWorld(t)
	s := archive()
	j := w.job(t, s)
	lease, sink := w.mustAcquire(t), newWriter(t.Context(), w.Store, j.Log)
	defer sink.Close()
	s.facts = "begin"
	done, err := j.recall(t.Context(), lease)
	if err != nil || done.ledger.facts != "begin" {
		t.Fatalf("%+v, %v", done, err)
	}
	s.failures["/d4"] = 1
	walker := walker(s, sink)
	walker.Retry.Tries = 1
	running := walker.Start(t.Context())
	if _, err := running.Wait(); err == nil {
		t.Fatal("the broken walk ends well")
	}
	for _, step := range []struct {
		facts    string
		restarts bool
		want     string
	}{
		{"begin", false, "begin"},
		{"more", false, "more"},
		{"other", true, "more"}, // which the walk that begins again finds out anew
	} {
		s.facts = step.facts
		running.walk.restarts = step.restarts
		if err := j.saveProgress(t.Context(), lease, done.ledger, running, sink); err != nil {
			t.Fatal(err)
		}
		facts, kept, err := w.Progress(t.Context(), w.site.ID())
		if err != nil || facts != step.want || done.ledger.facts != step.want || len(kept.Finished) != 4 || len(kept.Open) != 1 {
			t.Errorf("facts %q, said to be %q, with %+v, %v; want %+v", facts, done.ledger.facts, kept, err, step)
		}
	}
	if done, err = j.dropProgress(t.Context(), lease); err != nil || done.ledger.facts != "other" {
		t.Errorf("%+v, %v", done, err)
	}
	if facts, kept, err := w.Progress(t.Context(), w.site.ID()); err != nil || facts != "other" || len(kept.Finished)+len(kept.Open) != 0 {
		t.Errorf("facts %q with %+v, %v", facts, kept, err)
	}
}

// Progress that was listed in another way is gone before anything else is kept.
func TestOtherProgressIsDropped(t *testing.T) {
	w := newWorld(t)
	s := archive()
	lease := w.mustAcquire(t)
	if err := w.SaveProgress(t.Context(), lease, "other", store.Change{Put: store.Kept{
		Finished: []store.Progress{{Path: "/d1", Tree: emptyTree, Listed: time.Now()}},
		Open:     []store.OpenDirectory{{Path: "/", Listed: time.Now()}},
	}}); err != nil {
		t.Fatal(err)
	}
	s.refuses, s.facts = true, "ours"
	if done, err := w.job(t, s).recall(t.Context(), lease); err != nil || done.ledger.facts != "ours" || len(done.subtrees)+len(done.open) != 0 {
		t.Errorf("%+v, %v", done, err)
	}
	if facts, kept, err := w.Progress(t.Context(), w.site.ID()); err != nil || facts != "ours" || len(kept.Finished)+len(kept.Open) != 0 {
		t.Errorf("facts %q with %+v, %v", facts, kept, err)
	}
}

// However soon a crawl is killed, little of it is lost, and saving costs little.
func TestSooner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		next := sooner(time.Minute)
		began := time.Now()
		saves := 1
		for ; ; saves++ {
			pause := next(0)
			if most := max(firstSave, time.Since(began)/10); pause > most {
				t.Errorf("a pause of %s after %s", pause, time.Since(began))
			}
			if time.Sleep(pause); pause == time.Minute {
				break
			}
		}
		if saves < 50 || saves > 80 {
			t.Errorf("%d saves in the first %s", saves, time.Since(began))
		}
		if pause := next(time.Hour); pause != 10*time.Hour {
			t.Errorf("a pause of %s after a save that took an hour", pause)
		}
		if pause := sooner(time.Millisecond)(0); pause != time.Millisecond {
			t.Errorf("a pause of %s, where a millisecond was asked for", pause)
		}
	})
}

// What was finished before stays, until the crawl that goes on has come to it.
func TestKilledAgainAtOnce(t *testing.T) {
	w := newWorld(t)
	s := archive()
	s.failures["/d4"] = 1
	if _, err := w.job(t, s).Run(t.Context()); err == nil {
		t.Fatal("the broken crawl ends well")
	}
	for _, soon := range []mirror.Path{"/d4", "/d4"} {
		s.failures[soon] = 1
		if _, err := w.job(t, s).Run(t.Context()); err == nil {
			t.Fatal("the broken crawl ends well")
		}
		if _, kept, err := w.Progress(t.Context(), w.site.ID()); err != nil || len(kept.Finished) != 4 {
			t.Errorf("broken off at %s: %d subtrees are left of 4, %v", soon, len(kept.Finished), err)
		}
	}
}
