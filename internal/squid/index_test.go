package squid

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/redirect"
	"mirrortracker/internal/resolver"
	"mirrortracker/internal/store"
)

// A world is sites in a database, as if they had been crawled.
type world struct {
	testing.TB
	store *store.Store
}

func newWorld(t testing.TB) *world {
	t.Helper()
	s, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "tracker.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return &world{t, s}
}

// A dir is a folder: names to dirs, files and links.
type dir map[string]any

// A file has a size and a day of January 2026, 0 for a date that is not known.
type file struct{ size, day int }

type symlink string

// refused stands for a name that makes its folder incomplete.
type refused struct{}

// plenty is a folder of so many files that it is no accident; no two of different sizes
// have anything in common.
func plenty(size, day int) dir {
	d := dir{}
	for i := range 8 {
		d[fmt.Sprintf("file%d", i)] = file{size + i, day}
	}
	return d
}

// site adds a site that is crawled as ftp://NAME.example/ and served as
// http://NAME.example/m/ where its weight is not 0, and by further URLs.
func (w *world) site(name string, weight int, content dir, further ...string) {
	w.Helper()
	site := mirror.Site{Name: name, Weight: max(weight, 1), URL: mirror.URL{Scheme: "ftp", Host: name + ".example", Port: 21, Base: "/"}}
	if weight > 0 {
		site.Serving = []mirror.URL{{Scheme: "http", Host: name + ".example", Port: 80, Base: "/m/"}}
	}
	for _, text := range further {
		u, err := mirror.ParseURL(text)
		w.must(err)
		site.Serving = append(site.Serving, u)
	}
	var trees []*digest.Tree
	var grow func(dir) *digest.Tree
	grow = func(d dir) *digest.Tree {
		reason := digest.Complete
		var entries []digest.Entry
		for name, what := range d {
			switch v := what.(type) {
			case dir:
				entries = append(entries, digest.Entry{Name: name, Kind: digest.Dir, Sub: &grow(v).Summary})
			case file:
				e := digest.Entry{Name: name, Kind: digest.File, Size: int64(v.size)}
				if v.day > 0 {
					e.Date = digest.NewDate(2026, 1, v.day)
				}
				entries = append(entries, e)
			case symlink:
				entries = append(entries, digest.Entry{Name: name, Kind: digest.Link, Target: string(v)})
			case refused:
				reason = digest.Refused
			}
		}
		slices.SortFunc(entries, func(a, b digest.Entry) int { return strings.Compare(a.Name, b.Name) })
		trees = append(trees, digest.NewDigester().Tree(entries, reason))
		return trees[len(trees)-1]
	}
	root := grow(content)
	w.must(w.store.PutSite(w.Context(), site))
	_, err := w.store.PutTrees(w.Context(), trees)
	w.must(err)
	lease, err := w.store.Acquire(w.Context(), store.SiteLease(site.ID()), "test", time.Minute)
	w.must(err)
	when := time.Date(2026, 3, 9, 12, 0, 0, 0, time.UTC)
	_, err = w.store.Publish(w.Context(), lease, store.Snapshot{Site: site.ID(), Root: root.ID, Totals: root.Totals, Started: when, Finished: when})
	w.must(err)
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// index returns what decides about the world.
func (w *world) index() (*Index, *resolver.Live) {
	w.Helper()
	live := resolver.NewLive(w.store, resolver.Options{}, slog.New(slog.DiscardHandler))
	w.must(live.Check(w.Context()))
	return NewIndex(redirect.New(redirect.Config{Source: live}), live, resolver.DefaultDoubt()), live
}

func TestTarget(t *testing.T) {
	w := newWorld(t)
	w.site("origin", 1, dir{"pub": plenty(100, 1), "own": plenty(200, 1), "bad": dir{"x": file{1, 1}, "y": refused{}}, "a link": symlink("pub/file1")})
	w.site("mirror", 1000, dir{"m#1": plenty(100, 1)})
	w.site("old", 0, dir{"pub": plenty(100, 1)})
	w.site("alone", 0, dir{"it": plenty(900, 1)})
	w.site("twice", 100, dir{"it": plenty(700, 1)}, "http://other.example/", "https://other.example/s/")
	x, _ := w.index()
	for url, want := range map[string]string{
		"http://other.example/it/file1":          "", // as good as another URL of its site
		"https://other.example/s/it/file1":       "",
		"ftp://twice.example/it/file1":           "http://twice.example/m/it/file1",
		"http://origin.example/m/pub/file1":      "http://mirror.example/m/m%231/file1",
		"http://ORIGIN.example:80/m//pub/file1":  "http://mirror.example/m/m%231/file1",
		"http://origin.example/m/pub":            "http://mirror.example/m/m%231/",
		"http://origin.example/m/a%20link":       "http://mirror.example/m/m%231/file1",
		"ftp://origin.example/pub/file1":         "http://mirror.example/m/m%231/file1",
		"ftp://old.example/pub/file1":            "http://mirror.example/m/m%231/file1",
		"http://mirror.example/m/m%231/file1":    "", // the best already
		"http://origin.example/m/own/file1":      "", // the only one
		"ftp://origin.example/own/file1":         "http://origin.example/m/own/file1",
		"ftp://alone.example/it/file1":           "", // nobody serves it by HTTP
		"http://origin.example/m/pub/unknown":    "",
		"http://origin.example/m/bad/x":          "",
		"http://origin.example/m/pub/file1?x":    "",
		"http://me@origin.example/m/pub/file1":   "",
		"http://origin.example/m/pub/../file1":   "",
		"http://origin.example/other/pub/file1":  "",
		"http://nowhere.example/m/pub/file1":     "",
		"origin/pub/file1":                       "", // no URL
		"https://origin.example/m/pub/file1":     "",
		"http://origin.example/m/pub/file1\r\nx": "",
		"origin.example:443":                     "",
		"":                                       "",
	} {
		if got := x.Target(url, netip.Addr{}); got != want {
			t.Errorf("%s: %q, want %q", url, got, want)
		}
	}
}

func TestStoreID(t *testing.T) {
	w := newWorld(t)
	licence := dir{"COPYING": file{18000, 1}}
	w.site("a", 100, dir{
		"pub":     plenty(100, 1),
		"latest":  symlink("pub"),
		"gnu":     dir{"doc": dir{"txt": licence}},
		"big":     dir{"small #1": dir{"x": file{1, 1}}, "image": file{1 << 20, 1}},
		"undated": dir{"x": file{1 << 20, 0}},
		"partial": dir{"x": file{1 << 20, 1}, "y": refused{}},
	})
	w.site("b", 100, dir{
		"elsewhere": dir{"deep": plenty(100, 1)},
		"dated":     plenty(100, 2),
		"gnu":       dir{"doc": dir{"txt": licence}},
		"large":     dir{"small #1": dir{"x": file{1, 1}}, "image": file{1 << 20, 1}},
	})
	w.site("c", 100, dir{"lone": dir{"x": file{1, 1}}, "gnu": dir{"doc": dir{"txt": licence}}})
	x, _ := w.index()
	for _, same := range [][]string{
		{"ftp://a.example/pub/file1", "http://a.example/m/pub/file1", "http://a.example/m/latest/file1", "http://b.example/m/elsewhere/deep/file1"},
		{"http://a.example/m/big/small%20%231/x", "http://b.example/m/large/small%20%231/x"},
		{"http://a.example/m/big/image", "http://b.example/m/large/image"},
		{"http://b.example/m/dated/file1"},
		{"http://a.example/m/pub/file2"},
	} {
		id := x.StoreID(same[0])
		if !strings.HasPrefix(id, "http://") || strings.ContainsAny(id, " #") {
			t.Errorf("%s: %q", same[0], id)
		}
		for _, url := range same {
			if got := x.StoreID(url); got != id {
				t.Errorf("%s has the ID %s, %s has %s", same[0], id, url, got)
			}
		}
	}
	if id := x.StoreID("http://a.example/m/big/small%20%231/x"); !strings.HasSuffix(id, ".exact.squid.internal/small%20%231/x") {
		t.Errorf("%s", id)
	}
	for _, url := range []string{
		"http://c.example/m/gnu/doc/txt/COPYING", // equal by its names, which is a matter of two
		"http://c.example/m/lone/x",
		"http://a.example/m/undated/x",
		"http://a.example/m/partial/x",
		"http://a.example/m/pub/",
		"http://a.example/m/pub/unknown",
		"http://nowhere.example/m/pub/file1",
		"http://a.example/m/pub/file1?x",
		"a:443",
	} {
		if id := x.StoreID(url); id != "" {
			t.Errorf("%s: %s", url, id)
		}
	}
}

// Before there is an index, nothing is decided.
func TestNoIndex(t *testing.T) {
	live := resolver.NewLive(newWorld(t).store, resolver.Options{}, slog.New(slog.DiscardHandler))
	x := NewIndex(redirect.New(redirect.Config{Source: live}), live, resolver.DefaultDoubt())
	if target, id := x.Target("http://a.example/x", netip.Addr{}), x.StoreID("http://a.example/x"); target != "" || id != "" {
		t.Errorf("%q, %q", target, id)
	}
}

// Over all files of generated sites: two places have one ID exactly if the resolver knows
// one as the other's exact replica by a match that counts by its files or bytes,
// whichever of the two is asked, and two files with one ID agree in name, size and date.
// And a target is never redirected again.
func TestStoreIDsAreAnEquivalence(t *testing.T) {
	together := 0
	for seed := range uint64(4) {
		together += testEquivalence(t, rand.New(rand.NewPCG(seed, 0)))
	}
	if together < 100 {
		t.Errorf("only %d pairs of places have one ID", together)
	}
}

// A place is a file of a site.
type place struct {
	site int
	path mirror.Path
}

func testEquivalence(t *testing.T, random *rand.Rand) (together int) {
	w := newWorld(t)
	var pool []dir
	for height := range 12 {
		pool = append(pool, someDir(random, pool, height/4))
	}
	for i := range 6 {
		w.site(fmt.Sprintf("s%d", i), random.IntN(3)*50, someDir(random, pool, 3))
	}
	x, live := w.index()
	index := live.Index()
	doubt := resolver.DefaultDoubt()
	ids := map[place]string{}
	merged := map[string]string{}
	for site, s := range index.Sites() {
		var visit func(path mirror.Path)
		visit = func(path mirror.Path) {
			var a resolver.Answer
			index.Resolve(&a, site, path)
			if a.Known && !a.IsDir {
				url := s.URL.At(path, false)
				ids[place{site, path}] = x.StoreID(url)
				what := fmt.Sprint(a.File, a.Size, a.Date)
				if id := x.StoreID(url); id != "" && merged[id] != "" && merged[id] != what {
					t.Errorf("%s is the ID of %s and %s", id, merged[id], what)
				} else {
					merged[id] = what
				}
				if target := x.Target(url, netip.Addr{}); target != "" && x.Target(target, netip.Addr{}) != "" {
					t.Errorf("%s leads to %s, which leads to %s", url, target, x.Target(target, netip.Addr{}))
				}
				return
			}
			if a.Known {
				for _, name := range names {
					visit(path.Join(name))
				}
			}
		}
		visit(mirror.Root)
	}
	for p, id := range ids {
		var a resolver.Answer
		index.Resolve(&a, p.site, p.path)
		certain := map[place]bool{}
		for _, r := range a.Replicas() {
			if r.Class == resolver.Exact && (r.Evidence.Files >= doubt.Files || r.Evidence.Bytes >= doubt.Bytes) {
				certain[place{index.Number(r.Site.ID()), r.Path}] = true
			}
		}
		for q, other := range ids {
			if one := id != "" && id == other; one != certain[q] {
				t.Errorf("%v and %v have the IDs %q and %q; exact replicas: %v", p, q, id, other, certain[q])
			} else if one && p != q {
				together++
			}
		}
	}
	return together
}

// names are those of generated entries.
var names = []string{"a", "b", "c", "d"}

// someDir generates a folder out of few possibilities, some small and some not, and of
// the folders of a pool, so that many are equal.
func someDir(random *rand.Rand, pool []dir, height int) dir {
	d := dir{}
	for _, name := range names[:1+random.IntN(len(names))] {
		switch n := random.IntN(12); {
		case n < 4 && len(pool) > 0:
			d[name] = pool[random.IntN(len(pool))]
		case n < 6 && height > 0:
			d[name] = someDir(random, pool, height-1)
		case n == 6:
			d[name] = file{1 << 20, random.IntN(3)}
		default:
			d[name] = file{10, 1 + random.IntN(2)}
		}
	}
	return d
}

func BenchmarkDecider(b *testing.B) {
	w := newWorld(b)
	w.site("origin", 1, dir{"pub": plenty(100, 1)})
	w.site("mirror", 1000, dir{"m": plenty(100, 1)})
	x, _ := w.index()
	client := netip.MustParseAddr("192.0.2.7")
	b.Run("target", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			x.Target("http://origin.example/m/pub/file1", client)
		}
	})
	b.Run("store id", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			x.StoreID("http://origin.example/m/pub/file1")
		}
	})
}
