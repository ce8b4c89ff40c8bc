package storetest

import (
	"errors"
	"slices"
	"testing"
	"time"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/store"
)

var learnTests = map[string]func(t *testing.T, w *world){
	"a site and its snapshot": func(t *testing.T, w *world) {
		s := site(t, "alpha")
		s.Serving = []mirror.URL{baseURL(t, "https://alpha.example/")}
		s.Schedule, s.Zone = "@daily", "Europe/Berlin"
		root := w.putTree(t, w.tree("f"))
		first := w.adopt(t, s, root, noon)
		want := store.Snapshot{Site: s.ID(), Seq: 1, Root: root.ID, Started: noon, Finished: noon, Totals: root.Totals, Origin: "far", Via: "https://peer.example/"}
		wantSame(t, first, nil, want)

		learnt := s
		learnt.Learnt, learnt.Schedule, learnt.Zone = true, "", ""
		got, err := w.Sites(t.Context())
		wantSame(t, got, err, []mirror.Site{learnt})

		s.Name, s.Serving = "other", nil
		second := w.adopt(t, s, root, noon.Add(time.Hour))
		learnt.Serving = nil
		got, err = w.Sites(t.Context())
		wantSame(t, got, err, []mirror.Site{learnt})
		current, err := w.Current(t.Context())
		wantSame(t, current, err, []store.Snapshot{second})
		history, err := w.History(t.Context(), s.ID(), 10)
		wantSame(t, history, err, []store.Snapshot{second, first})
	},
	"of our own only the snapshot": func(t *testing.T, w *world) {
		s := site(t, "alpha")
		s.Schedule = "@daily"
		w.put(t, s)
		root := w.putTree(t, w.tree("f"))
		kept := []store.Progress{{Path: "/a", Tree: root.ID, Listed: noon}}
		lease := w.acquire(t, s, "killed")
		if err := w.keep(t.Context(), lease, s.ID(), "mlsd", kept); err != nil {
			t.Fatal(err)
		}
		w.record(t, lease, store.Attempt{Site: s.ID(), Started: noon, Outcome: store.OutcomeRunning})
		if err := w.Release(t.Context(), lease); err != nil {
			t.Fatal(err)
		}
		theirs := s
		theirs.Name, theirs.Weight = "theirs", 7
		w.adopt(t, theirs, root, noon)
		got, err := w.Sites(t.Context())
		wantSame(t, got, err, []mirror.Site{s})
		w.wantProgress(t, s, "mlsd", kept)
		attempts, err := w.Attempts(t.Context())
		if err != nil || len(attempts) != 1 || attempts[0].Outcome != store.OutcomeRunning {
			t.Errorf("attempts are %+v, %v", attempts, err)
		}
	},
	"names are free": func(t *testing.T, w *world) {
		root := w.putTree(t, w.tree("f"))
		own := site(t, "alpha")
		w.put(t, own)
		for i, url := range []string{"ftp://far.example/", "ftp://far.example/pub/", "ftp://[2001:db8::1]/", "ftp://ALPHA/"} {
			s := site(t, "alpha")
			s.URL = baseURL(t, url)
			w.adopt(t, s, root, noon.Add(time.Duration(i)*time.Minute))
		}
		got, err := w.Sites(t.Context())
		wantSame(t, names(got), err, []string{"2001-db8--1", "alpha", "alpha-2", "far.example", "far.example-2"})
		// The names of our own come first.
		for _, name := range []string{"far.example", "alpha-2"} {
			s := site(t, "beta")
			s.Name, s.URL = name, baseURL(t, "ftp://"+name+".own.example/")
			w.put(t, s)
		}
		got, err = w.Sites(t.Context())
		wantSame(t, names(got), err, []string{"2001-db8--1", "alpha", "alpha-2", "alpha-3", "far.example", "far.example-2", "far.example-3"})
		for _, s := range got {
			if own := s.Name == "alpha" || s.Name == "alpha-2" || s.Name == "far.example"; own == s.Learnt {
				t.Errorf("%s is learnt: %v", s.Name, s.Learnt)
			}
		}
	},
	"becomes our own": func(t *testing.T, w *world) {
		root := w.putTree(t, w.tree("f"))
		put, declared, stays := site(t, "put"), site(t, "declared"), site(t, "stays")
		for _, s := range []mirror.Site{put, declared, stays} {
			w.adopt(t, s, root, noon)
		}
		put.Name = "mine"
		w.put(t, put)
		gone := site(t, "gone")
		w.put(t, gone)
		wanted := site(t, "stays") // only the name of the learnt one
		wanted.URL = baseURL(t, "ftp://wanted.example/")
		changes, err := w.ReplaceSites(t.Context(), []mirror.Site{put, declared, wanted})
		wantSame(t, changes, err, store.Changes{Added: []string{"stays"}, Updated: []string{"declared"}, Removed: []string{"gone"}})
		stays.Learnt, stays.Name = true, "stays.example"
		got, err := w.Sites(t.Context())
		wantSame(t, got, err, []mirror.Site{declared, put, wanted, stays})
		current, err := w.Current(t.Context())
		if err != nil || len(current) != 3 {
			t.Errorf("there are %d snapshots, %v", len(current), err)
		}
		changes, err = w.ReplaceSites(t.Context(), []mirror.Site{put, declared, wanted})
		wantSame(t, changes, err, store.Changes{})
	},
	"a refusal changes nothing": func(t *testing.T, w *world) {
		s := site(t, "alpha")
		root := w.putTree(t, w.tree("f"))
		lease := w.acquire(t, s, "me")
		good := store.Snapshot{Root: root.ID, Started: noon, Finished: noon, Via: "far"}
		orphan, unsaid := good, good
		orphan.Root, unsaid.Via = w.tree("never put").ID, ""
		bad := s
		bad.Weight = -1
		lost := lease
		lost.Version--
		for name, try := range map[string]struct {
			lease store.Lease
			site  mirror.Site
			snap  store.Snapshot
			want  error
		}{
			"no tree":              {lease, s, orphan, store.ErrNoTree},
			"lost lease":           {lost, s, good, store.ErrLeaseLost},
			"another site's lease": {lease, site(t, "beta"), good, nil},
			"bad site":             {lease, bad, good, nil},
			"from nobody":          {lease, s, unsaid, nil},
		} {
			if _, _, err := w.Adopt(t.Context(), try.lease, try.site, try.snap); err == nil || try.want != nil && !errors.Is(err, try.want) {
				t.Errorf("%s: got %v", name, err)
			}
		}
		got, err := w.Sites(t.Context())
		wantSame(t, got, err, []mirror.Site{})
	},
	// A snapshot is made of trees that are about to go.
	"kept trees stay": func(t *testing.T, w *world) {
		s, slow := site(t, "alpha"), site(t, "slow")
		w.put(t, slow)
		top := w.nest(t, "kept")
		w.nest(t, "garbage")
		holding := w.acquire(t, slow, "me")
		w.condemned(t)
		lease := w.acquire(t, s, "me")
		var got []digest.ID
		if err := w.Keeper().Trees(t.Context(), []digest.ID{top.ID, top.ID}, store.Branches|store.Leaves, func(tree *digest.Tree) error {
			got = append(got, tree.ID)
			return nil
		}); err != nil || !slices.Equal(got, []digest.ID{top.ID}) {
			t.Fatalf("got %v, %v", got, err)
		}
		if err := w.Release(t.Context(), holding); err != nil {
			t.Fatal(err)
		}
		w.collected(t, 3)
		w.whole(t, top.ID)
		if _, _, err := w.Adopt(t.Context(), lease, s, store.Snapshot{Root: top.ID, Via: "far"}); err != nil {
			t.Fatal(err)
		}
		if err := w.Release(t.Context(), lease); err != nil {
			t.Fatal(err)
		}
		w.collected(t, 0)
	},
	"trees with a hole are not kept": func(t *testing.T, w *world) {
		never := w.tree("never put")
		top := w.putTree(t, w.directory(digest.Entry{Name: "a", Kind: digest.Dir, Sub: &never.Summary}))
		for _, id := range []digest.ID{top.ID, never.ID} {
			err := w.Keeper().Trees(t.Context(), []digest.ID{id}, 0, func(*digest.Tree) error { t.Error("a tree is handed out"); return nil })
			wantError(t, err, store.ErrNoTree)
		}
	},
}

// adopt takes over a tree as the root of a site that another tracker has crawled.
func (w *world) adopt(t *testing.T, s mirror.Site, root *digest.Tree, finished time.Time) store.Snapshot {
	t.Helper()
	lease := w.acquire(t, s, "me")
	_, snap, err := w.Adopt(t.Context(), lease, s, store.Snapshot{
		Root: root.ID, Started: finished, Finished: finished, Totals: root.Totals, Origin: "far", Via: "https://peer.example/",
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Release(t.Context(), lease); err != nil {
		t.Fatal(err)
	}
	return snap
}
