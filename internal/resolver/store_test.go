package resolver

import (
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mirrortracker/internal/mirror"
	"mirrortracker/internal/store"
)

// publish puts what a world holds into a store.
func publish(t *testing.T, s *store.Store, w *world) {
	t.Helper()
	ctx := t.Context()
	if _, err := s.PutTrees(ctx, slices.Collect(maps.Values(w.trees))); err != nil {
		t.Fatal(err)
	}
	for _, site := range w.sites {
		if err := s.PutSite(ctx, site); err != nil {
			t.Fatal(err)
		}
		lease, err := s.Acquire(ctx, store.SiteLease(site.ID()), "test", time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Publish(ctx, lease, w.current[site.ID()]); err != nil {
			t.Fatal(err)
		}
		if err := s.Release(ctx, lease); err != nil {
			t.Fatal(err)
		}
	}
}

func TestLiveOnARealStore(t *testing.T) {
	s, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "tracker.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	l := NewLive(s, Options{}, slog.New(slog.DiscardHandler))
	if err := l.Check(t.Context()); err != nil || len(l.Index().Sites()) != 0 {
		t.Fatal("an empty store:", err)
	}
	w := newWorld()
	content := deep(700).with(dir{"latin\xe9": files("f", 9), "l": "latin\xe9"})
	w.add("a", "ftp://a.example/pub/", content)
	w.add("b", "ftp://b.example/", content.later().at("/x"))
	publish(t, s, w)
	if err := l.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	check(t, ask(t, l.Index(), "a", "/l/f003"), "exact a /latin\xe9/f003 *", "blind b /x/latin\xe9/f003")
	before := l.Index()
	if err := l.Check(t.Context()); err != nil || l.Index() != before {
		t.Error("a new index though nothing changed", err)
	}
	if got := resolve(l.Index(), w.sites[1], mirror.Root).Snapshot(); got.Seq != 1 || got.Finished.Unix() != 2005 {
		t.Errorf("snapshot %+v", got)
	}

	w = newWorld()
	w.add("b", "ftp://b.example/", content)
	publish(t, s, w)
	if err := s.RemoveSite(t.Context(), l.Index().Sites()[0].ID()); err != nil {
		t.Fatal(err)
	}
	if err := l.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	check(t, ask(t, l.Index(), "b", "/l/f003"), "exact b /latin\xe9/f003 *")
}

// TestLiveOnAStoreWhoseFileGoes takes the file away, puts it back, and puts
// another one in its place.
func TestLiveOnAStoreWhoseFileGoes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tracker.db")
	open := func(path, name string) *store.Store {
		s, err := store.Open(t.Context(), "sqlite:"+path)
		if err != nil {
			t.Fatal(err)
		}
		w := newWorld()
		w.add(name, "ftp://"+name+".example/", dir{"in-" + name: 1})
		publish(t, s, w)
		return s
	}
	mv := func(from, to string) {
		if err := os.Rename(from, to); err != nil {
			t.Fatal(err)
		}
	}
	if err := open(path+".copy", "b").Close(); err != nil {
		t.Fatal(err)
	}
	s := open(path, "a")
	defer s.Close()
	l := NewLive(s, Options{}, slog.New(slog.DiscardHandler))
	if err := l.Check(t.Context()); err != nil {
		t.Fatal(err)
	}

	mv(path, path+".away")
	if err := l.Check(t.Context()); err == nil || !strings.Contains(err.Error(), path+" is gone") {
		t.Errorf("without a file: %v", err)
	}
	if status := l.Status(); status.Err == nil || status.Failing.IsZero() {
		t.Errorf("it does not say that it fails: %+v", status)
	}
	check(t, ask(t, l.Index(), "a", "/in-a"), "exact a /in-a *")

	mv(path+".away", path)
	if err := l.Check(t.Context()); err != nil || !l.Status().Failing.IsZero() {
		t.Errorf("with the file again: %v, %+v", err, l.Status())
	}

	mv(path+".copy", path)
	if err := l.Check(t.Context()); err != nil || !l.Status().Failing.IsZero() {
		t.Errorf("with another file: %v, %+v", err, l.Status())
	}
	check(t, ask(t, l.Index(), "b", "/in-b"), "exact b /in-b *")
}
