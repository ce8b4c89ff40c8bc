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
		for _, a := range []store.Attempt{
			{Site: s.ID(), Started: noon, Outcome: "running"},
			{Site: s.ID(), Started: noon, Ended: noon.Add(time.Hour), Outcome: "failed", Message: "list /pub/: 'quoted' \\ \"日本\" 🚀 a:b ?", Dirs: 3, Files: 1 << 40},
			{Site: s.ID(), Started: noon, Ended: noon.Add(time.Hour), Outcome: "published"},
		} {
			if err := w.RecordAttempt(t.Context(), a); err != nil {
				t.Fatal(err)
			}
			got, err := w.Attempts(t.Context())
			wantSame(t, got, err, []store.Attempt{a})
		}
	},
	"any message": func(t *testing.T, w *world) {
		s := site(t, "alpha")
		w.put(t, s)
		for _, message := range []string{"caf\xe9", "nul\x00", strings.Repeat("é", 100_000), strings.Repeat("\xff", 100_000)} {
			if err := w.RecordAttempt(t.Context(), store.Attempt{Site: s.ID(), Outcome: "failed", Message: message}); err != nil {
				t.Fatal(err)
			}
			got, err := w.Attempts(t.Context())
			if err != nil || len(got) != 1 || !utf8.ValidString(got[0].Message) || len(got[0].Message) > 4096 || got[0].Message == "" {
				t.Fatalf("%.10q: got %.100v, %v", message, got, err)
			}
		}
	},
	"no such site": func(t *testing.T, w *world) {
		err := w.RecordAttempt(t.Context(), store.Attempt{Site: site(t, "never").ID(), Outcome: "failed"})
		wantError(t, err, store.ErrNoSite)
	},
	"bad outcome": func(t *testing.T, w *world) {
		s := site(t, "alpha")
		w.put(t, s)
		for _, outcome := range []string{"", "two words", "caf\xe9", strings.Repeat("x", 33)} {
			if err := w.RecordAttempt(t.Context(), store.Attempt{Site: s.ID(), Outcome: outcome}); err == nil {
				t.Errorf("%q was accepted", outcome)
			}
		}
	},
}
