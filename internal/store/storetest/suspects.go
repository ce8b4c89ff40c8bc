package storetest

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/store"
)

var suspectTests = map[string]func(t *testing.T, w *world){
	"kept aside": func(t *testing.T, w *world) {
		alpha, beta := site(t, "alpha"), site(t, "beta")
		w.put(t, alpha, beta)
		root := w.putTree(t, w.tree("f"))
		before := w.publish(t, alpha, root)
		var all []store.Suspect
		for _, s := range []mirror.Site{alpha, beta} {
			lease := w.acquire(t, s, "me")
			for i := range 3 {
				if err := w.keep(t.Context(), lease, s.ID(), "mlsd", []store.Progress{{Path: "/a", Tree: root.ID, Listed: noon}}); err != nil {
					t.Fatal(err)
				}
				finished := noon.Add(time.Duration(i) * time.Hour)
				want := store.Suspect{
					Snapshot: store.Snapshot{
						Site: s.ID(), Root: root.ID, Started: noon, Finished: finished,
						Totals: digest.Totals{Files: 1 << 40, Dirs: 2, Bytes: 1<<63 - 1}, Incomplete: int64(i),
					},
					Reason: strings.Repeat("1 of 5 files: é", i),
					Since:  noon,
				}
				got, err := w.SetAside(t.Context(), lease, want.Snapshot, want.Reason)
				wantSame(t, got, err, want)
				got, err = w.Suspect(t.Context(), s.ID())
				wantSame(t, got, err, want)
				w.wantProgress(t, s, "", nil)
				if i == 2 {
					all = append(all, got)
				}
			}
		}
		slices.SortFunc(all, func(a, b store.Suspect) int { return bytes.Compare(a.Site[:], b.Site[:]) })
		got, err := w.Suspects(t.Context())
		wantSame(t, got, err, all)
		current, err := w.Current(t.Context())
		wantSame(t, current, err, []store.Snapshot{before})
	},
	"published crawls make it void": func(t *testing.T, w *world) {
		alpha, beta := site(t, "alpha"), site(t, "beta")
		w.put(t, alpha, beta)
		root := w.putTree(t, w.tree("f"))
		w.setAside(t, alpha, root)
		kept := w.setAside(t, beta, root)
		w.publish(t, alpha, root)
		got, err := w.Suspects(t.Context())
		wantSame(t, got, err, []store.Suspect{kept})
	},
	"accepted": func(t *testing.T, w *world) {
		s := site(t, "alpha")
		w.put(t, s)
		w.publish(t, s, w.putTree(t, w.tree("before")))
		aside := w.setAside(t, s, w.putTree(t, w.tree("after")))
		want := aside.Snapshot
		want.Seq = 2
		got, err := w.AcceptSuspect(t.Context(), s.ID(), "operator")
		wantSame(t, got, err, want)
		current, err := w.Current(t.Context())
		wantSame(t, current, err, []store.Snapshot{want})
		_, err = w.AcceptSuspect(t.Context(), s.ID(), "operator")
		wantError(t, err, store.ErrNoSuspect)
		wantError(t, w.DropSuspect(t.Context(), s.ID()), store.ErrNoSuspect)
		w.acquire(t, s, "next") // is free again
	},
	"not while it is crawled": func(t *testing.T, w *world) {
		s := site(t, "alpha")
		w.put(t, s)
		aside := w.setAside(t, s, w.putTree(t, w.tree("f")))
		lease := w.acquire(t, s, "me")
		_, err := w.AcceptSuspect(t.Context(), s.ID(), "operator")
		var held *store.LeaseHeldError
		if !errors.As(err, &held) || held.Owner != "me" {
			t.Fatalf("got %v", err)
		}
		got, err := w.Suspects(t.Context())
		wantSame(t, got, err, []store.Suspect{aside})
		if _, err := w.Renew(t.Context(), lease, long); err != nil {
			t.Errorf("the crawl lost its lease: %v", err)
		}
	},
	"dropped": func(t *testing.T, w *world) {
		s := site(t, "alpha")
		w.put(t, s)
		w.setAside(t, s, w.putTree(t, w.tree("f")))
		if err := w.DropSuspect(t.Context(), s.ID()); err != nil {
			t.Fatal(err)
		}
		_, err := w.Suspect(t.Context(), s.ID())
		wantError(t, err, store.ErrNoSuspect)
		_, err = w.AcceptSuspect(t.Context(), s.ID(), "operator")
		wantError(t, err, store.ErrNoSuspect)
		current, err := w.Current(t.Context())
		wantSame(t, current, err, []store.Snapshot{})
	},
}

// setAside sets a tree aside as the root of a site.
func (w *world) setAside(t *testing.T, site mirror.Site, root *digest.Tree) store.Suspect {
	t.Helper()
	lease := w.acquire(t, site, "doubtful")
	aside, err := w.SetAside(t.Context(), lease, store.Snapshot{
		Site:     site.ID(),
		Root:     root.ID,
		Started:  noon,
		Finished: noon.Add(time.Minute),
		Totals:   root.Totals,
	}, "too little")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Release(t.Context(), lease); err != nil {
		t.Fatal(err)
	}
	return aside
}
