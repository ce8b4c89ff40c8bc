package crawl

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
)

// A fakeSite is a site in memory; a nil dir is refused.
type fakeSite struct {
	mu       sync.Mutex
	dirs     map[mirror.Path][]digest.Entry
	lists    []mirror.Path // in the order in which they were asked for
	open     int
	most     int                 // that were open at once
	failures map[mirror.Path]int // how often listing it breaks the connection
	refuse   int                 // how many connections are refused
	restart  error               // answered once
	learns   string              // with the restart
	facts    string
	refuses  bool // to recall any facts
	memory   string
}

func (s *fakeSite) Facts() string { return s.facts }

func (s *fakeSite) Memory() string        { return s.memory }
func (s *fakeSite) Remember(m string)     { s.memory = m }
func (s *fakeSite) Connections(n int) int { return n }
func (s *fakeSite) Account() string       { return "by heart" }

func (s *fakeSite) Recall(facts string) bool {
	if !s.refuses {
		s.facts = facts
	}
	return !s.refuses
}

func (s *fakeSite) Open(context.Context) (Lister, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refuse > 0 {
		s.refuse--
		return nil, errors.New("too many connections")
	}
	s.open++
	s.most = max(s.most, s.open)
	return OneByOne(&fakeLister{s}), nil
}

type fakeLister struct{ *fakeSite }

func (l *fakeLister) List(_ context.Context, dir mirror.Path) (Listing, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lists = append(l.lists, dir)
	if l.failures[dir] > 0 {
		l.failures[dir]--
		return Listing{}, errors.New("connection reset")
	}
	if err := l.restart; err != nil {
		l.restart, l.facts = nil, l.learns
		return Listing{}, err
	}
	entries, ok := l.dirs[dir]
	if !ok || entries == nil {
		return Incomplete(digest.Refused, nil, "550 no"), nil
	}
	return Listing{Entries: append([]digest.Entry(nil), entries...)}, nil
}

func (l *fakeLister) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open--
	return nil
}

// memory is a Sink that checks that children come before parents.
type memory map[digest.ID]*digest.Tree

func (m memory) Put(t *digest.Tree) {
	for c := range t.Children() {
		if m[c.ID] == nil {
			panic(fmt.Sprintf("tree %s came before its child %q", t.ID, c.Name))
		}
	}
	m[t.ID] = t
}

func (memory) Ready(context.Context) error { return nil }

func file(name string, size int64) digest.Entry {
	return digest.Entry{Name: name, Kind: digest.File, Size: size, Date: digest.NewDate(2024, 1, 1)}
}

func dir(name string) digest.Entry { return digest.Entry{Name: name, Kind: digest.Dir} }

// archive is a site of 1 + 5 + 25 directories with two files each.
func archive() *fakeSite {
	s := &fakeSite{dirs: map[mirror.Path][]digest.Entry{}, failures: map[mirror.Path]int{}}
	var fill func(p mirror.Path, depth int)
	fill = func(p mirror.Path, depth int) {
		s.dirs[p] = []digest.Entry{file("b", 2), file("a", 1)}
		for i := range 5 {
			if name := fmt.Sprintf("d%d", i); depth > 0 {
				s.dirs[p] = append(s.dirs[p], dir(name))
				fill(p.Join(name), depth-1)
			}
		}
	}
	fill(mirror.Root, 2)
	return s
}

func walker(s *fakeSite, sink Sink) *Walker {
	limits := DefaultLimits()
	return &Walker{Open: s.Open, Sink: sink, Connections: 1, Limits: limits, Retry: Retry{Tries: 3, Pause: time.Second}, Now: time.Now}
}

func run(t *testing.T, w *Walker) (Result, error) {
	t.Helper()
	return w.Start(t.Context()).Wait()
}

func TestWalkOverAnyNumberOfConnections(t *testing.T) {
	var first Result
	for _, connections := range []int{1, 2, 7} {
		s, sink := archive(), memory{}
		w := walker(s, sink)
		w.Connections = connections
		result, err := run(t, w)
		if err != nil {
			t.Fatal(err)
		}
		if result.Dirs != 31 || result.Files != 62 || result.Incomplete != 0 || s.open != 0 {
			t.Errorf("%d connections: %+v, %d left open", connections, result.Status, s.open)
		}
		if want := (digest.Totals{Files: 62, Dirs: 30, Bytes: 93}); result.Root.Totals != want {
			t.Errorf("totals %+v, want %+v", result.Root.Totals, want)
		}
		if len(sink) != 3 {
			t.Errorf("%d distinct trees, want 3: leaves, middles and the root", len(sink))
		}
		if connections == 1 {
			first = result
		} else if result.Root != first.Root {
			t.Errorf("%d connections give another root", connections)
		}
	}
}

func TestDepthFirst(t *testing.T) {
	s := archive()
	if _, err := run(t, walker(s, memory{})); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(s.lists[:4]); got != "[/ /d0 /d0/d0 /d0/d1]" {
		t.Errorf("listed %s", got)
	}
}

func TestIncompleteDirectories(t *testing.T) {
	for _, c := range []struct {
		name   string
		spoil  func(*fakeSite, *Walker)
		reason digest.Reason
		detail string
	}{
		{"refused", func(s *fakeSite, _ *Walker) { s.dirs["/d1/d2"] = nil }, digest.Refused, "550"},
		{"bad name", func(s *fakeSite, _ *Walker) { s.dirs["/d1/d2"] = append(s.dirs["/d1/d2"], dir("x\r")) }, digest.Unparsable, "control character"},
		{"a name twice", func(s *fakeSite, _ *Walker) { s.dirs["/d1/d2"] = append(s.dirs["/d1/d2"], file("a", 9)) }, digest.Unparsable, "twice"},
		{"long name", func(s *fakeSite, w *Walker) {
			s.dirs["/d1/d2"] = append(s.dirs["/d1/d2"], file(strings.Repeat("x", 1025), 9))
		}, digest.Limit, "limits.name = 1024"},
		{"many names", func(s *fakeSite, w *Walker) {
			w.Limits.Entries = 7
			s.dirs["/d1/d2"] = append(s.dirs["/d1/d2"], file("c", 1), file("d", 1), file("e", 1), file("f", 1), file("g", 1), file("h", 1))
		}, digest.Limit, "limits.entries = 7"},
		{"long path", func(s *fakeSite, w *Walker) {
			w.Limits.Name = 5000
			s.dirs["/d1/d2"] = append(s.dirs["/d1/d2"], dir(strings.Repeat("x", 4090)))
		}, digest.Limit, "more than 4096"},
		{"deep", func(s *fakeSite, w *Walker) {
			w.Limits.Depth = 2
			s.dirs["/d1/d2"] = append(s.dirs["/d1/d2"], dir("deeper"))
		}, digest.Limit, "limits.depth = 2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, sink := archive(), memory{}
			w := walker(s, sink)
			c.spoil(s, w)
			result, err := run(t, w)
			if err != nil {
				t.Fatal(err)
			}
			if len(result.Problems) != 1 || result.Incomplete != 1 || result.Problems[0].Reason != c.reason ||
				!strings.HasPrefix(string(result.Problems[0].Path), "/d1/d2") || !strings.Contains(result.Problems[0].Detail, c.detail) {
				t.Fatalf("problems %+v", result.Problems)
			}
			digests := 0
			for _, tree := range sink {
				if !tree.Blind.Absent() {
					digests++
				}
			}
			if !result.Root.Blind.Absent() || !result.Root.Exact.Absent() || digests != 2 {
				t.Errorf("root %+v; %d trees with digests, want the leaves and the other middles", result.Root, digests)
			}
		})
	}
}

func TestSiteWideLimits(t *testing.T) {
	for name, tighten := range map[string]func(*Walker){
		"crawl.limits.total": func(w *Walker) { w.Limits.Total = 50 },
		"crawl.limits.time": func(w *Walker) {
			clock := time.Now()
			w.Now = func() time.Time { clock = clock.Add(time.Hour); return clock }
		},
	} {
		w := walker(archive(), memory{})
		tighten(w)
		var limit *LimitError
		if _, err := run(t, w); !errors.As(err, &limit) || limit.What != name {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestConnectionsAreOpenedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := archive()
		s.refuse = 2
		s.failures["/d3"] = 2
		begin := time.Now()
		result, err := run(t, walker(s, memory{}))
		if err != nil {
			t.Fatal(err)
		}
		if result.Dirs != 31 || len(s.lists) != 33 {
			t.Errorf("%d directories in %d listings", result.Dirs, len(s.lists))
		}
		if pauses := time.Since(begin); pauses < 5*time.Second || pauses > 7*time.Second {
			t.Errorf("paused %s, want about 1+2 seconds, twice", pauses)
		}
	})
}

func TestConnectionLostForGood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := archive()
		s.failures["/d3"] = 3
		_, err := run(t, walker(s, memory{}))
		if err == nil || err.Error() != "list /d3/: connection reset" {
			t.Errorf("got %v", err)
		}
	})
}

func TestFewerConnectionsThanAskedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := archive()
		w := walker(s, memory{})
		w.Connections = 4
		w.Open = func(ctx context.Context) (Lister, error) {
			if s.mu.Lock(); s.open >= 2 {
				s.mu.Unlock()
				return nil, errors.New("421 too many connections")
			}
			s.mu.Unlock()
			return s.Open(ctx)
		}
		if result, err := run(t, w); err != nil || result.Dirs != 31 {
			t.Errorf("%d directories, %v", result.Dirs, err)
		}
	})
}

// A connection that worked and then fails for good leaves its directory to the
// others.
func TestConnectionsLostOnTheWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := archive()
		s.failures["/d3"] = 3 // all tries of one connection
		w := walker(s, memory{})
		w.Connections = 3
		if result, err := run(t, w); err != nil || result.Dirs != 31 {
			t.Errorf("%d directories, %v", result.Dirs, err)
		}
		s.failures["/d3"] = 9
		if _, err := run(t, w); err == nil || err.Error() != "list /d3/: connection reset" {
			t.Errorf("with all connections lost: %v", err)
		}
	})
}

// What passes a limit makes its directory incomplete, and the rest of it is kept.
func TestLimitsKeepTheRest(t *testing.T) {
	s, sink := archive(), memory{}
	s.dirs["/"] = append(s.dirs["/"], file(strings.Repeat("x", 1025), 9))
	w := walker(s, sink)
	if result, err := run(t, w); err != nil || result.Dirs != 31 || result.Root.Files != 62 {
		t.Errorf("%+v, %v", result, err)
	}
	w.Limits.Entries = 3
	if result, err := run(t, w); err != nil || result.Root.Totals.Dirs != 2 || result.Root.Files != 6 {
		t.Errorf("%+v, %v", result.Root, err)
	}
}

func TestCancelled(t *testing.T) {
	s := archive()
	w := walker(s, memory{})
	ctx, cancel := context.WithCancelCause(t.Context())
	enough := errors.New("enough")
	w.Open = func(ctx context.Context) (Lister, error) {
		cancel(enough)
		return s.Open(ctx)
	}
	if _, err := w.Start(ctx).Wait(); !errors.Is(err, enough) {
		t.Errorf("got %v", err)
	}
}

// Whatever was finished when a walk broke off is not listed again.
func TestGoingOnFromProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		whole, err := run(t, walker(archive(), memory{}))
		if err != nil {
			t.Fatal(err)
		}
		for _, last := range []mirror.Path{"/", "/d0/d3", "/d2", "/d4/d4"} {
			s, sink := archive(), memory{}
			s.failures[last] = 100
			running := walker(s, sink).Start(t.Context())
			if _, err := running.Wait(); err == nil {
				t.Fatal("the broken walk ends well")
			}
			var kept shelf
			kept.save(newLedger(""), running)
			known := kept.known(sink)
			listed := len(s.lists) - 3
			s.failures[last] = 0
			s.lists = nil
			w := walker(s, sink)
			w.Known, w.Opened = known.finished, known.opened
			result, err := run(t, w)
			if err != nil || result.Root != whole.Root {
				t.Fatalf("%+v, %v; want %+v", result.Root, err, whole.Root)
			}
			if again := listed + len(s.lists) - 31; again > 0 {
				t.Errorf("broken off at %s, %d directories were listed twice", last, again)
			}
			if result.Reused+result.Dirs != 31 {
				t.Errorf("%d reused and %d listed", result.Reused, result.Dirs)
			}
		}
	})
}

func TestRestartIsNotRetried(t *testing.T) {
	s := archive()
	s.restart = &RestartError{Why: "links"}
	var restart *RestartError
	running := walker(s, memory{}).Start(t.Context())
	if _, err := running.Wait(); !errors.As(err, &restart) || len(s.lists) != 1 || !running.Restarting() {
		t.Errorf("%v after %d listings", err, len(s.lists))
	}
}
