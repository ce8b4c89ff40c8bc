package digest

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// A node is a generated directory with its subdirectories.
type node struct {
	entries []Entry
	subdirs map[string]*node
}

func (n *node) tree(d *Digester) *Tree {
	entries := slices.Clone(n.entries)
	for i := range entries {
		if sub := n.subdirs[entries[i].Name]; entries[i].Kind == Dir {
			entries[i].Sub = &sub.tree(d).Summary
		}
	}
	rand.Shuffle(len(entries), func(i, j int) { entries[i], entries[j] = entries[j], entries[i] })
	kept, sound := Clean(entries)
	if !sound {
		return d.Tree(kept, Unparsable)
	}
	return d.Tree(kept, Complete)
}

func nodes(depth int) *rapid.Generator[*node] {
	return rapid.Custom(func(t *rapid.T) *node {
		n := &node{subdirs: map[string]*node{}}
		names := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-zA-Z0-9 \-%é>]{1,4}`), 0, 6, rapid.ID).Draw(t, "names")
		for _, name := range names {
			e := Entry{Name: name, Kind: File, Date: NewDate(2024, 2, 29)}
			if depth > 0 && rapid.Bool().Draw(t, "isDir") {
				e.Kind = Dir
				n.subdirs[name] = nodes(depth-1).Draw(t, "dir")
			} else {
				e.Size = rapid.Int64Range(0, 1<<40).Draw(t, "size")
			}
			n.entries = append(n.entries, e)
		}
		return n
	})
}

// Every tree is shuffled before it is digested, so drawing it twice shows that
// the order of a listing never matters.
func TestOrderNeverMatters(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := nodes(3).Draw(t, "tree")
		d := NewDigester()
		if a, b := n.tree(d).Summary, n.tree(d).Summary; a != b {
			t.Fatalf("%+v became %+v", a, b)
		}
	})
}

func TestHiddenNamesAndLinksNeverMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := nodes(2).Draw(t, "tree")
		d := NewDigester()
		before := n.tree(d)
		n.entries = append(n.entries,
			Entry{Name: "." + rapid.String().Draw(t, "hidden"), Kind: File, Size: UnknownSize},
			Entry{Name: "~link", Kind: Link, Target: rapid.String().Draw(t, "target")},
			Entry{Name: "~pipe", Kind: Other})
		after := n.tree(d)
		if before.Exact != after.Exact || before.Blind != after.Blind || before.Totals != after.Totals {
			t.Fatalf("%+v became %+v", before.Summary, after.Summary)
		}
		if before.ID == after.ID {
			t.Fatal("the link is not recorded in the identity")
		}
	})
}

// A change of any name, size or date changes the exact digest of every
// ancestor; a change of a date alone leaves every blind digest.
func TestChangesReachEveryAncestor(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		depth := rapid.IntRange(0, 5).Draw(t, "depth")
		file := Entry{Name: "file", Kind: File, Size: rapid.Int64Range(0, 1<<62).Draw(t, "size"), Date: NewDate(2023, 1, 5)}
		changed := file
		what := rapid.SampledFrom([]string{"name", "size", "date"}).Draw(t, "what")
		switch what {
		case "name":
			changed.Name = "File"
		case "size":
			changed.Size++
		case "date":
			changed.Date = NewDate(2023, 1, 6)
		}
		before, after := chain(file, depth), chain(changed, depth)
		for i := range before {
			if before[i].Exact == after[i].Exact || before[i].ID == after[i].ID {
				t.Fatalf("level %d did not notice the change of %s", i, what)
			}
			if sameBlind := before[i].Blind == after[i].Blind; sameBlind != (what == "date") {
				t.Fatalf("level %d: blind digests equal: %v after a change of %s", i, sameBlind, what)
			}
		}
	})
}

// chain returns the trees from the directory that holds the file up to the root.
func chain(file Entry, depth int) []*Tree {
	d := NewDigester()
	trees := []*Tree{d.Tree([]Entry{file}, Complete)}
	for range depth {
		sub := trees[len(trees)-1].Summary
		trees = append(trees, d.Tree([]Entry{{Name: "dir", Kind: Dir, Sub: &sub}}, Complete))
	}
	return trees
}

func TestClean(t *testing.T) {
	names := func(names ...string) (entries []Entry) {
		for _, n := range names {
			entries = append(entries, Entry{Name: n, Kind: File})
		}
		return entries
	}
	for _, c := range []struct {
		name  string
		in    []string
		kept  string
		sound bool
	}{
		{"nothing", nil, "", true},
		{"sorted by bytes", []string{"b", "a", "B", "a-", "\xe9"}, "B,a,a-,b,\xe9", true},
		{"dots go", []string{".", "..", ".git", "x"}, "x", true},
		{"an empty name", []string{"", "x"}, "x", false},
		{"a slash", []string{"a/b", "x"}, "x", false},
		{"a carriage return", []string{"a\r", "x"}, "x", false},
		{"a hidden slash", []string{"./b", "x"}, "x", true},
		{"all of a repeated name", []string{"x", "a", "x", "x"}, "a", false},
		{"a hidden name repeated", []string{".x", "a", ".x"}, "a", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			kept, sound := Clean(names(c.in...))
			var got []string
			for _, e := range kept {
				got = append(got, e.Name)
			}
			if strings.Join(got, ",") != c.kept || sound != c.sound {
				t.Errorf("kept %q, sound %v; want %q, %v", got, sound, c.kept, c.sound)
			}
		})
	}
}

func TestTotals(t *testing.T) {
	d := NewDigester()
	sub := d.Tree([]Entry{{Name: "f", Kind: File, Size: 1<<63 - 1}, {Name: "l", Kind: Link}}, Complete).Summary
	top := d.Tree([]Entry{{Name: "d", Kind: Dir, Sub: &sub}, {Name: "e", Kind: File, Size: 9}, {Name: "u", Kind: File, Size: UnknownSize}}, Complete)
	if want := (Totals{Files: 3, Dirs: 1, Bytes: 1<<63 - 1}); top.Totals != want {
		t.Errorf("totals %+v, want %+v", top.Totals, want)
	}
}
