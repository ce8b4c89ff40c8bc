package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/store"
)

var progressTests = map[string]func(t *testing.T, w *world){
	"replaced": func(t *testing.T, w *world) {
		s := site(t, "alpha")
		w.put(t, s)
		lease := w.acquire(t, s, "me")
		one, two := digest.ID{1}, digest.ID{2}
		deep := mirror.Path(strings.Repeat("/caf\xe9", 1000)) // longer than any index takes
		for i, all := range [][]store.Progress{
			{{Path: "/a", Tree: one, Listed: noon}, {Path: "/\xff'\\", Tree: one, Listed: noon}, {Path: deep, Tree: one, Listed: noon}},
			{{Path: "/a", Tree: two, Listed: noon.Add(time.Second)}, {Path: deep, Tree: one, Listed: noon}, {Path: "/A", Tree: one, Listed: noon}},
			{{Path: "/a", Tree: two, Listed: noon.Add(time.Second)}, {Path: deep, Tree: one, Listed: noon}, {Path: "/A", Tree: one, Listed: noon}},
			{{Path: "/", Tree: one}},
			{},
		} {
			if err := w.SaveProgress(t.Context(), lease, "", all); err != nil {
				t.Fatalf("step %d: %v", i, err)
			}
			w.wantProgress(t, s, "", all)
		}
	},
	"many": func(t *testing.T, w *world) {
		s := site(t, "alpha")
		w.put(t, s)
		lease := w.acquire(t, s, "me")
		all := finished(5000, 1)
		for _, part := range [][]store.Progress{all, all[1000:], append(finished(1500, 2), all[1500:3000]...)} {
			if err := w.SaveProgress(t.Context(), lease, "", part); err != nil {
				t.Fatal(err)
			}
			w.wantProgress(t, s, "", part)
		}
	},
	"any facts": func(t *testing.T, w *world) {
		s, other := site(t, "alpha"), site(t, "beta")
		w.put(t, s, other)
		lease := w.acquire(t, s, "me")
		w.wantProgress(t, s, "", nil)
		kept := finished(2, 1)
		for _, facts := range []string{"", "zone +01:00\n", "\x00", "caf\xe9 \xff 'quoted' \\ \" ? 🚀\x1a", " ", strings.Repeat("\xff", 64<<10)} {
			if err := w.SaveProgress(t.Context(), lease, facts, kept); err != nil {
				t.Fatalf("%.20q: %v", facts, err)
			}
			w.wantProgress(t, s, facts, kept)
		}
		facts := strings.Repeat("x", 64<<10+1)
		var large *store.TooLargeError
		if err := w.SaveProgress(t.Context(), lease, facts, nil); !errors.As(err, &large) || large.Size != 64<<10+1 || large.Max != 64<<10 {
			t.Errorf("got %v", err)
		}
		w.wantProgress(t, s, strings.Repeat("\xff", 64<<10), kept)
		w.wantProgress(t, other, "", nil)
	},
	"other facts, other progress": func(t *testing.T, w *world) {
		s, other := site(t, "alpha"), site(t, "beta")
		w.put(t, s, other)
		lease := w.acquire(t, s, "me")
		stays := finished(3, 9)
		if err := w.SaveProgress(t.Context(), w.acquire(t, other, "me"), "mlsd", stays); err != nil {
			t.Fatal(err)
		}
		for _, step := range []struct {
			facts string
			rows  []store.Progress
		}{
			{"mlsd", finished(1200, 1)},
			{"list", finished(1000, 1)[:3]},
			{"MLSD", finished(1000, 2)},
			{"list", nil},
			{"", finished(1, 1)},
		} {
			if err := w.SaveProgress(t.Context(), lease, step.facts, step.rows); err != nil {
				t.Fatal(err)
			}
			w.wantProgress(t, s, step.facts, step.rows)
		}
		w.wantProgress(t, other, "mlsd", stays)
	},
	"revised facts, the same progress": func(t *testing.T, w *world) {
		s, other := site(t, "alpha"), site(t, "beta")
		w.put(t, s, other)
		lease := w.acquire(t, s, "me")
		if err := w.ReviseFacts(t.Context(), lease, "of no crawl"); err != nil {
			t.Error(err)
		}
		w.wantProgress(t, s, "", nil)
		kept := finished(3, 1)
		for _, l := range []store.Lease{lease, w.acquire(t, other, "me")} {
			if err := w.SaveProgress(t.Context(), l, "mlsd", kept); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.ReviseFacts(t.Context(), lease, "list \xff"); err != nil {
			t.Error(err)
		}
		w.wantProgress(t, s, "list \xff", kept)
		w.wantProgress(t, other, "mlsd", kept)
		var large *store.TooLargeError
		if err := w.ReviseFacts(t.Context(), lease, strings.Repeat("x", 64<<10+1)); !errors.As(err, &large) {
			t.Errorf("got %v", err)
		}
		if err := w.Release(t.Context(), lease); err != nil {
			t.Fatal(err)
		}
		wantError(t, w.ReviseFacts(t.Context(), lease, "late"), store.ErrLeaseLost)
		w.wantProgress(t, s, "list \xff", kept)
	},
	// Whoever reads while facts change finds no row that others left.
	"readers find one or the other": func(t *testing.T, w *world) {
		s := site(t, "alpha")
		w.put(t, s)
		lease := w.acquire(t, s, "me")
		ctx, stop := context.WithCancel(t.Context())
		var readers errgroup.Group
		for _, from := range []*store.Store{w.Store, Open(t, w.url)} {
			readers.Go(func() error {
				for ctx.Err() == nil {
					facts, rows, err := from.Progress(t.Context(), s.ID())
					if err != nil {
						return err
					}
					for _, row := range rows {
						if facts != string(row.Tree[31:]) {
							return fmt.Errorf("facts %q and row %v", facts, row)
						}
					}
				}
				return nil
			})
		}
		for i := range 6 {
			kind := byte('a' + i%2)
			if err := w.SaveProgress(t.Context(), lease, string(kind), finished(5000-700*i, kind)); err != nil {
				t.Error(err)
			}
		}
		stop()
		if err := readers.Wait(); err != nil {
			t.Error(err)
		}
		w.wantProgress(t, s, "b", finished(1500, 'b'))
	},
	"lease lost on the way": func(t *testing.T, w *world) {
		s := site(t, "alpha")
		w.put(t, s)
		thief := Open(t, w.url)
		// Ever more rows, until there is time to take the lease in between.
		all := finished(5000, 1)
		for !w.robbed(t, thief, s, all) {
			if len(all) > 100_000 {
				t.Fatal("who had lost the lease went on")
			}
			all = finished(2*len(all), 1)
		}
		wanted := map[store.Progress]bool{}
		for _, row := range all {
			wanted[row] = true
		}
		_, left, err := w.Progress(t.Context(), s.ID())
		if err != nil || len(left) == 0 || len(left) == len(all) {
			t.Fatalf("%d of %d rows, %v", len(left), len(all), err)
		}
		for _, row := range left {
			if !wanted[row] {
				t.Fatalf("%v was never saved", row)
			}
		}
		if err := w.SaveProgress(t.Context(), w.acquire(t, s, "next"), "mlsd", all[:600]); err != nil {
			t.Fatal(err)
		}
		w.wantProgress(t, s, "mlsd", all[:600])
	},
	"needs the lease": func(t *testing.T, w *world) {
		s := site(t, "alpha")
		w.put(t, s)
		stale := w.expired(t, s, "slow")
		lease := w.acquire(t, s, "quick")
		kept := []store.Progress{{Path: "/a", Tree: digest.ID{1}, Listed: noon}}
		if err := w.SaveProgress(t.Context(), lease, "", kept); err != nil {
			t.Fatal(err)
		}
		wantError(t, w.SaveProgress(t.Context(), stale, "", nil), store.ErrLeaseLost)
		lease.Name = "something else"
		if err := w.SaveProgress(t.Context(), lease, "", nil); err == nil {
			t.Error("the lease of something else was good enough")
		}
		w.wantProgress(t, s, "", kept)
	},
	"a restart finds it": func(t *testing.T, w *world) {
		s := site(t, "alpha")
		w.put(t, s)
		kept := []store.Progress{{Path: "/a", Tree: digest.ID{1}, Listed: noon}}
		if err := w.SaveProgress(t.Context(), w.acquire(t, s, "me"), "mlsd", kept); err != nil {
			t.Fatal(err)
		}
		(&world{Store: Open(t, w.url)}).wantProgress(t, s, "mlsd", kept)
	},
}

// finished makes the progress of n subtrees, whose trees are of a kind.
func finished(n int, kind byte) []store.Progress {
	all := make([]store.Progress, n)
	for i := range all {
		all[i] = store.Progress{Path: mirror.Path(fmt.Sprintf("/dir/%d", i)), Tree: digest.ID{0: byte(i), 31: kind}, Listed: noon}
	}
	return all
}

// robbed saves progress while a thief takes the lease, and reports whether that
// was in time. Nobody has the lease then, and nothing was written after it was taken.
func (w *world) robbed(t *testing.T, thief *store.Store, site mirror.Site, all []store.Progress) bool {
	t.Helper()
	lease := w.acquire(t, site, "slow")
	if err := w.SaveProgress(t.Context(), lease, "before", nil); err != nil {
		t.Fatal(err)
	}
	saved := make(chan error, 1)
	go func() { saved <- w.SaveProgress(t.Context(), lease, "mlsd", all) }()
	for some := false; !some && len(saved) == 0; {
		_, rows, err := thief.Progress(t.Context(), site.ID())
		if err != nil {
			t.Fatal(err)
		}
		some = len(rows) > 0
	}
	if err := thief.Release(t.Context(), lease); err != nil {
		t.Fatal(err)
	}
	taken, err := thief.Acquire(t.Context(), lease.Name, "quick", long)
	if err != nil {
		t.Fatal(err)
	}
	_, left, err := thief.Progress(t.Context(), site.ID())
	if err != nil {
		t.Fatal(err)
	}
	lost := <-saved
	if lost != nil {
		wantError(t, lost, store.ErrLeaseLost)
		w.wantProgress(t, site, "mlsd", left)
	}
	if err := thief.Release(t.Context(), taken); err != nil {
		t.Fatal(err)
	}
	return lost != nil
}

func (w *world) wantProgress(t *testing.T, site mirror.Site, facts string, want []store.Progress) {
	t.Helper()
	stored, got, err := w.Progress(t.Context(), site.ID())
	wantSame(t, stored, err, facts)
	byPath := func(a, b store.Progress) int { return strings.Compare(string(a.Path), string(b.Path)) }
	want = slices.SortedFunc(slices.Values(want), byPath)
	slices.SortFunc(got, byPath)
	if len(got)+len(want) > 0 {
		wantSame(t, got, err, want)
	}
}
