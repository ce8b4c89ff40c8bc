package storetest

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"mirrortracker/internal/store"
)

var attemptTests = map[string]func(t *testing.T, w *world){
	"replaced": func(t *testing.T, w *world) {
		s := site(t, "alpha")
		w.put(t, s)
		lease := w.acquire(t, s, "me")
		for _, a := range []store.Attempt{
			{Site: s.ID(), Started: noon, Outcome: "running"},
			{Site: s.ID(), Started: noon, Ended: noon.Add(time.Hour), Outcome: "failed", Message: "list /pub/: 'quoted' \\ \"日本\" 🚀 a:b ?", Dirs: 3, Files: 1 << 40},
			{Site: s.ID(), Started: noon, Ended: noon.Add(time.Hour), Outcome: "published"},
		} {
			if err := w.RecordAttempt(t.Context(), lease, a); err != nil {
				t.Fatal(err)
			}
			got, err := w.Attempts(t.Context())
			wantSame(t, got, err, []store.Attempt{a})
		}
	},
	"any message": func(t *testing.T, w *world) {
		s := site(t, "alpha")
		w.put(t, s)
		lease := w.acquire(t, s, "me")
		for _, message := range []string{"caf\xe9", "nul\x00", strings.Repeat("é", 100_000), strings.Repeat("\xff", 100_000)} {
			if err := w.RecordAttempt(t.Context(), lease, store.Attempt{Site: s.ID(), Outcome: "failed", Message: message}); err != nil {
				t.Fatal(err)
			}
			got, err := w.Attempts(t.Context())
			if err != nil || len(got) != 1 || !utf8.ValidString(got[0].Message) || len(got[0].Message) > 4096 || got[0].Message == "" {
				t.Fatalf("%.10q: got %.100v, %v", message, got, err)
			}
		}
	},
	"no such site": func(t *testing.T, w *world) {
		s := site(t, "never")
		err := w.RecordAttempt(t.Context(), w.acquire(t, s, "me"), store.Attempt{Site: s.ID(), Outcome: "failed"})
		wantError(t, err, store.ErrNoSite)
	},
	"needs the lease": func(t *testing.T, w *world) {
		s, other := site(t, "alpha"), site(t, "beta")
		w.put(t, s, other)
		stale := w.expired(t, s, "slow")
		late := store.Attempt{Site: s.ID(), Started: noon, Ended: noon, Outcome: "failed"}
		wantError(t, w.RecordAttempt(t.Context(), stale, late), store.ErrLeaseLost) // though nobody has taken it
		lease := w.acquire(t, s, "quick")
		kept := store.Attempt{Site: s.ID(), Started: noon, Outcome: "running"}
		if err := w.RecordAttempt(t.Context(), lease, kept); err != nil {
			t.Fatal(err)
		}
		wantError(t, w.RecordAttempt(t.Context(), stale, late), store.ErrLeaseLost)
		for _, wrong := range []store.Lease{w.acquire(t, other, "me"), {}} {
			if err := w.RecordAttempt(t.Context(), wrong, late); err == nil {
				t.Errorf("the lease %q was good enough", wrong.Name)
			}
		}
		got, err := w.Attempts(t.Context())
		wantSame(t, got, err, []store.Attempt{kept})
	},
	"bad outcome": func(t *testing.T, w *world) {
		s := site(t, "alpha")
		w.put(t, s)
		lease := w.acquire(t, s, "me")
		for _, outcome := range []string{"", "two words", "caf\xe9", strings.Repeat("x", 33)} {
			if err := w.RecordAttempt(t.Context(), lease, store.Attempt{Site: s.ID(), Outcome: outcome}); err == nil {
				t.Errorf("%q was accepted", outcome)
			}
		}
	},
}
