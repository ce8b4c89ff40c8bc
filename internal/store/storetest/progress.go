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
			if err := w.keep(t.Context(), lease, s.ID(), "", all); err != nil {
				t.Fatalf("step %d: %v", i, err)
			}
			w.wantProgress(t, s, "", all)
		}
	},
	"many": func(t *testing.T, w *world) {
		s := site(t, "alpha")
		w.put(t, s)
		lease := w.acquire(t, s, "me")
		all := finished(3000, 1)
		for _, part := range [][]store.Progress{all, all[1000:], append(finished(1500, 2), all[1500:3000]...)} {
			if err := w.keep(t.Context(), lease, s.ID(), "", part); err != nil {
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
			if err := w.keep(t.Context(), lease, s.ID(), facts, kept); err != nil {
				t.Fatalf("%.20q: %v", facts, err)
			}
			w.wantProgress(t, s, facts, kept)
		}
		facts := strings.Repeat("x", 64<<10+1)
		var large *store.TooLargeError
		if err := w.SaveProgress(t.Context(), lease, facts, store.Change{}); !errors.As(err, &large) || large.Size != 64<<10+1 || large.Max != 64<<10 {
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
		if err := w.keep(t.Context(), w.acquire(t, other, "me"), other.ID(), "mlsd", stays); err != nil {
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
			if err := w.keep(t.Context(), lease, s.ID(), step.facts, step.rows); err != nil {
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
		for l, id := range map[store.Lease]mirror.SiteID{lease: s.ID(), w.acquire(t, other, "me"): other.ID()} {
			if err := w.keep(t.Context(), l, id, "mlsd", kept); err != nil {
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
					facts, kept, err := from.Progress(t.Context(), s.ID())
					if err != nil {
						return err
					}
					for _, row := range kept.Finished {
						if facts != string(row.Tree[31:]) {
							return fmt.Errorf("facts %q and row %v", facts, row)
						}
					}
					for _, row := range kept.Open {
						if facts != string(row.Listing[31:32]) {
							return fmt.Errorf("facts %q and open directory %v", facts, row)
						}
					}
				}
				return nil
			})
		}
		for i := range 6 {
			kind := byte('a' + i%2)
			if err := w.keep(t.Context(), lease, s.ID(), string(kind), finished(2000-250*i, kind)); err != nil {
				t.Error(err)
			}
		}
		stop()
		if err := readers.Wait(); err != nil {
			t.Error(err)
		}
		w.wantProgress(t, s, "b", finished(750, 'b'))
	},
	"lease lost on the way": func(t *testing.T, w *world) {
		s := site(t, "alpha")
		w.put(t, s)
		thief := Open(t, w.url)
		// Ever more rows, until there is time to take the lease in between.
		all := finished(3000, 1)
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
		if err != nil || len(left.Finished) == 0 || len(left.Open) == len(all) {
			t.Fatalf("%d of %d rows, %v", len(left.Finished), len(all), err)
		}
		for _, row := range left.Finished {
			if !wanted[row] {
				t.Fatalf("%v was never saved", row)
			}
		}
		if err := w.keep(t.Context(), w.acquire(t, s, "next"), s.ID(), "mlsd", all[:600]); err != nil {
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
		if err := w.keep(t.Context(), lease, s.ID(), "", kept); err != nil {
			t.Fatal(err)
		}
		wantError(t, w.SaveProgress(t.Context(), stale, "", store.Change{}), store.ErrLeaseLost)
		lease.Name = "something else"
		if err := w.SaveProgress(t.Context(), lease, "", store.Change{}); err == nil {
			t.Error("the lease of something else was good enough")
		}
		w.wantProgress(t, s, "", kept)
	},
	"begun anew": func(t *testing.T, w *world) {
		s, other := site(t, "alpha"), site(t, "beta")
		w.put(t, s, other)
		lease, kept := w.acquire(t, s, "me"), finished(1200, 1)
		for l, id := range map[store.Lease]mirror.SiteID{lease: s.ID(), w.acquire(t, other, "me"): other.ID()} {
			if err := w.keep(t.Context(), l, id, "mlsd", kept); err != nil {
				t.Fatal(err)
			}
		}
		for _, facts := range []string{"mlsd", "list", ""} {
			if err := w.BeginProgress(t.Context(), lease, facts); err != nil {
				t.Fatal(err)
			}
			w.wantProgress(t, s, facts, nil)
			if err := w.keep(t.Context(), lease, s.ID(), facts, kept[:2]); err != nil {
				t.Fatal(err)
			}
			w.wantProgress(t, s, facts, kept[:2])
		}
		w.wantProgress(t, other, "mlsd", kept)
		var large *store.TooLargeError
		if err := w.BeginProgress(t.Context(), lease, strings.Repeat("x", 64<<10+1)); !errors.As(err, &large) {
			t.Errorf("got %v", err)
		}
		if err := w.Release(t.Context(), lease); err != nil {
			t.Fatal(err)
		}
		wantError(t, w.BeginProgress(t.Context(), lease, "late"), store.ErrLeaseLost)
		w.wantProgress(t, s, "", kept[:2])
	},
	"only what changes": func(t *testing.T, w *world) {
		s := site(t, "alpha")
		w.put(t, s)
		lease, all := w.acquire(t, s, "me"), finished(4, 1)
		for _, change := range []store.Change{
			{Put: keptOf(all[:2])},
			{Put: keptOf(all[2:])},
			{Put: store.Kept{Open: keptOf(finished(1, 9)).Open}, NotFinished: []mirror.Path{all[1].Path, "/never there"}},
			{NotOpen: []mirror.Path{all[3].Path}},
			{},
		} {
			for range 2 { // the same again changes nothing
				if err := w.SaveProgress(t.Context(), lease, "mlsd", change); err != nil {
					t.Fatal(err)
				}
			}
		}
		_, got, err := w.Progress(t.Context(), s.ID())
		slices.SortFunc(got.Finished, func(a, b store.Progress) int { return strings.Compare(string(a.Path), string(b.Path)) })
		slices.SortFunc(got.Open, func(a, b store.OpenDirectory) int { return strings.Compare(string(a.Path), string(b.Path)) })
		wantSame(t, got, err, store.Kept{
			Finished: []store.Progress{all[0], all[2], all[3]},
			Open:     []store.OpenDirectory{keptOf(finished(1, 9)).Open[0], keptOf(all).Open[1], keptOf(all).Open[2]},
		})
	},
	"large listings": func(t *testing.T, w *world) {
		s := site(t, "alpha")
		w.put(t, s)
		lease := w.acquire(t, s, "me")
		var open []store.OpenDirectory
		for i, size := range []int{0, 1, 100, 700_000, 700_000, 3_000_000} {
			open = append(open, store.OpenDirectory{Path: mirror.Path(fmt.Sprint("/", i)), Listed: noon, Listing: Noise(i, size).Leaves})
		}
		large := store.OpenDirectory{Path: "/large", Listed: noon, Listing: make([]byte, 64<<20+1)}
		if err := w.SaveProgress(t.Context(), lease, "", store.Change{Put: store.Kept{Open: append(open, large)}}); err != nil {
			t.Fatal(err)
		}
		_, got, err := w.Progress(t.Context(), s.ID())
		slices.SortFunc(got.Open, func(a, b store.OpenDirectory) int { return strings.Compare(string(a.Path), string(b.Path)) })
		if err != nil || len(got.Open) != len(open) {
			t.Fatalf("%d listings, %v", len(got.Open), err)
		}
		for i, o := range got.Open {
			if o.Path != open[i].Path || string(o.Listing) != string(open[i].Listing) {
				t.Errorf("%s: %d bytes, want %d", o.Path, len(o.Listing), len(open[i].Listing))
			}
		}
	},
	"a restart finds it": func(t *testing.T, w *world) {
		s := site(t, "alpha")
		w.put(t, s)
		kept := []store.Progress{{Path: "/a", Tree: digest.ID{1}, Listed: noon}}
		if err := w.keep(t.Context(), w.acquire(t, s, "me"), s.ID(), "mlsd", kept); err != nil {
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
	if err := w.keep(t.Context(), lease, site.ID(), "before", nil); err != nil {
		t.Fatal(err)
	}
	saved := make(chan error, 1)
	go func() { saved <- w.keep(t.Context(), lease, site.ID(), "mlsd", all) }()
	for some := false; !some && len(saved) == 0; {
		_, kept, err := thief.Progress(t.Context(), site.ID())
		if err != nil {
			t.Fatal(err)
		}
		some = len(kept.Finished) > 0
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
		facts, now, err := w.Progress(t.Context(), site.ID())
		wantSame(t, facts, err, "mlsd")
		wantSame(t, now, err, left)
	}
	if err := thief.Release(t.Context(), taken); err != nil {
		t.Fatal(err)
	}
	return lost != nil
}

// keep makes some subtrees all that is kept of a site's crawl, each of them as an open
// directory as well.
func (w *world) keep(ctx context.Context, lease store.Lease, site mirror.SiteID, facts string, all []store.Progress) error {
	return keep(ctx, w.Store, lease, site, facts, all)
}

func keep(ctx context.Context, s *store.Store, lease store.Lease, site mirror.SiteID, facts string, all []store.Progress) error {
	change := store.Change{Put: keptOf(all)}
	wanted := map[mirror.Path]bool{}
	for _, p := range all {
		wanted[p.Path] = true
	}
	_, before, err := s.Progress(ctx, site)
	if err != nil {
		return err
	}
	for _, p := range before.Finished {
		if !wanted[p.Path] {
			change.NotFinished = append(change.NotFinished, p.Path)
		}
	}
	for _, o := range before.Open {
		if !wanted[o.Path] {
			change.NotOpen = append(change.NotOpen, o.Path)
		}
	}
	return s.SaveProgress(ctx, lease, facts, change)
}

// keptOf is what is kept for some subtrees.
func keptOf(all []store.Progress) (kept store.Kept) {
	kept.Finished = all
	for _, p := range all {
		listing := append(slices.Clone(p.Tree[:]), p.Path...)
		kept.Open = append(kept.Open, store.OpenDirectory{Path: p.Path, Listed: p.Listed, Listing: listing})
	}
	return kept
}

func (w *world) wantProgress(t *testing.T, site mirror.Site, facts string, all []store.Progress) {
	t.Helper()
	stored, got, err := w.Progress(t.Context(), site.ID())
	wantSame(t, stored, err, facts)
	want := keptOf(slices.Clone(all))
	for _, kept := range []store.Kept{got, want} {
		slices.SortFunc(kept.Finished, func(a, b store.Progress) int { return strings.Compare(string(a.Path), string(b.Path)) })
		slices.SortFunc(kept.Open, func(a, b store.OpenDirectory) int { return strings.Compare(string(a.Path), string(b.Path)) })
	}
	if len(got.Finished)+len(got.Open)+len(all) > 0 {
		wantSame(t, got, err, want)
	}
}
