package segment

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"mirrortracker/internal/digest"
)

// directory makes a directory of some others.
func directory(children ...*digest.Tree) *digest.Tree {
	var entries []digest.Entry
	for i, c := range children {
		entries = append(entries, digest.Entry{Name: fmt.Sprintf("d%06d", i), Kind: digest.Dir, Sub: &c.Summary})
	}
	return digest.NewDigester().Tree(entries, digest.Complete)
}

// leaf makes a directory of one file.
func leaf(name string) *digest.Tree {
	return digest.NewDigester().Tree([]digest.Entry{{Name: name, Kind: digest.File, Size: 1, Date: digest.NewDate(2024, 1, 2)}}, digest.Complete)
}

// chain makes directories below each other, the innermost first.
func chain(inner *digest.Tree, n int) []*digest.Tree {
	trees := []*digest.Tree{inner}
	for range n {
		trees = append(trees, directory(trees[len(trees)-1]))
	}
	return trees
}

// circle makes two trees that hold each other, which no honest source has.
func circle() (a, b *digest.Tree) {
	a, b = &digest.Tree{}, &digest.Tree{}
	a.ID, b.ID = digest.ID{1}, digest.ID{2}
	a.Branches = fmt.Appendf(nil, "d %s x\n", b.ID)
	b.Branches = fmt.Appendf(nil, "d %s x\n", a.ID)
	return a, b
}

func newTestBuilder(t *testing.T, below *Stack, o Options) *Builder {
	t.Helper()
	b, err := NewBuilder(below, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

func add(t *testing.T, b *Builder, trees ...*digest.Tree) {
	t.Helper()
	for _, tree := range trees {
		if err := b.Add(tree); err != nil {
			t.Fatal(err)
		}
	}
}

func finish(t *testing.T, b *Builder, below *Stack) *Stack {
	t.Helper()
	g, err := b.Finish(background)
	if err != nil {
		t.Fatal(err)
	}
	s, err := below.Push(g)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// What cannot be committed is taken back, with an error that names the tree,
// and leaves what was committed before and what comes after unharmed.
func TestCommitRefuses(t *testing.T) {
	deep := chain(leaf("deep"), 6)
	absent := leaf("absent")
	a, b := circle()
	held := directory(a)
	for name, test := range map[string]struct {
		trees []*digest.Tree
		want  error
		fault digest.ID
	}{
		"missing":        {[]*digest.Tree{directory(leaf("good")), directory(absent)}, ErrMissing, directory(absent).ID},
		"circle":         {[]*digest.Tree{held, a, b}, ErrCycle, a.ID},
		"deep from root": {reversed(deep), ErrTooDeep, deep[6].ID},
		"deep from leaf": {deep, ErrTooDeep, deep[6].ID},
	} {
		t.Run(name, func(t *testing.T) {
			below := push(t, nil, "", leaf("below"))
			builder := newTestBuilder(t, below, Options{MaxHeight: 5})
			add(t, builder, leaf("good"), directory(leaf("good")))
			if err := builder.Commit(); err != nil {
				t.Fatal(err)
			}
			before := builder.Bytes()
			add(t, builder, test.trees...)
			err := builder.Commit()
			if !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.fault.String()) {
				t.Fatalf("error %v, want %v that names %s", err, test.want, test.fault)
			}
			if builder.Bytes() != before || builder.Len() != 2 {
				t.Errorf("%d bytes of %d trees remain, want %d of 2", builder.Bytes(), builder.Len(), before)
			}
			add(t, builder, directory(leaf("below"), leaf("good")))
			s := finish(t, builder, below)
			modelOf([]*digest.Tree{leaf("below"), leaf("good"), directory(leaf("good")), directory(leaf("below"), leaf("good"))}).check(t, s)
		})
	}
}

func reversed(trees []*digest.Tree) []*digest.Tree {
	trees = slices.Clone(trees)
	slices.Reverse(trees)
	return trees
}

// The greatest height is that of trees, wherever the trees below come from.
func TestHeightCountsBelow(t *testing.T) {
	trees := chain(leaf("x"), 4)
	below := push(t, nil, "", trees...)
	b := newTestBuilder(t, below, Options{MaxHeight: 5})
	add(t, b, directory(trees[4]))
	if err := b.Commit(); err != nil {
		t.Errorf("height 5: %v", err)
	}
	add(t, b, directory(directory(trees[4])))
	if err := b.Commit(); !errors.Is(err, ErrTooDeep) {
		t.Errorf("height 6: %v", err)
	}
}

// The bound of the format holds even where no other is wanted.
func TestGreatestHeight(t *testing.T) {
	b := newTestBuilder(t, nil, Options{MaxHeight: 1 << 20})
	trees := chain(leaf("x"), maxHeight+1)
	add(t, b, trees[:maxHeight+1]...)
	if err := b.Commit(); err != nil {
		t.Fatal(err)
	}
	add(t, b, trees[maxHeight+1])
	if err := b.Commit(); !errors.Is(err, ErrTooDeep) {
		t.Errorf("error %v", err)
	}
}

// Missing tells once of each directory that is nowhere.
func TestMissing(t *testing.T) {
	below := push(t, nil, "", leaf("below"))
	b := newTestBuilder(t, below, Options{})
	x, y, z := leaf("x"), leaf("y"), leaf("z")
	add(t, b, directory(x, leaf("below"), y, x), y, directory(z))
	if got, want := b.Missing(1), []digest.ID{x.ID}; !slices.Equal(got, want) {
		t.Errorf("missing %v, want %v", got, want)
	}
	add(t, b, x)
	if got, want := b.Missing(5), []digest.ID{z.ID}; !slices.Equal(got, want) {
		t.Errorf("then %v, want %v", got, want)
	}
	if got := b.Missing(5); len(got) != 0 {
		t.Errorf("at last %v", got)
	}
	b.Rollback()
	if b.Len() != 0 || b.Has(x.ID) || !b.Has(leaf("below").ID) {
		t.Errorf("after taking back %d trees are there", b.Len())
	}
}

// Trees that many others were taken back around are found as before.
func TestRollbackOfMany(t *testing.T) {
	b := newTestBuilder(t, nil, Options{})
	var kept []*digest.Tree
	for i := range 3000 {
		tree := leaf(fmt.Sprint("kept", i))
		kept = append(kept, tree)
		add(t, b, tree)
		if err := b.Commit(); err != nil {
			t.Fatal(err)
		}
		for j := range i % 4 {
			add(t, b, leaf(fmt.Sprint("gone", i, j)))
		}
		b.Rollback()
	}
	s := finish(t, b, nil)
	if s.Len() != len(kept) {
		t.Fatalf("%d trees, want %d", s.Len(), len(kept))
	}
	for _, tree := range kept {
		if n, ok := s.Find(tree.ID); !ok || s.Tree(n).Exact() != tree.Exact {
			t.Fatalf("tree %d is not what it was", n)
		}
	}
}

func TestAddRefusesText(t *testing.T) {
	for name, tree := range map[string]*digest.Tree{
		"unsorted": {Leaves: []byte("f 1 2024-01-02 b\nf 1 2024-01-02 a\n")},
		"twice":    {Leaves: []byte("f 1 2024-01-02 a\nf 1 2024-01-02 a\n")},
		"reason":   {Branches: []byte("! whim\n")},
	} {
		if err := newTestBuilder(t, nil, Options{}).Add(tree); !errors.Is(err, ErrText) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

// A segment fits upon the stack that it was built for and no other.
func TestPushRefusesOtherStack(t *testing.T) {
	one, two := push(t, nil, "", leaf("one")), push(t, nil, "", leaf("two"))
	b := newTestBuilder(t, one, Options{})
	add(t, b, directory(leaf("one")))
	g, err := b.Finish(background)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []*Stack{nil, two, push(t, one, "", leaf("three"))} {
		if _, err := s.Push(g); !errors.Is(err, ErrFoundation) {
			t.Errorf("pushed upon %d trees: %v", s.Len(), err)
		}
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(background)
	cancel()
	var trees []*digest.Tree
	for i := range burst {
		trees = append(trees, leaf(fmt.Sprint(i)))
	}
	b := newTestBuilder(t, nil, Options{})
	add(t, b, trees...)
	if _, err := b.Finish(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("finish: %v", err)
	}
	s := push(t, nil, "", append(trees, directory(trees...))...)
	n, _ := s.Find(directory(trees...).ID)
	if _, _, err := Merge(ctx, s, 0, []Number{n}, Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("merge: %v", err)
	}
}

// The empty tree, and numbers that are in no stack, are harmless.
func TestNothing(t *testing.T) {
	var none *Stack
	model{}.check(t, none)
	model{}.check(t, &Stack{})
	tree := none.Tree(5)
	if _, _, ok := tree.Child("x"); ok || tree.Files() != 0 || tree.ID() != (digest.ID{}) || tree.Replaceable() {
		t.Error("the tree of no number holds something")
	}
	if got := none.Tree(tree.ChildAt(0)); got != tree {
		t.Errorf("its child is %v", got)
	}
	empty := digest.NewDigester().Tree(nil, digest.Complete)
	modelOf([]*digest.Tree{empty}).check(t, push(t, nil, "", empty))
	if s, _, err := Merge(background, push(t, nil, "", empty), 0, nil, Options{}); err != nil || s.Len() != 0 {
		t.Errorf("merge without roots: %d trees, %v", s.Len(), err)
	}
}

// Looking something up allocates nothing, in small directories and large ones.
func TestNoAllocations(t *testing.T) {
	var small []*digest.Tree
	for i := range 1000 {
		small = append(small, leaf(fmt.Sprintf("name-%d.rpm", i)))
	}
	large := directory(small...)
	s := push(t, push(t, nil, "", append(small, large)...), "", directory(large, small[7]))
	n, _ := s.Find(large.ID)
	buf := make([]Number, 0, 8)
	bytes := make([]byte, 0, 100)
	for name, f := range map[string]func(){
		"Find":     func() { s.Find(small[3].ID) },
		"Tree":     func() { s.Tree(n) },
		"Child":    func() { s.Tree(n).Child("d000777") },
		"no Child": func() { s.Tree(n).Child("d0007777") },
		"File":     func() { s.Tree(0).File("name-5.rpm") },
		"Summary":  func() { s.Tree(n).Summary() },
		"Equal":    func() { s.Equal(Blind, small[5].Blind, buf, 8) },
		"Holders": func() {
			for h := s.Holders(n); h.Next(); {
				h.Parent()
			}
		},
		"ChildName": func() { s.Tree(n).ChildName(555, bytes) },
		"AllChildren": func() {
			for c := s.Tree(n).AllChildren(bytes); c.Next(); {
				c.Number()
			}
		},
		"AllFiles": func() {
			for f := s.Tree(0).AllFiles(bytes); f.Next(); {
				f.Date()
			}
		},
	} {
		if got := testing.AllocsPerRun(100, f); got != 0 {
			t.Errorf("%s allocates %v times", name, got)
		}
	}
}

// Digests that are made to cluster cost a search no more than halving does.
func TestLowerBoundIsBounded(t *testing.T) {
	const n = 1 << 20
	for name, digest := range map[string]func(i int) uint64{
		"even":  func(i int) uint64 { return uint64(i) << 44 },
		"low":   func(i int) uint64 { return uint64(i) },
		"high":  func(i int) uint64 { return ^uint64(0) - n + uint64(i) },
		"edges": func(i int) uint64 { return uint64(i/(n/2))*(^uint64(0)-n) + uint64(i) },
		"steps": func(i int) uint64 { return 1 << (uint(i) / (n / 64)) },
		"equal": func(int) uint64 { return 7 },
	} {
		for _, i := range []int{0, 1, 2, n / 3, n/2 - 1, n / 2, n - 2, n - 1} {
			steps := 0
			want := digest(i)
			got := lowerBound(n, want, digest, func(i int) bool { steps++; return digest(i) < want })
			if digest(got) != want || got > 0 && digest(got-1) >= want {
				t.Errorf("%s: %d is at %d", name, i, got)
			}
			if steps > interpolations+21 {
				t.Errorf("%s: %d steps for %d", name, steps, i)
			}
		}
	}
}
