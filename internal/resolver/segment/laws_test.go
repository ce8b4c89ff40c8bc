package segment

import (
	"context"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"mirrortracker/internal/digest"
)

var background = context.Background()

// However trees are divided among segments, and whatever the order they come
// in, a stack says what a plain map says; and so does it after a merge, of what
// the roots reach.
func TestStackIsMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s *Stack
		var all []*digest.Tree
		for range rapid.IntRange(1, 4).Draw(t, "segments") {
			fresh := grow(t, all, rapid.IntRange(0, 8).Draw(t, "trees"))
			all = append(all, fresh...)
			next, err := pushed(s, "", rapid.Permutation(fresh).Draw(t, "order"))
			if err != nil {
				t.Fatal(err)
			}
			s = next
		}
		m := modelOf(all)
		m.check(t, s)
		checkMerge(t, s, m, all)
		m.check(t, s) // a merge leaves the stack alone
	})
}

func checkMerge(t *rapid.T, s *Stack, m model, all []*digest.Tree) {
	from := rapid.IntRange(0, s.Segments()).Draw(t, "from")
	kept := []digest.ID{} // what stands below the merge remains
	for i := range from {
		for local := range uint32(s.segments[i].Len()) {
			kept = append(kept, s.segments[i].identity(local))
		}
	}
	var roots []Number
	for _, tree := range all {
		if rapid.Bool().Draw(t, "root") {
			n, _ := s.Find(tree.ID)
			roots = append(roots, n)
			kept = append(kept, tree.ID)
		}
	}
	merged, r, err := Merge(background, s, from, roots, Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := m.below(kept)
	want.check(t, merged)
	for n := range s.Len() {
		id := s.Tree(Number(n)).ID()
		now, ok := r.New(Number(n))
		if ok != (want[id] != nil) || ok && merged.Tree(now).ID() != id {
			t.Fatalf("tree %d has the new number %d, %v", n, now, ok)
		}
	}
	more := grow(t, slices.Collect(func(yield func(*digest.Tree) bool) {
		for _, tree := range all {
			if want[tree.ID] != nil && !yield(tree) {
				return
			}
		}
	}), 2)
	next, err := pushed(merged, "", more)
	if err != nil {
		t.Fatal(err)
	}
	for _, tree := range more {
		want[tree.ID] = tree
	}
	want.check(t, next)
}
