package health

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/resolver"
	"mirrortracker/internal/store"
)

// A shelf is a source of sites with trees, in memory.
type shelf struct {
	sites    []mirror.Site
	current  []store.Snapshot
	trees    map[digest.ID]*digest.Tree
	digester *digest.Digester
}

func newShelf() *shelf {
	return &shelf{trees: map[digest.ID]*digest.Tree{}, digester: digest.NewDigester()}
}

func (s *shelf) Sites(context.Context) ([]mirror.Site, error)      { return s.sites, nil }
func (s *shelf) Current(context.Context) ([]store.Snapshot, error) { return s.current, nil }
func (s *shelf) Trees(_ context.Context, ids []digest.ID, _ store.Parts, fn func(*digest.Tree) error) error {
	for _, id := range ids {
		if t := s.trees[id]; t != nil {
			if err := fn(t); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *shelf) tree(entries ...digest.Entry) *digest.Summary {
	kept, _ := digest.Clean(entries)
	t := s.digester.Tree(kept, digest.Complete)
	s.trees[t.ID] = t
	return &t.Summary
}

func (s *shelf) add(site mirror.Site, root *digest.Summary) {
	s.sites = append(s.sites, site)
	if root != nil {
		s.current = append(s.current, store.Snapshot{Site: site.ID(), Seq: 1, Root: root.ID, Started: dawn, Finished: dawn, Totals: root.Totals})
	}
}

func (s *shelf) index(t testing.TB) *resolver.Index {
	t.Helper()
	x, err := resolver.Build(t.Context(), s, nil, resolver.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func leaf(name string, size int64, year int) digest.Entry {
	return digest.Entry{Name: name, Kind: digest.File, Size: size, Date: digest.NewDate(year, 1, 2)}
}

func branch(name string, sub *digest.Summary) digest.Entry {
	return digest.Entry{Name: name, Kind: digest.Dir, Sub: sub}
}

func TestFiles(t *testing.T) {
	s := newShelf()
	var many []digest.Entry
	for i := range 1000 {
		many = append(many, leaf(fmt.Sprintf("%03d.tar", i), 1000+int64(i), 2020))
	}
	sites := three(t)
	s.add(sites[0], s.tree(
		leaf("empty", 0, 2020), leaf("size unknown", digest.UnknownSize, 2020), leaf("new", 7, 2026),
		branch("nothing", s.tree()),
		branch("pub", s.tree(branch("gnu", s.tree(many...)), leaf("zz top", 5, 2020))),
	))
	s.add(sites[1], s.tree(leaf("empty", 0, 2020), branch("nothing", s.tree())))
	s.add(sites[2], nil)
	x := s.index(t)
	files := Files{Index: func() *resolver.Index { return x }}
	seen := map[mirror.Path]bool{}
	for range 500 {
		path, size, ok := files.File(sites[0].ID())
		if !ok {
			t.Fatal("no file")
		}
		seen[path] = true
		var a resolver.Answer
		x.Resolve(&a, x.Number(sites[0].ID()), path)
		if !a.Known || a.IsDir || a.Size != size || size <= 0 {
			t.Fatalf("%s of %d bytes, %+v", path, size, a)
		}
	}
	if len(seen) < 30 || len(seen) > 490 {
		t.Errorf("%d different files in 500", len(seen))
	}
	for _, site := range []mirror.SiteID{sites[1].ID(), sites[2].ID(), {}} {
		if path, _, ok := files.File(site); ok {
			t.Errorf("%s: %s", site, path)
		}
	}
	if _, _, ok := (Files{Index: func() *resolver.Index { return nil }}).File(sites[0].ID()); ok {
		t.Error("a file without an index")
	}
}

// A real server that dies leaves and comes back, in real time.
func TestRealServerDiesAndReturns(t *testing.T) {
	s := newShelf()
	var mu sync.Mutex
	alive := true
	base := serve(t, "127.0.0.1:0", func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if !alive {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Content-Length", "5")
	})
	site := mirror.Site{Name: "a", URL: parse(t, "ftp://127.0.0.1:1/"), Serving: []mirror.URL{parse(t, base)}}
	s.add(site, s.tree(leaf("a", 5, 2020), leaf("b", 5, 2020)))
	x := s.index(t)
	c := New(Config{
		Sites:   func() []mirror.Site { return x.Roster().Sites },
		Sampler: Files{Index: func() *resolver.Index { return x }},
		Options: Options{Interval: 100 * time.Millisecond, Timeout: time.Second},
	})
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { c.Run(ctx) })
	defer running.Wait()
	defer cancel()
	await := func(want Pair) {
		t.Helper()
		deadline := time.After(20 * time.Second)
		for c.Board().State(site.Serving[0]) != want {
			select {
			case <-deadline:
				t.Fatalf("%v, want %v", c.Board().State(site.Serving[0]), want)
			case <-time.After(time.Millisecond):
			}
		}
	}
	set := func(on bool) {
		mu.Lock()
		defer mu.Unlock()
		alive = on
	}
	await(Pair{Up, Absent})
	set(false)
	await(Pair{Down, Absent})
	set(true)
	await(Pair{Up, Absent})
	if got := c.Board().State(site.URL); got != (Pair{Down, Absent}) {
		t.Errorf("a closed port is %v", got)
	}
}
