package storetest

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/store"
)

var treeTests = map[string]func(t *testing.T, w *world){
	"everything comes back": func(t *testing.T, w *world) {
		below := w.tree("f")
		want := []*digest.Tree{
			below,
			w.directory(), // empty
			w.directory( // bytes that are not UTF-8, and what needs quoting elsewhere
				digest.Entry{Name: "caf\xe9", Kind: digest.File, Size: 14 << 30, Date: digest.NewDate(1999, 12, 31)},
				digest.Entry{Name: "\xff\xfe'\"\\%?:name ", Kind: digest.Dir, Sub: &below.Summary},
				digest.Entry{Name: " l", Kind: digest.Link, Target: "../\xe9"},
			),
			w.directory( // neither digest
				digest.Entry{Name: "x", Kind: digest.File, Size: digest.UnknownSize},
			),
			w.directory( // no exact digest
				digest.Entry{Name: "x", Kind: digest.File, Size: 1<<63 - 1},
				digest.Entry{Name: "y", Kind: digest.File, Size: 1<<63 - 1},
			),
			w.digester.Tree(nil, digest.Refused),
		}
		w.putAll(t, want)
		w.wantTrees(t, want, store.Branches|store.Leaves)
		w.wantTrees(t, want, store.Branches)
		w.wantTrees(t, want, store.Leaves)
		w.wantTrees(t, want, 0)
	},
	"only what is not there is written": func(t *testing.T, w *world) {
		trees := w.forest(1100)
		for _, step := range []struct {
			trees []*digest.Tree
			want  int
		}{
			{trees[:600], 600},
			{trees[:600], 0},
			{trees, 500},
			{append(trees[:700:700], trees...), 0},
			{nil, 0},
		} {
			got, err := w.PutTrees(t.Context(), step.trees)
			wantSame(t, got, err, step.want)
		}
		twice := append(Forest(w.digester, 5000, 3), Forest(w.digester, 5000, 3)...)
		got, err := w.PutTrees(t.Context(), twice)
		wantSame(t, got, err, 3)
		w.wantTrees(t, trees, store.Branches|store.Leaves)
	},
	"the caller's slice stays as it is": func(t *testing.T, w *world) {
		trees := w.forest(20)
		before := ids(trees)
		w.putAll(t, trees)
		wantSame(t, ids(trees), nil, before)
		w.wantTrees(t, trees, 0)
		wantSame(t, ids(trees), nil, before)
	},
	"each once, missing ones left out": func(t *testing.T, w *world) {
		trees := w.forest(600)
		w.putAll(t, trees[:550])
		asked := append(ids(trees), ids(trees)...)
		seen := map[digest.ID]int{}
		err := w.Trees(t.Context(), asked, 0, func(tree *digest.Tree) error {
			seen[tree.ID]++
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for i, tree := range trees {
			want := 1
			if i >= 550 {
				want = 0
			}
			if seen[tree.ID] != want {
				t.Fatalf("tree %d was seen %d times, want %d", i, seen[tree.ID], want)
			}
		}
	},
	"the callback ends it, and may use the store": func(t *testing.T, w *world) {
		trees := w.forest(3)
		w.putAll(t, trees)
		enough := errors.New("enough")
		calls := 0
		err := w.Trees(t.Context(), ids(trees), store.Leaves, func(*digest.Tree) error {
			if _, err := w.PutTrees(t.Context(), Forest(w.digester, 100+calls, 1)); err != nil {
				return err
			}
			if calls++; calls == 2 {
				return enough
			}
			return nil
		})
		wantError(t, err, enough)
		if calls != 2 {
			t.Errorf("%d calls", calls)
		}
	},
	"large": func(t *testing.T, w *world) {
		files := make([]digest.Entry, 5000)
		for i := range files {
			files[i] = digest.Entry{Name: fmt.Sprintf("file-%08x", i*2654435761), Kind: digest.File, Size: int64(i), Date: digest.NewDate(2026, 1, 1)}
		}
		var dirs []digest.Entry
		for i := range 13000 { // more than a MiB of branches, which hardly compress
			dirs = append(dirs, digest.Entry{
				Name: fmt.Sprintf("directory-number-%d", i),
				Kind: digest.Dir,
				Sub:  &digest.Summary{ID: sha256.Sum256(fmt.Append(nil, i))},
			})
		}
		want := []*digest.Tree{w.directory(files...), w.directory(dirs...), w.tree("small")}
		if n := len(want[1].Branches); n < 1<<20 {
			t.Fatalf("only %d bytes of branches", n)
		}
		w.putAll(t, want)
		w.wantTrees(t, want, store.Branches|store.Leaves)
	},
	"more than is held at once": func(t *testing.T, w *world) {
		var want []*digest.Tree
		for i := range 12 {
			want = append(want, Noise(i, 2<<20))
		}
		w.putAll(t, want)
		w.wantTrees(t, want, store.Branches|store.Leaves)
	},
	"too large": func(t *testing.T, w *world) {
		tree := w.tree("f")
		tree.Leaves = bytes.Repeat([]byte("x"), 64<<20+1)
		_, err := w.PutTrees(t.Context(), append(w.forest(2), tree))
		var large *store.TooLargeError
		if !errors.As(err, &large) || large.Size != 64<<20+1 || large.Max != 64<<20 {
			t.Fatalf("got %v", err)
		}
		for _, part := range []string{tree.ID.String(), "67108865", "67108864"} {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%q does not say %s", err, part)
			}
		}
	},
	"overlapping writers": func(t *testing.T, w *world) {
		const writers, each, step = 6, 400, 100
		stores := []*store.Store{w.Store, Open(t, w.url)}
		trees := w.forest(each + (writers-1)*step)
		var all errgroup.Group
		written := make([]int, writers)
		for i := range writers {
			all.Go(func() (err error) {
				written[i], err = stores[i%2].PutTrees(t.Context(), trees[i*step:i*step+each])
				return err
			})
		}
		if err := all.Wait(); err != nil {
			t.Fatal(err)
		}
		sum := 0
		for _, n := range written {
			sum += n
		}
		if sum != len(trees) {
			t.Errorf("%v were written, in all %d, want %d", written, sum, len(trees))
		}
		w.wantTrees(t, trees, store.Branches|store.Leaves)
	},
}

// Noise makes a tree of n bytes that do not compress.
func Noise(seed, n int) *digest.Tree {
	t := &digest.Tree{Branches: []byte{}}
	for block := 0; len(t.Leaves) < n; block++ {
		sum := sha256.Sum256(fmt.Append(nil, seed, block))
		t.Leaves = append(t.Leaves, sum[:]...)
	}
	t.ID = sha256.Sum256(t.Leaves)
	return t
}

func (w *world) putAll(t *testing.T, trees []*digest.Tree) {
	t.Helper()
	got, err := w.PutTrees(t.Context(), trees)
	wantSame(t, got, err, len(trees))
}

// wantTrees compares the trees that are there with those that should be, in
// the parts that are asked for.
func (w *world) wantTrees(t *testing.T, want []*digest.Tree, parts store.Parts) {
	t.Helper()
	got := map[digest.ID]*digest.Tree{}
	err := w.Trees(t.Context(), ids(want), parts, func(tree *digest.Tree) error {
		got[tree.ID] = tree
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(want) {
		t.Fatalf("got %d trees, want %d", len(got), len(want))
	}
	for i, full := range want {
		expect := digest.Tree{Summary: full.Summary}
		if parts&store.Branches != 0 {
			expect.Branches = full.Branches
		}
		if parts&store.Leaves != 0 {
			expect.Leaves = full.Leaves
		}
		found := got[full.ID]
		if found == nil {
			t.Fatalf("tree %d is missing", i)
		}
		if found.Summary != expect.Summary || !bytes.Equal(found.Branches, expect.Branches) || !bytes.Equal(found.Leaves, expect.Leaves) {
			t.Fatalf("tree %d differs: want (-), got (+)\n%.2000s", i, cmp.Diff(expect, *found))
		}
		if parts&store.Branches == 0 && found.Branches != nil || parts&store.Leaves == 0 && found.Leaves != nil {
			t.Fatalf("tree %d has parts that nobody wanted", i)
		}
	}
}
