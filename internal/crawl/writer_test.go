package crawl

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/store"
)

// A fakeStore fails until a time, or for ever with one error, and counts trees.
type fakeStore struct {
	away  time.Time
	error error
	trees int
}

func (f *fakeStore) PutTrees(_ context.Context, trees []*digest.Tree) (int, error) {
	switch {
	case f.error != nil:
		return 0, f.error
	case time.Now().Before(f.away):
		return 0, errors.New("the database is away")
	}
	f.trees += len(trees)
	return len(trees), nil
}

func startWriter(t *testing.T, f *fakeStore) *writer {
	w := newWriter(t.Context(), f, slog.New(slog.NewTextHandler(t.Output(), nil)))
	t.Cleanup(w.Close)
	return w
}

func put(w *writer, n int) {
	for range n {
		w.Put(&digest.Tree{})
	}
}

func TestWriterOutlastsAnAbsence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeStore{away: time.Now().Add(time.Minute)}
		w := startWriter(t, f)
		put(w, fullTrees+1)
		if err := w.Flush(t.Context()); err != nil || f.trees != fullTrees+1 || w.added() != fullTrees+1 {
			t.Errorf("%d trees, %v", f.trees, err)
		}
		if err := w.Flush(t.Context()); err != nil {
			t.Errorf("with nothing to flush: %v", err)
		}
	})
}

// A walk waits for a writer that has too much before it, no longer than its context
// lasts, and hears why it fails.
func TestWriterHoldsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeStore{away: time.Now().Add(time.Hour)}
		w := startWriter(t, f)
		put(w, maxBatches*fullTrees)
		if err := w.Ready(t.Context()); err != nil {
			t.Error(err)
		}
		put(w, fullTrees)
		enough := errors.New("enough")
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, enough)
		defer cancel()
		if err := w.Ready(ctx); !errors.Is(err, enough) {
			t.Errorf("got %v", err)
		}
		if err := w.Ready(t.Context()); err == nil || err.Error() != "the database is away" {
			t.Errorf("got %v", err)
		}
	})
}

func TestWriterDoesNotInsistOnWhatIsTooLarge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		w := startWriter(t, &fakeStore{error: &store.TooLargeError{What: "a tree", Size: 2, Max: 1}})
		put(w, 1)
		var large *store.TooLargeError
		if err := w.Flush(t.Context()); !errors.As(err, &large) || time.Since(begin) > time.Second {
			t.Errorf("%v after %s", err, time.Since(begin))
		}
		if err := w.Ready(t.Context()); !errors.As(err, &large) {
			t.Errorf("%v", err)
		}
	})
}

func TestWriterThatIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := startWriter(t, &fakeStore{away: time.Now().Add(time.Hour)})
		put(w, 2*fullTrees)
		w.Close()
		if err := w.Flush(t.Context()); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
}
