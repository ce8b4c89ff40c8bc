package storetest

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/store"
)

var snapshotTests = map[string]func(t *testing.T, w *world){
	"everything comes back": func(t *testing.T, w *world) {
		alpha, beta, bare := site(t, "alpha"), site(t, "beta"), site(t, "bare")
		w.put(t, alpha, beta, bare)
		root := w.putTree(t, w.tree("f"))
		lease := w.acquire(t, alpha, "me")
		var history []store.Snapshot
		for seq := range int64(3) {
			snap := store.Snapshot{
				Site:       alpha.ID(),
				Root:       root.ID,
				Started:    noon.Add(time.Duration(seq) * time.Hour),
				Finished:   noon.Add(time.Duration(seq)*time.Hour + time.Minute),
				Totals:     digest.Totals{Files: 1 << 40, Dirs: 2, Bytes: 1<<63 - 1},
				Incomplete: seq,
			}
			got, err := w.Publish(t.Context(), lease, snap)
			snap.Seq = seq + 1
			wantSame(t, got, err, snap)
			history = append(history, snap)
		}
		slices.Reverse(history)
		other := w.publish(t, beta, root)
		if other.Seq != 1 {
			t.Errorf("another site's first snapshot has the number %d", other.Seq)
		}

		want := []store.Snapshot{history[0], other}
		slices.SortFunc(want, func(a, b store.Snapshot) int { return bytes.Compare(a.Site[:], b.Site[:]) })
		got, err := w.Current(t.Context())
		wantSame(t, got, err, want)
		got, err = w.History(t.Context(), alpha.ID(), 10)
		wantSame(t, got, err, history)
		got, err = w.History(t.Context(), alpha.ID(), 2)
		wantSame(t, got, err, history[:2])
		got, err = w.History(t.Context(), bare.ID(), 2)
		wantSame(t, got, err, []store.Snapshot{})
	},
	"fractions of seconds and zones go": func(t *testing.T, w *world) {
		s := site(t, "alpha")
		w.put(t, s)
		zone := time.FixedZone("", 5*3600+1800)
		got, err := w.Publish(t.Context(), w.acquire(t, s, "me"), store.Snapshot{
			Site:    s.ID(),
			Root:    w.putTree(t, w.tree("f")).ID,
			Started: noon.Add(time.Millisecond).In(zone),
		})
		if err != nil || !got.Started.Equal(noon) || !got.Finished.IsZero() {
			t.Fatalf("got %v and %v, %v", got.Started, got.Finished, err)
		}
		current, err := w.Current(t.Context())
		wantSame(t, current, err, []store.Snapshot{got})
	},
	"progress is emptied": func(t *testing.T, w *world) {
		alpha, beta := site(t, "alpha"), site(t, "beta")
		w.put(t, alpha, beta)
		root := w.putTree(t, w.tree("f"))
		kept := []store.Progress{{Path: "/a", Tree: root.ID, Listed: noon}}
		for _, s := range []mirror.Site{alpha, beta} {
			lease := w.acquire(t, s, "me")
			if err := w.keep(t.Context(), lease, s.ID(), "mlsd", kept); err != nil {
				t.Fatal(err)
			}
			if err := w.Release(t.Context(), lease); err != nil {
				t.Fatal(err)
			}
		}
		w.publish(t, alpha, root)
		w.wantProgress(t, alpha, "", nil)
		w.wantProgress(t, beta, "mlsd", kept)
	},
	"a refusal changes nothing": func(t *testing.T, w *world) {
		s, other := site(t, "alpha"), site(t, "beta")
		w.put(t, s, other)
		root := w.putTree(t, w.tree("f"))
		before := w.publish(t, s, root)
		stale := w.expired(t, s, "slow")
		lease := w.acquire(t, s, "quick")
		kept := []store.Progress{{Path: "/a", Tree: root.ID, Listed: noon}}
		if err := w.keep(t.Context(), lease, s.ID(), "mlsd", kept); err != nil {
			t.Fatal(err)
		}
		otherLease := w.acquire(t, other, "me")
		stranger := lease
		stranger.Owner = "stranger"
		earlier := lease
		earlier.Version--

		good := store.Snapshot{Site: s.ID(), Root: root.ID, Started: noon, Finished: noon}
		orphan := good
		orphan.Root = w.tree("never put").ID
		never := w.tree("never put")
		hollow := good
		hollow.Root = w.putTree(t, w.directory(
			digest.Entry{Name: "a", Kind: digest.Dir, Sub: &root.Summary},
			digest.Entry{Name: "b", Kind: digest.Dir, Sub: &never.Summary},
			digest.Entry{Name: "c", Kind: digest.Dir, Sub: &root.Summary},
		)).ID
		for _, try := range []struct {
			name  string
			lease store.Lease
			snap  store.Snapshot
			want  error // nil for any
		}{
			{"missing root", lease, orphan, store.ErrNoTree},
			{"missing directory", lease, hollow, store.ErrNoTree},
			{"expired lease", stale, good, store.ErrLeaseLost},
			{"another's name", stranger, good, store.ErrLeaseLost},
			{"an earlier version", earlier, good, store.ErrLeaseLost},
			{"another site's lease", otherLease, good, nil},
			{"no lease", store.Lease{}, good, nil},
		} {
			_, err := w.Publish(t.Context(), try.lease, try.snap)
			if err == nil {
				t.Fatalf("%s: it was published", try.name)
			}
			if try.want != nil {
				wantError(t, err, try.want)
			}
			if _, again := w.SetAside(t.Context(), try.lease, try.snap, "doubt"); again == nil || try.want != nil && !errors.Is(again, try.want) {
				t.Errorf("%s: got %v to be set aside", try.name, again)
			}
			_, err = w.Suspect(t.Context(), s.ID())
			wantError(t, err, store.ErrNoSuspect)
			current, err := w.Current(t.Context())
			wantSame(t, current, err, []store.Snapshot{before})
			w.wantProgress(t, s, "mlsd", kept)
		}
		if after, err := w.Publish(t.Context(), lease, good); err != nil || after.Seq != 2 {
			t.Fatalf("the right lease and tree: %+v, %v", after, err)
		}
	},
	"no such site": func(t *testing.T, w *world) {
		s := site(t, "never")
		_, err := w.Publish(t.Context(), w.acquire(t, s, "me"), store.Snapshot{Site: s.ID(), Root: w.putTree(t, w.tree("f")).ID})
		wantError(t, err, store.ErrNoSite)
	},
	"at once": func(t *testing.T, w *world) {
		const sites = 8
		second := Open(t, w.url)
		root := w.putTree(t, w.tree("f"))
		var all errgroup.Group
		for i := range sites {
			s := site(t, "site"+string(rune('a'+i)))
			w.put(t, s)
			on := []*store.Store{w.Store, second}[i%2]
			all.Go(func() error {
				lease, err := on.Acquire(t.Context(), store.SiteLease(s.ID()), "me", long)
				for range 5 {
					if err == nil {
						_, err = on.Publish(t.Context(), lease, store.Snapshot{Site: s.ID(), Root: root.ID})
					}
				}
				return err
			})
		}
		if err := all.Wait(); err != nil {
			t.Fatal(err)
		}
		current, err := w.Current(t.Context())
		if err != nil || len(current) != sites {
			t.Fatalf("%d snapshots, %v", len(current), err)
		}
		for _, snap := range current {
			if snap.Seq != 5 {
				t.Errorf("got number %d, want 5", snap.Seq)
			}
		}
	},
}

// publish publishes a tree as the root of a site.
func (w *world) publish(t *testing.T, site mirror.Site, root *digest.Tree) store.Snapshot {
	t.Helper()
	lease := w.acquire(t, site, "publisher")
	snap, err := w.Publish(t.Context(), lease, store.Snapshot{
		Site:     site.ID(),
		Root:     root.ID,
		Started:  noon,
		Finished: noon.Add(time.Minute),
		Totals:   root.Totals,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Release(t.Context(), lease); err != nil {
		t.Fatal(err)
	}
	return snap
}
