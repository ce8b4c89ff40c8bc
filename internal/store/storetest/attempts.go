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
			{
				Site: s.ID(), Started: noon, Ended: noon.Add(time.Hour), Outcome: "stopped",
				Message: "list /pub/: 'quoted' \\ \"日本\" 🚀 a:b ?", Ways: "ls-lR.gz, STAT",
				Tally: store.Tally{Dirs: 3, Reused: 2, Files: 1 << 40, NewTrees: 1},
			},
			{Site: s.ID(), Started: noon, Ended: noon.Add(time.Hour), Outcome: "done"},
		} {
			got := w.record(t, lease, a)
			if time.Since(got.Updated) > time.Minute {
				t.Errorf("the tally is of %v", got.Updated)
			}
			a.Owner, a.Updated = "me", got.Updated
			wantSame(t, got, nil, a)
		}
	},
	"failures in a row": func(t *testing.T, w *world) {
		s := site(t, "alpha")
		w.put(t, s)
		lease := w.acquire(t, s, "me")
		var succeeded time.Time
		for i, step := range []struct {
			outcome  string
			failures int
		}{
			{store.OutcomeFailed, 1},
			{store.OutcomeFailed, 2},
			{store.OutcomeInterrupted, 2},
			{store.OutcomeFailed, 3},
			{store.OutcomeSuspect, 0},
			{store.OutcomeFailed, 1},
			{store.OutcomePublished, 0},
			{store.OutcomeInterrupted, 0},
			{store.OutcomeFailed, 1},
		} {
			a := store.Attempt{Site: s.ID(), Started: noon.Add(time.Duration(i) * time.Hour), Outcome: store.OutcomeRunning}
			before := w.record(t, lease, a)
			a.Ended, a.Outcome = a.Started.Add(time.Minute), step.outcome
			after := w.record(t, lease, a)
			again := w.record(t, lease, a)
			if step.outcome == store.OutcomePublished {
				succeeded = a.Ended
			} else if before.Succeeded != succeeded {
				t.Errorf("step %d: succeeded at %v, want %v", i, before.Succeeded, succeeded)
			}
			if after.Failures != step.failures || after.Succeeded != succeeded {
				t.Errorf("step %d: got %d failures, succeeded at %v, want %d, %v", i, after.Failures, after.Succeeded, step.failures, succeeded)
			}
			again.Updated = after.Updated
			wantSame(t, again, nil, after)
		}
	},
	"how far it is": func(t *testing.T, w *world) {
		s := site(t, "alpha")
		w.put(t, s)
		stale := w.expired(t, s, "slow")
		lease := w.acquire(t, s, "me")
		far := store.Tally{Dirs: 5, Reused: 4, Files: 3, NewTrees: 2}
		if err := w.RecordProgress(t.Context(), lease, far); err != nil { // nothing runs
			t.Fatal(err)
		}
		got, err := w.Attempts(t.Context())
		wantSame(t, got, err, []store.Attempt{})
		a := store.Attempt{Site: s.ID(), Started: noon, Outcome: store.OutcomeRunning}
		w.record(t, lease, a)
		wantError(t, w.RecordProgress(t.Context(), stale, store.Tally{}), store.ErrLeaseLost)
		for range 2 {
			if err := w.RecordProgress(t.Context(), lease, far); err != nil {
				t.Fatal(err)
			}
		}
		got, err = w.Attempts(t.Context())
		if err != nil || len(got) != 1 || got[0].Tally != far || got[0].Outcome != store.OutcomeRunning {
			t.Fatalf("got %+v, %v", got, err)
		}
		a.Ended, a.Outcome = noon.Add(time.Hour), store.OutcomeFailed
		w.record(t, lease, a)
		if err := w.RecordProgress(t.Context(), lease, far); err != nil {
			t.Fatal(err)
		}
		got, err = w.Attempts(t.Context())
		if err != nil || len(got) != 1 || got[0].Tally != a.Tally {
			t.Fatalf("got %+v, %v: it has ended", got, err)
		}
	},
	"an attempt that runs has published with its snapshot": func(t *testing.T, w *world) {
		s := site(t, "alpha")
		w.put(t, s)
		lease := w.acquire(t, s, "me")
		root := w.putTree(t, w.tree("file"))
		w.record(t, lease, store.Attempt{Site: s.ID(), Started: noon, Outcome: store.OutcomeFailed, Ended: noon})
		a := store.Attempt{Site: s.ID(), Started: noon.Add(time.Hour), Outcome: store.OutcomeRunning}
		w.record(t, lease, a)
		done := noon.Add(2 * time.Hour)
		if _, err := w.Publish(t.Context(), lease, store.Snapshot{Site: s.ID(), Root: root.ID, Started: a.Started, Finished: done}); err != nil {
			t.Fatal(err)
		}
		got, err := w.Attempts(t.Context())
		if err != nil || len(got) != 1 {
			t.Fatalf("%d attempts, %v", len(got), err)
		}
		if a := got[0]; a.Outcome != store.OutcomePublished || !a.Ended.Equal(done) || !a.Succeeded.Equal(done) || a.Failures != 0 {
			t.Errorf("got %+v", a)
		}
		a.Outcome, a.Ended, a.Ways = store.OutcomePublished, done.Add(time.Second), "stat 2"
		if got := w.record(t, lease, a); got.Ways != a.Ways || !got.Ended.Equal(a.Ended) || !got.Succeeded.Equal(a.Ended) {
			t.Errorf("once more is told of it: %+v", got)
		}
	},
	"flapping": func(t *testing.T, w *world) {
		s := site(t, "alpha")
		w.put(t, s)
		stale := w.expired(t, s, "slow")
		lease := w.acquire(t, s, "me")
		a := store.Attempt{Site: s.ID(), Started: noon, Outcome: store.OutcomeRunning}
		w.record(t, lease, a)
		wantError(t, w.MarkFlapping(t.Context(), stale, "x", noon), store.ErrLeaseLost)
		for i, step := range []struct {
			mark  string
			want  string
			since time.Time
		}{
			{"", "", time.Time{}},
			{"two roots in turn", "two roots in turn", noon.Add(time.Hour)},
			{"three roots in turn", "three roots in turn", noon.Add(time.Hour)},
			{"", "", time.Time{}},
			{strings.Repeat("é", 1000), strings.Repeat("é", 512), noon.Add(4 * time.Hour)},
		} {
			if err := w.MarkFlapping(t.Context(), lease, step.mark, noon.Add(time.Duration(i)*time.Hour)); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				if got := w.record(t, lease, a); got.Flapping != step.want || got.FlappingSince != step.since {
					t.Errorf("step %d: %.30q since %v", i, got.Flapping, got.FlappingSince)
				}
			}
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
		if err != nil || len(got) != 1 || got[0].Outcome != kept.Outcome || got[0].Owner != "quick" {
			t.Errorf("got %+v, %v", got, err)
		}
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

// record records an attempt and returns it as it is kept; it must be the only one.
func (w *world) record(t *testing.T, lease store.Lease, a store.Attempt) store.Attempt {
	t.Helper()
	if err := w.RecordAttempt(t.Context(), lease, a); err != nil {
		t.Fatal(err)
	}
	all, err := w.Attempts(t.Context())
	if err != nil || len(all) != 1 {
		t.Fatalf("%d attempts, %v", len(all), err)
	}
	return all[0]
}
