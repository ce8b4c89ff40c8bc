package storetest

import (
	"errors"
	"strings"
	"testing"
	"time"

	"mirrortracker/internal/store"
)

var memoryTests = map[string]func(t *testing.T, w *world){
	"any text": func(t *testing.T, w *world) {
		s, other := site(t, "alpha"), site(t, "beta")
		w.put(t, s, other)
		text, saved, err := w.Memory(t.Context(), s.ID())
		if text != "" || !saved.IsZero() || err != nil {
			t.Fatalf("got %q of %v, %v", text, saved, err)
		}
		lease := w.acquire(t, s, "me")
		for _, want := range []string{"list by STAT\n", "\x00", "caf\xe9 \xff 'quoted' \\ \" ? 🚀\x1a", "", strings.Repeat("\xff", 64<<10)} {
			for range 2 {
				if err := w.Remember(t.Context(), lease, want); err != nil {
					t.Fatal(err)
				}
			}
			text, saved, err := w.Memory(t.Context(), s.ID())
			wantSame(t, text, err, want)
			if time.Since(saved) > time.Minute {
				t.Errorf("saved at %v", saved)
			}
		}
		var large *store.TooLargeError
		if err := w.Remember(t.Context(), lease, strings.Repeat("x", 64<<10+1)); !errors.As(err, &large) || large.Size != 64<<10+1 || large.Max != 64<<10 {
			t.Errorf("got %v", err)
		}
		text, _, err = w.Memory(t.Context(), s.ID())
		wantSame(t, text, err, strings.Repeat("\xff", 64<<10))
		text, _, err = w.Memory(t.Context(), other.ID())
		wantSame(t, text, err, "")
	},
	"outlives crawls": func(t *testing.T, w *world) {
		s := site(t, "alpha")
		w.put(t, s)
		lease := w.acquire(t, s, "me")
		if err := w.Remember(t.Context(), lease, "kept"); err != nil {
			t.Fatal(err)
		}
		if err := w.Release(t.Context(), lease); err != nil {
			t.Fatal(err)
		}
		w.publish(t, s, w.putTree(t, w.tree("f")))
		text, _, err := Open(t, w.url).Memory(t.Context(), s.ID())
		wantSame(t, text, err, "kept")
	},
	"needs the lease": func(t *testing.T, w *world) {
		s := site(t, "alpha")
		wantError(t, w.Remember(t.Context(), w.acquire(t, site(t, "never"), "me"), "x"), store.ErrNoSite)
		w.put(t, s)
		stale := w.expired(t, s, "slow")
		lease := w.acquire(t, s, "quick")
		if err := w.Remember(t.Context(), lease, "kept"); err != nil {
			t.Fatal(err)
		}
		wantError(t, w.Remember(t.Context(), stale, "late"), store.ErrLeaseLost)
		if err := w.Remember(t.Context(), store.Lease{Name: "something else"}, "x"); err == nil {
			t.Error("the lease of something else was good enough")
		}
		text, _, err := w.Memory(t.Context(), s.ID())
		wantSame(t, text, err, "kept")
	},
}
