package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/store"
)

var collectTests = map[string]func(t *testing.T, w *world){
	"what nothing needs goes": func(t *testing.T, w *world) {
		alpha, beta, gamma := site(t, "alpha"), site(t, "beta"), site(t, "gamma")
		w.put(t, alpha, beta, gamma)
		shared := w.nest(t, "shared")
		w.publish(t, alpha, w.nest(t, "old", shared))
		w.publish(t, alpha, w.nest(t, "new", shared))
		w.setAside(t, beta, w.nest(t, "doubt"))
		lease := w.acquire(t, gamma, "me")
		if err := w.SaveProgress(t.Context(), lease, "", store.Change{Put: store.Kept{Finished: []store.Progress{{Path: "/a", Tree: w.nest(t, "progress").ID}}}}); err != nil {
			t.Fatal(err)
		}
		if err := w.Release(t.Context(), lease); err != nil {
			t.Fatal(err)
		}
		kept := w.count(t)
		w.collected(t, 0)

		w.nest(t, "garbage", shared)
		w.putAll(t, w.forest(1200))
		garbage := w.count(t) - kept
		for range 2 {
			try, err := w.Collect(t.Context(), store.CollectConfig{Owner: "me", DryRun: true})
			if err != nil || try.Condemned != int64(garbage) || try.Deleted != 0 || try.Bytes == 0 || !try.Done() {
				t.Fatalf("got %+v, %v, want %d", try, err, garbage)
			}
		}
		done := w.collected(t, garbage)
		if done.Reached != int64(kept) || done.Bytes == 0 || done.Missing != 0 {
			t.Errorf("got %+v", done)
		}
		wantSame(t, w.count(t), nil, kept)

		if _, err := w.Prune(t.Context(), store.Keep{Newest: 1, After: time.Now()}); err != nil {
			t.Fatal(err)
		}
		w.collected(t, 3)
		if err := w.RemoveSite(t.Context(), alpha.ID()); err != nil {
			t.Fatal(err)
		}
		w.collected(t, 6)
		if err := w.DropSuspect(t.Context(), beta.ID()); err != nil {
			t.Fatal(err)
		}
		w.collected(t, 3)
		if err := w.RemoveSite(t.Context(), gamma.ID()); err != nil {
			t.Fatal(err)
		}
		w.collected(t, 3)
		wantSame(t, w.count(t), nil, 0)
	},
	// What a crawl puts while a collection condemns is published by it later.
	"crawls that run are awaited": func(t *testing.T, w *world) {
		slow, dead := site(t, "slow"), site(t, "dead")
		w.put(t, slow, dead)
		w.expired(t, dead, "killed")
		lease := w.acquire(t, slow, "me")
		root := w.nest(t, "root")
		garbage := w.nest(t, "garbage")
		for range 2 {
			got, err := w.Collect(t.Context(), store.CollectConfig{Owner: "me"})
			if err != nil || got.Done() || got.Deleted != 0 || !slices.Equal(got.Waiting, []string{lease.Name}) {
				t.Fatalf("got %+v, %v", got, err)
			}
		}
		if _, err := w.Publish(t.Context(), lease, store.Snapshot{Site: slow.ID(), Root: root.ID}); err != nil {
			t.Fatal(err)
		}
		if err := w.Release(t.Context(), lease); err != nil {
			t.Fatal(err)
		}
		later := w.acquire(t, slow, "another") // is not waited for
		w.collected(t, 3)
		w.whole(t, root.ID)
		if there := w.there(t, garbage.ID); there {
			t.Error("what nobody published is there")
		}
		if err := w.Release(t.Context(), later); err != nil {
			t.Fatal(err)
		}
	},
	// One that holds a lease no longer cannot publish what is about to go.
	"a crawl that was waited for in vain": func(t *testing.T, w *world) {
		s := site(t, "alpha")
		w.put(t, s)
		root := w.nest(t, "root")
		lease, err := w.Acquire(t.Context(), store.SiteLease(s.ID()), "stopped", 50*time.Millisecond)
		if err != nil {
			t.Fatal(err)
		}
		got, err := w.Collect(t.Context(), store.CollectConfig{Owner: "me", Wait: long})
		if err != nil || !got.Done() || got.Deleted != 3 {
			t.Fatalf("got %+v, %v", got, err)
		}
		_, err = w.Publish(t.Context(), lease, store.Snapshot{Site: s.ID(), Root: root.ID})
		wantError(t, err, store.ErrLeaseLost)
	},
	"what is put again stays": func(t *testing.T, w *world) {
		slow, quick := site(t, "slow"), site(t, "quick")
		w.put(t, slow, quick)
		old := w.nest(t, "old")
		garbage := w.nest(t, "garbage")
		holding := w.acquire(t, slow, "me")
		w.condemned(t)
		lease := w.acquire(t, quick, "me")
		if n, err := w.PutTrees(t.Context(), w.nested("old")); n != 0 || err != nil {
			t.Fatalf("%d are new, %v", n, err)
		}
		if err := w.Release(t.Context(), holding); err != nil {
			t.Fatal(err)
		}
		w.collected(t, 3)
		if _, err := w.Publish(t.Context(), lease, store.Snapshot{Site: quick.ID(), Root: old.ID}); err != nil {
			t.Fatal(err)
		}
		w.whole(t, old.ID)
		if n, err := w.PutTrees(t.Context(), w.nested("garbage")); n != 3 || err != nil {
			t.Fatalf("%d are new, %v", n, err)
		}
		w.whole(t, garbage.ID)
	},
	// A crawl that goes on from progress uses those trees without putting them again.
	"progress that is replaced stays until the end": func(t *testing.T, w *world) {
		slow, quick := site(t, "slow"), site(t, "quick")
		w.put(t, slow, quick)
		var rows []store.Progress
		for i := range 4 {
			root := w.nest(t, fmt.Sprint("old", i))
			rows = append(rows, store.Progress{Path: mirror.Path(fmt.Sprint("/", i)), Tree: root.ID, Listed: noon})
		}
		lease := w.acquire(t, quick, "killed")
		if err := w.keep(t.Context(), lease, quick.ID(), "mlsd", rows); err != nil {
			t.Fatal(err)
		}
		if err := w.Release(t.Context(), lease); err != nil {
			t.Fatal(err)
		}
		w.nest(t, "garbage")
		holding := w.acquire(t, slow, "me")
		w.condemned(t)
		lease = w.acquire(t, quick, "me")
		replaced := append([]store.Progress{{Path: "/1", Tree: w.nest(t, "new").ID}}, rows[2:]...)
		for _, step := range []struct {
			facts string
			rows  []store.Progress
		}{{"mlsd", replaced}, {"list", nil}} {
			if err := w.keep(t.Context(), lease, quick.ID(), step.facts, step.rows); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Release(t.Context(), holding); err != nil {
			t.Fatal(err)
		}
		w.collected(t, 3)
		for _, row := range append(rows, replaced...) {
			w.whole(t, row.Tree)
		}
		if err := w.Release(t.Context(), lease); err != nil {
			t.Fatal(err)
		}
		w.collected(t, 15) // and not for ever
	},
	"broken off anywhere": func(t *testing.T, w *world) {
		s := site(t, "alpha")
		w.put(t, s)
		root := w.nest(t, "root")
		w.publish(t, s, root)
		left := 450
		w.putAll(t, w.forest(left))
		enough := errors.New("enough")
		for steps := 1; ; steps++ {
			ctx, stop := context.WithCancelCause(t.Context())
			n := 0
			got, err := w.Collect(ctx, store.CollectConfig{Owner: "me", Watch: func(store.Collected) {
				if n++; n == steps {
					stop(enough)
				}
			}})
			stop(nil)
			left -= int(got.Deleted)
			w.whole(t, root.ID)
			if err == nil {
				break
			}
			wantError(t, err, context.Canceled)
		}
		if left != 0 {
			t.Errorf("%d are left", left)
		}
		w.collected(t, 0)
	},
	"while sites are crawled": collectWhileCrawling,
	"one at a time": func(t *testing.T, w *world) {
		if _, err := w.Acquire(t.Context(), store.CollectLease, "other", long); err != nil {
			t.Fatal(err)
		}
		_, err := w.Collect(t.Context(), store.CollectConfig{Owner: "me"})
		var held *store.LeaseHeldError
		if !errors.As(err, &held) || held.Owner != "other" {
			t.Errorf("got %v", err)
		}
		gone := func(owner string) bool { return owner == "other" }
		if _, err := w.Collect(t.Context(), store.CollectConfig{Owner: "me", Gone: gone}); err != nil {
			t.Errorf("the holder is gone: %v", err)
		}
	},
	"what is missing is counted": func(t *testing.T, w *world) {
		s := site(t, "alpha")
		w.put(t, s)
		never := w.tree("never put")
		middle := w.putTree(t, w.directory(digest.Entry{Name: "a", Kind: digest.Dir, Sub: &never.Summary}))
		w.publish(t, s, w.putTree(t, w.directory(digest.Entry{Name: "b", Kind: digest.Dir, Sub: &middle.Summary})))
		if got := w.collected(t, 0); got.Missing != 1 || got.Reached != 2 {
			t.Errorf("got %+v", got)
		}
	},
}

// nested makes a directory with one below it and one file below that, all of
// whose names have the word; the root comes last. What else it holds is given.
func (w *world) nested(word string, more ...*digest.Tree) []*digest.Tree {
	leaf := w.tree(word)
	middle := w.directory(digest.Entry{Name: "dir-" + word, Kind: digest.Dir, Sub: &leaf.Summary})
	entries := []digest.Entry{{Name: "top-" + word, Kind: digest.Dir, Sub: &middle.Summary}}
	for i, t := range more {
		entries = append(entries, digest.Entry{Name: fmt.Sprint("more-", i), Kind: digest.Dir, Sub: &t.Summary})
	}
	return []*digest.Tree{leaf, middle, w.directory(entries...)}
}

// nest puts such a directory and returns its root.
func (w *world) nest(t *testing.T, word string, more ...*digest.Tree) *digest.Tree {
	t.Helper()
	trees := w.nested(word, more...)
	if _, err := w.PutTrees(t.Context(), trees); err != nil {
		t.Fatal(err)
	}
	return trees[2]
}

// collected collects to the end and checks how many trees went.
func (w *world) collected(t *testing.T, deleted int) store.Collected {
	t.Helper()
	got, err := w.Collect(t.Context(), store.CollectConfig{Owner: "me"})
	if err != nil || !got.Done() || got.Deleted != int64(deleted) {
		t.Fatalf("got %+v, %v, want %d to go", got, err, deleted)
	}
	return got
}

// condemned begins a collection that has to wait.
func (w *world) condemned(t *testing.T) {
	t.Helper()
	if got, err := w.Collect(t.Context(), store.CollectConfig{Owner: "me"}); err != nil || got.Done() || got.Condemned == 0 {
		t.Fatalf("got %+v, %v", got, err)
	}
}

// whole checks that a tree and all below it are there.
func (w *world) whole(t *testing.T, root digest.ID) {
	t.Helper()
	if err := whole(t.Context(), w.Store, root); err != nil {
		t.Fatal(err)
	}
}

func whole(ctx context.Context, s *store.Store, root digest.ID) error {
	for level := []digest.ID{root}; len(level) > 0; {
		there := map[digest.ID]bool{}
		var below []digest.ID
		if err := s.Trees(ctx, level, store.Branches, func(tree *digest.Tree) error {
			there[tree.ID] = true
			for c := range tree.Children() {
				below = append(below, c.ID)
			}
			return nil
		}); err != nil {
			return err
		}
		for _, id := range level {
			if !there[id] {
				return fmt.Errorf("tree %s of %s: %w", id, root, store.ErrNoTree)
			}
		}
		level = below
	}
	return nil
}

func (w *world) there(t *testing.T, id digest.ID) (there bool) {
	t.Helper()
	if err := w.Trees(t.Context(), []digest.ID{id}, 0, func(*digest.Tree) error { there = true; return nil }); err != nil {
		t.Fatal(err)
	}
	return there
}

// count returns how many trees there are.
func (w *world) count(t *testing.T) int {
	t.Helper()
	got, err := w.Collect(t.Context(), store.CollectConfig{Owner: "me", DryRun: true})
	if err != nil {
		t.Fatal(err)
	}
	return int(got.Reached + got.Condemned)
}
