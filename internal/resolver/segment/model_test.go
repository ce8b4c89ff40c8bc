package segment

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"mirrortracker/internal/digest"
)

// A model is the trees that a stack should hold, as plain values.
type model map[digest.ID]*digest.Tree

// names draws names that have much in common, and some that are odd.
var names = rapid.OneOf(
	rapid.StringMatching(`[ab]{1,4}`),
	rapid.StringMatching(`(lib)?(foo|bar|baz)-[0-9]\.[0-9]{1,2}(\.x86_64\.rpm|\.tar\.gz|_amd64\.deb)?`),
	rapid.StringMatching(`[a-c]{0,3}(\.x){0,3}z`),
	rapid.Map(rapid.SliceOfN(rapid.Byte(), 1, 6), func(b []byte) string { return string(b) }),
	rapid.Map(rapid.IntRange(200, 1<<16), func(n int) string { return strings.Repeat("long", n/4) }),
)

var sizes = rapid.OneOf(
	rapid.Just(int64(digest.UnknownSize)), rapid.Int64Range(0, 300), rapid.Int64Range(0, 1<<63-1), rapid.Just(int64(1<<63-1)),
)

var dates = rapid.OneOf(
	rapid.Just(digest.Date(0)),
	rapid.Custom(func(t *rapid.T) digest.Date {
		return digest.NewDate(rapid.IntRange(0, 9999).Draw(t, "year"), rapid.IntRange(1, 12).Draw(t, "month"), rapid.IntRange(1, 31).Draw(t, "day"))
	}),
	rapid.Custom(func(t *rapid.T) digest.Date { return digest.NewDate(2024, 2, rapid.IntRange(1, 29).Draw(t, "day")) }),
)

var targets = rapid.OneOf(rapid.Just(""), rapid.StringMatching(`(\.\./|/)?[ab]{1,3}`), rapid.Just(strings.Repeat("t", maxTarget)), rapid.Just(strings.Repeat("t", maxTarget+1)))

var reasonDraws = rapid.OneOf(rapid.Just(digest.Complete), rapid.Just(digest.Complete), rapid.SampledFrom(reasons[:]))

// grow draws trees, each of which may hold any that there were before. It
// returns them in an order in which children come first.
func grow(t *rapid.T, before []*digest.Tree, n int) []*digest.Tree {
	d := digest.NewDigester()
	all := slices.Clip(before)
	for range n {
		var entries []digest.Entry
		width := rapid.SampledFrom([]int{0, 3, 8, 40}).Draw(t, "width")
		for _, name := range rapid.SliceOfN(names, 0, width).Draw(t, "names") {
			e := digest.Entry{Name: name, Kind: rapid.SampledFrom([]digest.Kind{digest.File, digest.File, digest.Dir, digest.Link}).Draw(t, "kind")}
			switch {
			case e.Kind == digest.Dir && len(all) > 0:
				e.Sub = &rapid.SampledFrom(all).Draw(t, "child").Summary
			case e.Kind == digest.Link:
				e.Target = targets.Draw(t, "target")
			default:
				e.Kind, e.Size, e.Date = digest.File, sizes.Draw(t, "size"), dates.Draw(t, "date")
			}
			entries = append(entries, e)
		}
		entries, _ = digest.Clean(entries)
		all = append(all, d.Tree(entries, reasonDraws.Draw(t, "reason")))
	}
	return all[len(before):]
}

func modelOf(trees []*digest.Tree) model {
	m := model{}
	for _, t := range trees {
		m[t.ID] = t
	}
	return m
}

// below returns the part of a model that some trees reach.
func (m model) below(roots []digest.ID) model {
	found := model{}
	var visit func(digest.ID)
	visit = func(id digest.ID) {
		if found[id] == nil {
			found[id] = m[id]
			for c := range m[id].Children() {
				visit(c.ID)
			}
		}
	}
	for _, id := range roots {
		visit(id)
	}
	return found
}

// linked and height compute what a builder does, from above.
func (m model) linked(id digest.ID) bool {
	for range m[id].Links() {
		return true
	}
	for c := range m[id].Children() {
		if m.linked(c.ID) {
			return true
		}
	}
	return false
}

func (m model) height(id digest.ID) (height int) {
	for c := range m[id].Children() {
		height = max(height, m.height(c.ID)+1)
	}
	return height
}

type fataler interface {
	Fatalf(format string, args ...any)
	Helper()
}

// check compares everything that a stack says with the model.
func (m model) check(t fataler, s *Stack) {
	t.Helper()
	if s.Len() != len(m) {
		t.Fatalf("%d trees, want %d", s.Len(), len(m))
	}
	for id, want := range m {
		n, ok := s.Find(id)
		if !ok {
			t.Fatalf("tree %s is not found", id)
		}
		m.checkTree(t, s, n, want)
	}
	if _, ok := s.Find(digest.ID{1, 2, 3}); ok {
		t.Fatalf("found a tree that is not there")
	}
	m.checkHolders(t, s)
	m.checkEqual(t, s)
}

func (m model) checkTree(t fataler, s *Stack, n Number, want *digest.Tree) {
	t.Helper()
	got := s.Tree(n)
	if got.Summary() != want.Summary || got.ID() != want.ID || got.Exact() != want.Exact || got.Blind() != want.Blind || got.Totals() != want.Totals {
		t.Fatalf("summary %v, want %v", got.Summary(), want.Summary)
	}
	if got.Reason() != want.Reason() {
		t.Fatalf("reason %q, want %q", got.Reason(), want.Reason())
	}
	if l, h := m.linked(want.ID), m.height(want.ID); got.Linked() != l || got.Height() != h {
		t.Fatalf("linked %v and height %d, want %v and %d", got.Linked(), got.Height(), l, h)
	}
	m.checkChildren(t, s, got, want)
	checkLinks(t, got, want)
	checkFiles(t, got, want)
	for _, name := range []string{"", "a", "ab", "foo-1.1.tar.gz", "zzzz", "\xff\xff", strings.Repeat("long", 3000)} {
		if _, _, ok := got.Child(name); ok != slices.ContainsFunc(slices.Collect(want.Children()), func(c digest.Child) bool { return c.Name == name }) {
			t.Fatalf("child %q found: %v", name, ok)
		}
		if _, ok := got.Link(name); ok != slices.ContainsFunc(slices.Collect(want.Links()), func(l digest.Symlink) bool { return l.Name == name }) {
			t.Fatalf("link %q found: %v", name, ok)
		}
		if _, _, _, ok := got.File(name); ok != slices.ContainsFunc(slices.Collect(want.Files()), func(f digest.Leaf) bool { return f.Name == name }) {
			t.Fatalf("file %q found: %v", name, ok)
		}
	}
}

func (m model) checkChildren(t fataler, s *Stack, got Tree, want *digest.Tree) {
	t.Helper()
	i, all := 0, got.AllChildren(nil)
	for c := range want.Children() {
		position, n, ok := got.Child(c.Name)
		if !ok || position != i || n != got.ChildAt(i) || s.Tree(n).ID() != c.ID || string(got.ChildName(i, []byte("x"))) != "x"+c.Name {
			t.Fatalf("child %d %q: %d %v, number %d", i, c.Name, position, ok, n)
		}
		if !all.Next() || string(all.Name()) != c.Name || all.Position() != i || all.Number() != n {
			t.Fatalf("child %d in order: %q, want %q", i, all.Name(), c.Name)
		}
		for _, near := range near(c.Name) {
			if p, _, ok := got.Child(near); ok && string(got.ChildName(p, nil)) != near {
				t.Fatalf("child %q found as %q", near, got.ChildName(p, nil))
			}
		}
		i++
	}
	if got.Children() != i || all.Next() {
		t.Fatalf("%d children, want %d", got.Children(), i)
	}
}

func checkLinks(t fataler, got Tree, want *digest.Tree) {
	t.Helper()
	i, all := 0, got.AllLinks(make([]byte, 0, 3))
	for l := range want.Links() {
		if len(l.Target) > maxTarget {
			l.Target = ""
		}
		position, ok := got.Link(l.Name)
		name, target := got.LinkAt(i, make([]byte, 0, 5))
		if !ok || position != i || string(name) != l.Name || string(target) != l.Target {
			t.Fatalf("link %d %q: %d %v, %q to %q", i, l.Name, position, ok, name, target)
		}
		if !all.Next() || string(all.Name()) != l.Name || string(all.Target()) != l.Target {
			t.Fatalf("link %d in order: %q, want %q", i, all.Name(), l.Name)
		}
		i++
	}
	if got.Links() != i || all.Next() {
		t.Fatalf("%d links, want %d", got.Links(), i)
	}
}

func checkFiles(t fataler, got Tree, want *digest.Tree) {
	t.Helper()
	i, all := 0, got.AllFiles(nil)
	for f := range want.Files() {
		position, size, date, ok := got.File(f.Name)
		if !ok || position != i || size != f.Size || date != f.Date {
			t.Fatalf("file %d %q: %d %v, %d bytes of %v, want %d of %v", i, f.Name, position, ok, size, date, f.Size, f.Date)
		}
		name, size, date := got.FileAt(i, []byte("prefix"))
		if string(name) != "prefix"+f.Name || size != f.Size || date != f.Date {
			t.Fatalf("file at %d: %q, %d bytes of %v, want %v", i, name, size, date, f)
		}
		if !all.Next() || string(all.Name()) != f.Name || all.Position() != i || all.Size() != f.Size || all.Date() != f.Date {
			t.Fatalf("file %d in order: %q, want %q", i, all.Name(), f.Name)
		}
		for _, near := range near(f.Name) {
			if p, _, _, ok := got.File(near); ok {
				if name, _, _ := got.FileAt(p, nil); string(name) != near {
					t.Fatalf("file %q found as %q", near, name)
				}
			}
		}
		i++
	}
	if got.Files() != i || all.Next() {
		t.Fatalf("%d files, want %d", got.Files(), i)
	}
}

// near returns names that are nearly the same.
func near(name string) []string {
	return []string{name + "a", name + "\x01", name[:len(name)-1], name[:len(name)/2] + "a" + name[len(name)/2:]}
}

func (m model) checkHolders(t fataler, s *Stack) {
	t.Helper()
	want := map[string]int{}
	for _, parent := range m {
		i := 0
		for c := range parent.Children() {
			want[fmt.Sprint(c.ID, parent.ID, i)]++
			i++
		}
	}
	got := map[string]int{}
	for n := range s.Len() {
		for h := s.Holders(Number(n)); h.Next(); {
			got[fmt.Sprint(s.Tree(Number(n)).ID(), s.Tree(h.Parent()).ID(), h.Position())]++
		}
	}
	if !maps.Equal(got, want) {
		t.Fatalf("holders %v, want %v", got, want)
	}
}

func (m model) checkEqual(t fataler, s *Stack) {
	t.Helper()
	for class, of := range map[Class]func(*digest.Tree) digest.Sum{
		Exact: func(t *digest.Tree) digest.Sum { return t.Exact },
		Blind: func(t *digest.Tree) digest.Sum { return t.Blind },
	} {
		want := map[digest.Sum]map[digest.ID]bool{{1}: {}}
		for id, tree := range m {
			sum := of(tree)
			if want[sum] == nil {
				want[sum] = map[digest.ID]bool{}
			}
			if !sum.Absent() && !tree.Blind.Absent() && tree.Totals.Files+tree.Totals.Dirs > 0 {
				want[sum][id] = true
			}
		}
		for sum, ids := range want {
			numbers := s.Equal(class, sum, []Number{7}, 1000)
			got := map[digest.ID]bool{}
			for _, n := range numbers[1:] {
				got[s.Tree(n).ID()] = true
			}
			if !maps.Equal(got, ids) || len(numbers) != 1+len(ids) {
				t.Fatalf("class %d, digest %s: %v, want %v", class, sum, got, ids)
			}
			if some := s.Equal(class, sum, nil, 1); len(some) != min(1, len(ids)) || len(some) == 1 && some[0] != numbers[1] {
				t.Fatalf("class %d, digest %s: at most one is %v of %v", class, sum, some, numbers[1:])
			}
		}
	}
}

// push builds a segment of trees upon a stack.
func push(t testing.TB, s *Stack, dir string, trees ...*digest.Tree) *Stack {
	t.Helper()
	next, err := pushed(s, dir, trees)
	if err != nil {
		t.Fatal(err)
	}
	return next
}

func pushed(s *Stack, dir string, trees []*digest.Tree) (*Stack, error) {
	b, err := NewBuilder(s, Options{Dir: dir})
	if err != nil {
		return nil, err
	}
	defer b.Close()
	for _, tree := range trees {
		if err := b.Add(tree); err != nil {
			return nil, err
		}
	}
	g, err := b.Finish(background)
	if err != nil {
		return nil, err
	}
	return s.Push(g)
}
