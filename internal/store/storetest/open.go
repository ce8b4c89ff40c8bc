package storetest

import (
	"context"
	"testing"

	"golang.org/x/sync/errgroup"

	"mirrortracker/internal/mirror"
	"mirrortracker/internal/store"
)

var openTests = map[string]func(t *testing.T, w *world){
	"again": func(t *testing.T, w *world) {
		w.put(t, site(t, "alpha"))
		again := Open(t, w.url)
		got, err := again.Sites(t.Context())
		wantSame(t, got, err, []mirror.Site{site(t, "alpha")})
		if err := again.Ping(t.Context()); err != nil {
			t.Fatal(err)
		}
	},
	"closed": func(t *testing.T, w *world) {
		s, err := store.Open(t.Context(), w.url)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if err := s.Ping(t.Context()); err == nil {
			t.Error("a closed store answers")
		}
	},
	"cancelled": func(t *testing.T, w *world) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := w.Sites(ctx)
		wantError(t, err, context.Canceled)
		_, err = w.PutTrees(ctx, w.forest(1))
		wantError(t, err, context.Canceled)
	},
}

// Simultaneously opens one database that does not exist yet several times at
// once, as programs that start together do.
func Simultaneously(t *testing.T, url string) {
	const programs = 6
	var all errgroup.Group
	for range programs {
		all.Go(func() error {
			s, err := store.Open(t.Context(), url)
			if err != nil {
				return err
			}
			defer s.Close()
			_, err = s.Sites(t.Context())
			return err
		})
	}
	if err := all.Wait(); err != nil {
		t.Fatal(err)
	}
}
