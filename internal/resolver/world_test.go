package resolver

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/store"
)

// A dir is what a directory of a test holds, by name:
//
//	dir      a directory
//	int      a file of so many bytes
//	file     a file
//	string   a symbolic link to that
//
// The name "!" gives the reason why the listing is incomplete.
type dir map[string]any

type file struct {
	size int64
	date digest.Date
}

var usual = digest.NewDate(2024, 1, 2)

// A world is a Source in memory.
type world struct {
	mu      sync.Mutex
	sites   []mirror.Site
	current map[mirror.SiteID]store.Snapshot
	trees   map[digest.ID]*digest.Tree
	seq     int64
	err     error // of every call

	read, asked, states atomic.Int64 // trees that were read; calls of Trees; calls of Sites
}

func newWorld() *world {
	return &world{current: map[mirror.SiteID]store.Snapshot{}, trees: map[digest.ID]*digest.Tree{}}
}

func (w *world) Sites(context.Context) ([]mirror.Site, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.states.Add(1)
	return slices.Clone(w.sites), w.err
}

func (w *world) Current(context.Context) ([]store.Snapshot, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Collect(maps.Values(w.current)), w.err
}

func (w *world) Trees(_ context.Context, ids []digest.ID, _ store.Parts, fn func(*digest.Tree) error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked.Add(1)
	if w.err != nil {
		return w.err
	}
	if len(ids) > 500 {
		return fmt.Errorf("asked for %d trees at a time", len(ids))
	}
	for _, id := range ids {
		if t := w.trees[id]; t != nil {
			w.read.Add(1)
			if err := fn(t); err != nil {
				return err
			}
		}
	}
	return nil
}

// add tracks a site with a snapshot of its content, or with a newer one if it
// is there already; nil content stands for no snapshot.
func (w *world) add(name, url string, content dir) mirror.Site {
	w.mu.Lock()
	defer w.mu.Unlock()
	u, err := mirror.ParseURL(url)
	if err != nil {
		panic(err)
	}
	s := mirror.Site{Name: name, URL: u, Weight: mirror.DefaultWeight}
	if i := slices.IndexFunc(w.sites, func(o mirror.Site) bool { return o.ID() == s.ID() }); i >= 0 {
		s = w.sites[i]
	} else {
		w.sites = append(w.sites, s)
	}
	if content != nil {
		w.seq++
		root := w.put(content)
		w.current[s.ID()] = store.Snapshot{
			Site: s.ID(), Seq: w.seq, Root: root.ID, Totals: root.Totals,
			Started: time.Unix(1000*w.seq, 0), Finished: time.Unix(1000*w.seq+5, 0),
		}
	}
	return s
}

func (w *world) change(name string, change func(*mirror.Site)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range w.sites {
		if w.sites[i].Name == name {
			change(&w.sites[i])
		}
	}
}

func (w *world) fail(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.err = err
}

// lose removes a tree and returns a function that puts it back.
func (w *world) lose(content dir) (back func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	t := w.put(content)
	delete(w.trees, t.ID)
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.trees[t.ID] = t
	}
}

func (w *world) put(content dir) *digest.Tree {
	var entries []digest.Entry
	reason := digest.Complete
	for name, what := range content {
		e := digest.Entry{Name: name}
		switch what := what.(type) {
		case dir:
			e.Kind, e.Sub = digest.Dir, &w.put(what).Summary
		case int:
			e.Kind, e.Size, e.Date = digest.File, int64(what), usual
		case file:
			e.Kind, e.Size, e.Date = digest.File, what.size, what.date
		case string:
			if name == "!" {
				reason = digest.Reason(what)
				continue
			}
			e.Kind, e.Target = digest.Link, what
		default:
			panic(fmt.Sprintf("%s is a %T", name, what))
		}
		entries = append(entries, e)
	}
	kept, sound := digest.Clean(entries)
	if !sound {
		panic("unsound names")
	}
	t := digest.NewDigester().Tree(kept, reason)
	w.trees[t.ID] = t
	return t
}

func (w *world) index(t testing.TB, opts Options) *Index {
	t.Helper()
	x, err := Build(t.Context(), w, nil, opts)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range x.Problems() {
		t.Error(p)
	}
	return x
}

// ask resolves a path on the site of a name.
func ask(t testing.TB, x *Index, name string, p mirror.Path) *Answer {
	t.Helper()
	site, _, err := x.Locate(name)
	if err != nil {
		t.Fatal(err)
	}
	a := new(Answer)
	x.Resolve(a, site, p)
	return a
}

func resolve(x *Index, site mirror.Site, p mirror.Path) *Answer {
	a := new(Answer)
	x.Resolve(a, x.Number(site.ID()), p)
	return a
}

// brief writes replicas as "CLASS SITE PATH", an asterisk after the original,
// and doubtful ones in parentheses.
func brief(a *Answer) []string {
	var out []string
	for _, r := range a.Replicas() {
		line := fmt.Sprint(r.Class, " ", r.Site.Name, " ", r.Path)
		if r.Original {
			line += " *"
		}
		out = append(out, line)
	}
	for _, d := range a.Doubtful() {
		out = append(out, fmt.Sprint("(", d.Class, " ", d.Site.Name, " ", d.Path, ")"))
	}
	return out
}

// files returns n files of a byte each, in a directory that is like no other
// with another prefix.
func files(prefix string, n int) dir {
	d := dir{}
	for i := range n {
		d[fmt.Sprintf("%s%03d", prefix, i)] = 1
	}
	return d
}

// with returns a directory with more in it.
func (d dir) with(more dir) dir {
	d = maps.Clone(d)
	maps.Copy(d, more)
	return d
}

// at puts a directory below others.
func (d dir) at(path string) dir {
	for _, name := range slices.Backward(strings.Split(strings.Trim(path, "/"), "/")) {
		if name != "" {
			d = dir{name: d}
		}
	}
	return d
}

// later gives all files another date.
func (d dir) later() dir {
	out := dir{}
	for name, what := range d {
		switch what := what.(type) {
		case dir:
			out[name] = what.later()
		case int:
			out[name] = file{int64(what), digest.NewDate(2025, 6, 7)}
		default:
			out[name] = what
		}
	}
	return out
}

var errGone = errors.New("the database is gone")
