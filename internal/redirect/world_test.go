package redirect

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"testing"
	"time"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/resolver"
	"mirrortracker/internal/store"
)

// A world is a source of the resolver in memory.
type world struct {
	sites     []mirror.Site
	snapshots []store.Snapshot
	trees     map[digest.ID]*digest.Tree
}

func newWorld() *world { return &world{trees: map[digest.ID]*digest.Tree{}} }

func (w *world) Sites(context.Context) ([]mirror.Site, error)      { return w.sites, nil }
func (w *world) Current(context.Context) ([]store.Snapshot, error) { return w.snapshots, nil }

func (w *world) Trees(_ context.Context, ids []digest.ID, _ store.Parts, fn func(*digest.Tree) error) error {
	for _, id := range ids {
		if t := w.trees[id]; t != nil {
			if err := fn(t); err != nil {
				return err
			}
		}
	}
	return nil
}

// A dir is a folder: names to dirs, files and links.
type dir map[string]any

type file struct {
	size int64
	day  int // of January 2000
}

type link string

// denied is a name that makes its folder incomplete.
const denied = "\x00refused"

// site adds a site; its URLs are the crawl URL and further ones. Without a
// root it has no snapshot.
func (w *world) site(t testing.TB, name string, weight int, root dir, urls ...string) {
	t.Helper()
	s := mirror.Site{Name: name, Weight: weight}
	for i, text := range urls {
		u, err := mirror.ParseURL(text)
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			s.URL = u
		} else {
			s.Serving = append(s.Serving, u)
		}
	}
	if err := s.Validate(); err != nil {
		t.Fatal(err)
	}
	w.sites = append(w.sites, s)
	if root == nil {
		return
	}
	top := w.tree(root)
	w.snapshots = append(w.snapshots, store.Snapshot{
		Site: s.ID(), Seq: 3, Root: top.ID, Started: crawled.Add(-time.Minute), Finished: crawled, Totals: top.Totals,
	})
}

var crawled = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func (w *world) tree(d dir) *digest.Tree {
	reason := digest.Complete
	var entries []digest.Entry
	for _, name := range slices.Sorted(maps.Keys(d)) {
		e := digest.Entry{Name: name}
		switch v := d[name].(type) {
		case dir:
			e.Kind, e.Sub = digest.Dir, &w.tree(v).Summary
		case file:
			e.Kind, e.Size, e.Date = digest.File, v.size, digest.NewDate(2000, 1, v.day)
		case link:
			e.Kind, e.Target = digest.Link, string(v)
		case nil:
			reason = digest.Refused
			continue
		}
		entries = append(entries, e)
	}
	entries, _ = digest.Clean(entries)
	t := digest.NewDigester().Tree(entries, reason)
	w.trees[t.ID] = t
	return t
}

// held is a Source that tests set.
type held struct {
	index  *resolver.Index
	status resolver.Status
}

func (h *held) Index() *resolver.Index  { return h.index }
func (h *held) Status() resolver.Status { return h.status }

func (w *world) index(t testing.TB) *resolver.Index {
	t.Helper()
	x, err := resolver.Build(t.Context(), w, nil, resolver.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// hold builds the index of a world.
func (w *world) hold(t testing.TB) *held {
	x := w.index(t)
	return &held{x, resolver.Status{
		Loaded: crawled, Checked: crawled.Add(time.Hour), Sites: len(w.sites), Indexed: len(w.snapshots), Trees: x.Trees(), Bytes: x.Bytes(),
	}}
}

// gnu is a folder large enough to be no accident; its dates begin at a day.
func gnu(day int) dir {
	d := dir{
		"a#b?c %.txt": file{10, day},
		"\xff\xfe":    file{20, day},
		"<x>&\"y\"\t": file{30, day},
		"sub":         dir{"deep.tar": file{40, day + 1}},
	}
	for i := range 8 {
		d["file"+strconv.Itoa(i)] = file{int64(100 + i), day + 2}
	}
	return d
}

func alone() dir {
	d := dir{}
	for i := range 9 {
		d["only"+strconv.Itoa(i)] = file{int64(i), 1}
	}
	return d
}

// example is the world of most tests. Their client is at 192.0.2.1, of which nothing
// is known, so that weights decide; those differ by so much that the draw does not
// matter.
//
//	origin  100  gnu, alone, small, broken, empty and links
//	deep    100  the same host, a longer base
//	east    1e6  gnu, exact, by FTP and HTTP
//	west      1  gnu, exact, by FTP, HTTPS and rsync
//	wrong   1e6  gnu, with other dates, by FTP and HTTP
//	lone    100  the licence of small under another name
//	late    100  without a snapshot, by FTP and HTTPS
func example(t testing.TB) *world {
	w := newWorld()
	licence := dir{"COPYING": file{18000, 1}}
	w.site(t, "origin", 100, dir{
		"gnu":    gnu(1),
		"alone":  alone(),
		"small":  licence,
		"broken": dir{"x": file{1, 1}, denied: nil},
		"empty":  dir{},
		"latest": link("gnu/sub"),
		"newest": link("gnu/file1"),
		".cache": dir{},
	}, "ftp://origin.example/pub/")
	w.site(t, "deep", 100, dir{"in": file{1, 1}}, "ftp://origin.example/pub/inner/deep/")
	w.site(t, "east", 1e6, dir{"g": gnu(1)}, "ftp://east.example:2121/", "http://east.example/e/")
	w.site(t, "west", 1, dir{"mirrors": dir{"gnu": gnu(1)}},
		"ftp://west.example/", "https://west.example/w%20w/", "rsync://west.example/w/")
	w.site(t, "wrong", 1e6, dir{"gnu": gnu(9)}, "ftp://wrong.example/", "http://wrong.example/")
	w.site(t, "lone", 100, dir{"other": licence}, "ftp://lone.example/")
	w.site(t, "late", 100, nil, "ftp://late.example/", "https://late.example/l/")
	return w
}

// ask sends a request to a handler and returns the response. Headers are given
// as pairs.
func ask(h http.Handler, method, target string, header ...string) *http.Response {
	req := httptest.NewRequest(method, target, nil)
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Add(header[i], header[i+1])
	}
	return serveTo(h, req)
}

func newRequest(target string) *http.Request { return httptest.NewRequest("GET", target, nil) }

func serveTo(h http.Handler, req *http.Request) *http.Response {
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, req)
	return rec.Result()
}

var errAway = errors.New("dial tcp: connection refused")
