package storetest

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"mirrortracker/internal/store"
)

var leaseTests = map[string]func(t *testing.T, w *world){
	"held": func(t *testing.T, w *world) {
		lease, err := w.Acquire(t.Context(), "job", "me on host:1", long)
		if err != nil {
			t.Fatal(err)
		}
		for _, owner := range []string{"you", "me on host:1"} {
			_, err = w.Acquire(t.Context(), "job", owner, long)
			var held *store.LeaseHeldError
			if !errors.As(err, &held) || held.Name != "job" || held.Owner != lease.Owner || !held.Until.Equal(lease.Expires) {
				t.Errorf("%s: got %v, want that %+v is held", owner, err, lease)
			}
		}
		if _, err := w.Acquire(t.Context(), "JOB", "you", long); err != nil {
			t.Errorf("another name: %v", err)
		}
	},
	"released": func(t *testing.T, w *world) {
		first, err := w.Acquire(t.Context(), "job", "me", long)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Release(t.Context(), first); err != nil {
			t.Fatal(err)
		}
		_, err = w.Renew(t.Context(), first, long)
		wantError(t, err, store.ErrLeaseLost)
		second, err := w.Acquire(t.Context(), "job", "me", long)
		if err != nil || second.Version <= first.Version {
			t.Fatalf("got %+v after %+v, %v", second, first, err)
		}
		// Who comes late must not take it away from the next one.
		if err := w.Release(t.Context(), first); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Renew(t.Context(), second, long); err != nil {
			t.Fatal(err)
		}
	},
	"renewed": func(t *testing.T, w *world) {
		lease, err := w.Acquire(t.Context(), "job", "me", time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		renewed, err := w.Renew(t.Context(), lease, time.Hour)
		if err != nil || renewed.Version != lease.Version || renewed.Expires.Sub(lease.Expires) < 58*time.Minute {
			t.Fatalf("got %+v after %+v, %v", renewed, lease, err)
		}
		shorter, err := w.Renew(t.Context(), renewed, time.Minute)
		if err != nil || !shorter.Expires.Before(renewed.Expires) {
			t.Fatalf("got %+v after %+v, %v", shorter, renewed, err)
		}
	},
	"expired": func(t *testing.T, w *world) {
		s := site(t, "alpha")
		w.put(t, s)
		stale := w.expired(t, s, "slow")
		_, err := w.Renew(t.Context(), stale, long) // though nobody has taken it
		wantError(t, err, store.ErrLeaseLost)
		next := w.acquire(t, s, "quick")
		if next.Version != stale.Version+1 || next.Owner != "quick" {
			t.Errorf("got %+v after %+v", next, stale)
		}
		_, err = w.Renew(t.Context(), stale, long)
		wantError(t, err, store.ErrLeaseLost)
		if err := w.Release(t.Context(), stale); err != nil {
			t.Error(err)
		}
		if _, err := w.Renew(t.Context(), next, long); err != nil {
			t.Error(err)
		}
	},
	"one wins": func(t *testing.T, w *world) {
		second := Open(t, w.url)
		for round := range 5 {
			// The first round inserts the row, the others take over an expired one.
			w.race(t, []*store.Store{w.Store, second}, fmt.Sprint("round ", round))
		}
	},
	"bad input": func(t *testing.T, w *world) {
		for _, bad := range []struct {
			name, owner string
			ttl         time.Duration
		}{
			{"", "me", long},
			{"caf\xe9", "me", long},
			{strings.Repeat("x", 256), "me", long},
			{"job", "", long},
			{"job", "caf\xe9", long},
			{"job", strings.Repeat("x", 256), long},
			{"job", "me", 0},
			{"job", "me", -time.Second},
		} {
			if _, err := w.Acquire(t.Context(), bad.name, bad.owner, bad.ttl); err == nil {
				t.Errorf("%+v was accepted", bad)
			}
		}
	},
}

// race lets several goroutines go for one lease and ends it again.
func (w *world) race(t *testing.T, stores []*store.Store, round string) {
	t.Helper()
	const rivals = 8
	var all errgroup.Group
	leases := make([]store.Lease, rivals)
	results := make([]error, rivals)
	for i := range rivals {
		all.Go(func() error {
			leases[i], results[i] = stores[i%len(stores)].Acquire(t.Context(), "prize", fmt.Sprint("rival ", i), long)
			return nil
		})
	}
	_ = all.Wait()
	winner := -1
	for i, err := range results {
		var held *store.LeaseHeldError
		switch {
		case err == nil && winner < 0:
			winner = i
		case err == nil:
			t.Fatalf("%s: %+v and %+v", round, leases[winner], leases[i])
		case !errors.As(err, &held):
			t.Fatalf("%s: %v", round, err)
		}
	}
	if winner < 0 {
		t.Fatalf("%s: nobody won", round)
	}
	if err := w.Release(t.Context(), leases[winner]); err != nil {
		t.Fatal(err)
	}
}
