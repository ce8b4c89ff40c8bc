package crawl

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/time/rate"
	"pgregory.net/rapid"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
)

// A pipeline is a Lister that has many directories under way, answers them in any
// order, holds what it finds below some, and gives back some of what it holds.
type pipeline struct {
	site   *fakeSite
	list   Single
	window int
	random *rand.Rand

	from    End
	hold    float64 // how often it holds
	giveUp  float64 // how often it gives back what it holds
	ordered bool    // answers come in the order of the questions
	took    func(t *Task)
}

func (s *fakeSite) pipeline(window int) *pipeline {
	return &pipeline{site: s, list: &fakeLister{s}, window: window, random: rand.New(rand.NewPCG(1, 2)), ordered: true}
}

// open lets a walk work through the pipeline.
func (p *pipeline) open(context.Context) (Lister, error) {
	p.site.mu.Lock()
	defer p.site.mu.Unlock()
	p.site.open++
	return p, nil
}

func (p *pipeline) Close() error { return p.list.Close() }

func (p *pipeline) Serve(ctx context.Context, work Work) error {
	var queue []*Task
	for {
		if len(queue) == 0 {
			t, err := work.Next(ctx, p.from)
			if t == nil || err != nil {
				return err
			}
			queue = append(queue, p.take(t))
		}
		for len(queue) < p.window {
			t := work.More(p.from)
			if t == nil {
				break
			}
			queue = append(queue, p.take(t))
		}
		next := 0
		if !p.ordered {
			next = p.random.IntN(len(queue))
		}
		t := queue[next]
		queue = append(queue[:next], queue[next+1:]...)
		listing, err := p.list.List(ctx, t.Path)
		if err != nil {
			return fmt.Errorf("list %s: %w", t.Path.Dir(), err)
		}
		if p.random.Float64() >= p.hold {
			if err := work.Deliver(ctx, t, listing); err != nil {
				return err
			}
			continue
		}
		held, err := work.Hold(ctx, t, listing)
		if err != nil {
			return err
		}
		if p.random.Float64() < p.giveUp {
			keep := p.random.IntN(len(held) + 1)
			work.Return(held[keep:]...)
			held = held[:keep]
		}
		queue = append(held, queue...)
	}
}

func (p *pipeline) take(t *Task) *Task {
	if p.took != nil {
		p.took(t)
	}
	return t
}

func (p *pipeline) walker(sink Sink) *Walker {
	w := walker(p.site, sink)
	w.Open = p.open
	return w
}

// Whatever a lister does that keeps to the rules, and however often connections
// break, a walk finds the same, and each directory once.
func TestAnyListerFindsTheSame(t *testing.T) {
	want, err := run(t, walker(archive(), memory{}))
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(r *rapid.T) {
		s := archive()
		for range rapid.IntRange(0, 5).Draw(r, "failures") {
			s.failures[mirror.Path(rapid.SampledFrom([]string{"/", "/d0", "/d1/d1", "/d4", "/d4/d4", "/d2/d3"}).Draw(r, "breaks"))] = 1
		}
		seed := rapid.Uint64().Draw(r, "seed")
		window, hold, giveUp := rapid.IntRange(1, 40).Draw(r, "window"), rapid.Float64Range(0, 1).Draw(r, "hold"), rapid.Float64Range(0, 1).Draw(r, "give up")
		ordered, from := rapid.Bool().Draw(r, "ordered"), rapid.SampledFrom([]End{Deepest, Highest}).Draw(r, "from")
		w := walker(s, memory{})
		w.Retry = Retry{Tries: 8, Pause: 1}
		w.Connections = rapid.IntRange(1, 4).Draw(r, "connections")
		w.Open = func(ctx context.Context) (Lister, error) {
			p := s.pipeline(window)
			p.random = rand.New(rand.NewPCG(seed, 0))
			p.hold, p.giveUp, p.ordered, p.from = hold, giveUp, ordered, from
			return p.open(ctx)
		}
		got, err := w.Start(context.Background()).Wait()
		if err != nil || got.Root != want.Root || got.Dirs != want.Dirs || got.Files != want.Files || s.open != 0 {
			r.Errorf("%+v, %v; %d connections left open", got, err, s.open)
		}
	})
}

// What is held is listed by whoever holds it, in the order of names, and what is
// given back by others.
func TestHeldDirectories(t *testing.T) {
	s := archive()
	p := s.pipeline(1)
	p.hold = 1
	var taken []mirror.Path
	p.took = func(t *Task) { taken = append(taken, t.Path) }
	result, err := run(t, p.walker(memory{}))
	if err != nil || result.Dirs != 31 {
		t.Fatalf("%+v, %v", result.Status, err)
	}
	if fmt.Sprint(taken) != "[/]" || fmt.Sprint(s.lists[:9]) != "[/ /d0 /d0/d0 /d0/d1 /d0/d2 /d0/d3 /d0/d4 /d1 /d1/d0]" {
		t.Errorf("took %s, listed %s", taken, s.lists)
	}
}

func TestHighestFirst(t *testing.T) {
	s := archive()
	p := s.pipeline(1)
	p.from = Highest
	if _, err := run(t, p.walker(memory{})); err != nil {
		t.Fatal(err)
	}
	for i, dir := range s.lists[:6] {
		if deep := strings.Count(string(dir), "/d"); i > 0 && deep != 1 {
			t.Fatalf("listed %s", s.lists[:i+1])
		}
	}
}

// Of many directories under way, the one that was taken first is to blame.
func TestWhoIsToBlame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := archive()
		s.failures["/d3"] = 2
		p := s.pipeline(10)
		failures := map[mirror.Path]int{}
		p.took = func(t *Task) { failures[t.Path] = max(failures[t.Path], t.Failures) }
		result, err := run(t, p.walker(memory{}))
		if err != nil || result.Dirs != 31 {
			t.Fatalf("%+v, %v", result.Status, err)
		}
		for dir, n := range failures {
			if want := map[mirror.Path]int{"/d3": 2}[dir]; n != want {
				t.Errorf("%s is to blame for %d failures, want %d", dir, n, want)
			}
		}
	})
}

// A directory that breaks all connections ends the walk, although others are
// listed in between.
func TestDirectoryThatBreaksConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, connections := range []int{1, 3} {
			s := archive()
			s.failures["/d3"] = 1000
			p := s.pipeline(10)
			p.hold, p.ordered = 0.5, false
			w := p.walker(memory{})
			w.Connections = connections
			w.Open = func(ctx context.Context) (Lister, error) {
				again := *p
				return again.open(ctx)
			}
			began := time.Now()
			if _, err := run(t, w); err == nil || !strings.HasSuffix(err.Error(), "connection reset") {
				t.Errorf("%d connections: %v", connections, err)
			}
			if tries := 1000 - s.failures["/d3"]; tries > 3*(2*connections+1) || time.Since(began) > time.Minute {
				t.Errorf("%d connections: %d tries in %s", connections, tries, time.Since(began))
			}
		}
	})
}

// A site that accepts fewer connections is left with those that it accepts, and
// not asked again.
func TestBusySite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := archive()
		refused := 0
		w := walker(s, memory{})
		w.Connections = 5
		w.Open = func(ctx context.Context) (Lister, error) {
			s.mu.Lock()
			full := s.open == 2
			s.mu.Unlock()
			if full {
				refused++
				return nil, &BusyError{errors.New("421 too many")}
			}
			l, err := s.Open(ctx)
			return slow{l}, err
		}
		began := time.Now()
		result, err := run(t, w)
		if err != nil || result.Dirs != 31 || refused != 1 {
			t.Errorf("%d directories, %d connections refused, %v", result.Dirs, refused, err)
		}
		if took := time.Since(began); took > 25*time.Second {
			t.Errorf("two connections took %s for 31 seconds' worth", took)
		}

		// The first one is insisted on.
		s = archive()
		s.refuse = 2
		w.Open = func(ctx context.Context) (Lister, error) {
			l, err := s.Open(ctx)
			if err != nil {
				err = &BusyError{err}
			}
			return l, err
		}
		if result, err := run(t, w); err != nil || result.Dirs != 31 {
			t.Errorf("%d directories, %v", result.Dirs, err)
		}
		s.refuse = 3
		if _, err := run(t, w); !busy(err) {
			t.Errorf("a site that is always busy: %v", err)
		}
	})
}

// slow takes a second for a directory.
type slow struct{ Lister }

func (l slow) Serve(ctx context.Context, work Work) error {
	return OneByOne(slowly{l.Lister.(oneByOne).Single, time.Second}).Serve(ctx, work)
}

type slowly struct {
	Single
	pause time.Duration
}

func (l slowly) List(ctx context.Context, dir mirror.Path) (Listing, error) {
	if err := wait(ctx, l.pause); err != nil {
		return Listing{}, err
	}
	return l.Single.List(ctx, dir)
}

// There are no more connections than there is to do for them.
func TestConnectionsComeAsTheyAreOfUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, c := range []struct {
			dirs map[mirror.Path][]digest.Entry
			want int
		}{
			{map[mirror.Path][]digest.Entry{"/": {file("a", 1)}}, 1},
			{map[mirror.Path][]digest.Entry{"/": {dir("a")}, "/a": {dir("b")}, "/a/b": {}}, 1},
			{archive().dirs, 4},
		} {
			s := &fakeSite{dirs: c.dirs}
			opened := 0
			w := walker(s, memory{})
			w.Connections = 4
			w.Open = func(ctx context.Context) (Lister, error) {
				s.mu.Lock()
				opened++
				s.mu.Unlock()
				l, err := s.Open(ctx)
				return slow{l}, err
			}
			if result, err := run(t, w); err != nil || int(result.Dirs) != len(c.dirs) || opened != c.want {
				t.Errorf("%d directories over %d connections, want %d over %d; %v", result.Dirs, opened, len(c.dirs), c.want, err)
			}
		}
	})
}

// A pace holds for directories, however they are listed.
func TestPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, c := range map[string]struct {
			window       int
			hold, giveUp float64
			connections  int
		}{
			"one at a time": {1, 0, 0, 1},
			"pipelined":     {50, 0, 0, 1},
			"held":          {1, 1, 0, 1},
			"held in part":  {7, 0.7, 0.7, 1},
			"connections":   {3, 0.5, 0.5, 3},
		} {
			s := archive()
			p := s.pipeline(c.window)
			p.hold, p.giveUp = c.hold, c.giveUp
			w := p.walker(memory{})
			w.Connections = c.connections
			w.Open = func(ctx context.Context) (Lister, error) {
				again := *p
				again.random = rand.New(rand.NewPCG(1, 2))
				return again.open(ctx)
			}
			w.Pace = rate.NewLimiter(2, 1)
			began := time.Now()
			if _, err := run(t, w); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(began); took.Round(time.Millisecond) != 15*time.Second {
				t.Errorf("%s: 31 directories at two a second, the first at once, took %s", name, took)
			}
		}
	})
}

// A pace that a walk cannot keep before its deadline ends it, with no further try.
func TestPaceBeyondTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		s := archive()
		w := s.pipeline(5).walker(memory{})
		w.Pace = rate.NewLimiter(0.1, 1)
		w.Failed = func(err error) { t.Errorf("tried again after %v", err) }
		if _, err := w.Start(ctx).Wait(); err == nil || len(s.lists) != 1 {
			t.Errorf("%d directories listed, %v", len(s.lists), err)
		}
	})
}

// fullSink takes some trees and then fails for good.
type fullSink struct {
	memory
	left atomic.Int64
}

func (s *fullSink) Ready(context.Context) error {
	if s.left.Add(-1) < 0 {
		return errFull
	}
	return nil
}

var errFull = errors.New("disk full")

func TestSinkThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, connections := range []int{1, 3} {
			s := archive()
			sink := &fullSink{memory: memory{}}
			sink.left.Store(9)
			w := s.pipeline(4).walker(sink)
			w.Connections = connections
			w.Open = func(ctx context.Context) (Lister, error) { return s.pipeline(4).open(ctx) }
			began := time.Now()
			if _, err := run(t, w); !errors.Is(err, errFull) || time.Since(began) != 0 || s.open != 0 {
				t.Errorf("%d connections: %v after %s, %d left open", connections, err, time.Since(began), s.open)
			}
		}
	})
}

// A connection that the server has closed because it stood still is opened again at
// once, and no directory is to blame. But only once for each.
func TestConnectionThatStoodStill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := archive()
		s.failures["/d3"] = 1
		w := walker(s, memory{})
		w.Retry.Tries = 1
		w.Pace = rate.NewLimiter(rate.Every(time.Minute), 1)
		result, err := run(t, w)
		if err != nil || result.Dirs != 31 {
			t.Errorf("%d directories, %v", result.Dirs, err)
		}
		s.failures["/d3"] = 2
		if _, err := run(t, w); err == nil {
			t.Error("a directory that always breaks connections is forgiven")
		}
	})
}

// rude is a lister that does what it likes.
type rude struct {
	serve func(ctx context.Context, work Work) error
}

func (l rude) Serve(ctx context.Context, work Work) error { return l.serve(ctx, work) }
func (rude) Close() error                                 { return nil }

// No lister makes a walk find what is not so, or wait for ever.
func TestListersThatBreakTheRules(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, c := range map[string]struct {
			serve func(ctx context.Context, work Work) error
			want  error
		}{
			"ends early": {func(ctx context.Context, work Work) error { return nil }, errEarly},
			"ends with a directory": {func(ctx context.Context, work Work) error {
				_, err := work.Next(ctx, Deepest)
				return err
			}, errEarly},
			"waits for itself": {func(ctx context.Context, work Work) error {
				work.Next(ctx, Deepest)
				_, err := work.Next(ctx, Deepest)
				return err
			}, errWaiting},
			"delivers twice": {func(ctx context.Context, work Work) error {
				task, _ := work.Next(ctx, Deepest)
				work.Deliver(ctx, task, Listing{Entries: []digest.Entry{dir("a")}})
				return work.Deliver(ctx, task, Listing{})
			}, errNotTaken},
			"delivers what it gave back": {func(ctx context.Context, work Work) error {
				task, _ := work.Next(ctx, Deepest)
				work.Return(task)
				return work.Deliver(ctx, task, Listing{})
			}, errNotTaken},
		} {
			w := walker(archive(), memory{})
			w.Open = func(context.Context) (Lister, error) { return rude{c.serve}, nil }
			if _, err := run(t, w); !errors.Is(err, c.want) {
				t.Errorf("%s: %v", name, err)
			}
		}

		// Giving back twice does no harm.
		s := archive()
		w := walker(s, memory{})
		first := true
		w.Open = func(ctx context.Context) (Lister, error) {
			return rude{func(ctx context.Context, work Work) error {
				if first {
					first = false
					root, _ := work.Next(ctx, Deepest)
					work.Deliver(ctx, root, Listing{Entries: s.dirs["/"]})
					task, _ := work.Next(ctx, Deepest)
					work.Return(task)
					work.Return(task)
				}
				return OneByOne(&fakeLister{s}).Serve(ctx, work)
			}}, nil
		}
		if result, err := run(t, w); err != nil || result.Dirs != 31 {
			t.Errorf("%d directories, %v", result.Dirs, err)
		}
	})
}
