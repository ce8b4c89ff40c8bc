package storetest

import (
	"testing"
	"time"

	"mirrortracker/internal/store"
)

var pruneTests = map[string]func(t *testing.T, w *world){
	"by number and by age": func(t *testing.T, w *world) {
		s, other := site(t, "alpha"), site(t, "beta")
		w.put(t, s, other)
		root := w.putTree(t, w.tree("f"))
		lease := w.acquire(t, s, "me")
		for i := range 10 { // finished at noon, an hour later, ...
			at := noon.Add(time.Duration(i) * time.Hour)
			if _, err := w.Publish(t.Context(), lease, store.Snapshot{Site: s.ID(), Root: root.ID, Started: at, Finished: at}); err != nil {
				t.Fatal(err)
			}
		}
		w.publish(t, other, root)
		for _, step := range []struct {
			newest  int
			after   time.Time
			removed int64
			oldest  int64 // that is left
		}{
			{20, noon.Add(100 * time.Hour), 0, 1},
			{1, noon.Add(time.Hour - time.Second), 1, 2},
			{8, noon.Add(100 * time.Hour), 1, 3},
			{1, noon.Add(5*time.Hour + time.Second), 4, 7},
			{1, noon.Add(100 * time.Hour), 3, 10},
			{1, noon.Add(100 * time.Hour), 0, 10},
		} {
			removed, err := w.Prune(t.Context(), store.Keep{Newest: step.newest, After: step.after})
			wantSame(t, removed, err, step.removed)
			left, err := w.History(t.Context(), s.ID(), 100)
			if err != nil || left[len(left)-1].Seq != step.oldest || int64(len(left)) != 11-step.oldest {
				t.Fatalf("%+v: got %v, %v", step, left, err)
			}
		}
		next, err := w.Publish(t.Context(), lease, store.Snapshot{Site: s.ID(), Root: root.ID})
		wantSame(t, next.Seq, err, 11)
		current, err := w.Current(t.Context())
		if err != nil || len(current) != 2 {
			t.Errorf("got %v, %v", current, err)
		}
	},
	"never the last": func(t *testing.T, w *world) {
		if _, err := w.Prune(t.Context(), store.Keep{}); err == nil {
			t.Error("none is kept")
		}
	},
	"more than go at a time": func(t *testing.T, w *world) {
		s := site(t, "alpha")
		w.put(t, s)
		root := w.putTree(t, w.tree("f"))
		lease := w.acquire(t, s, "me")
		for range 600 {
			if _, err := w.Publish(t.Context(), lease, store.Snapshot{Site: s.ID(), Root: root.ID}); err != nil {
				t.Fatal(err)
			}
		}
		removed, err := w.Prune(t.Context(), store.Keep{Newest: 1, After: noon})
		wantSame(t, removed, err, 599)
	},
}
