package storetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

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
		var all []store.Progress
		for i := range 3000 {
			all = append(all, store.Progress{Path: mirror.Path(fmt.Sprintf("/dir/%d", i)), Tree: digest.ID{byte(i)}, Listed: noon})
		}
		for _, part := range [][]store.Progress{all, all[1000:], all[:2000]} {
			if err := w.SaveProgress(t.Context(), lease, "", part); err != nil {
				t.Fatal(err)
			}
			w.wantProgress(t, s, "", part)
		}
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
