package digest

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func sample(reason Reason) *Tree {
	d := NewDigester()
	sub := d.Tree([]Entry{{Name: "x", Kind: File, Size: 3, Date: NewDate(2024, 1, 2)}}, Complete).Summary
	entries, _ := Clean([]Entry{
		{Name: "f ile", Kind: File, Size: 7, Date: NewDate(1999, 12, 31)},
		{Name: "a", Kind: File, Size: UnknownSize},
		{Name: "dir -> x", Kind: Dir, Sub: &sub},
		{Name: "link", Kind: Link, Target: "f ile"},
		{Name: "odd", Kind: Link, Target: "a\nb"},
		{Name: "null", Kind: Other},
	})
	return d.Tree(entries, reason)
}

func TestTreeParts(t *testing.T) {
	tree := sample(Truncated)
	if tree.Reason() != Truncated {
		t.Errorf("reason %q", tree.Reason())
	}
	files := slices.Collect(tree.Files())
	if diff := cmp.Diff([]Leaf{{"a", UnknownSize, 0}, {"f ile", 7, NewDate(1999, 12, 31)}}, files); diff != "" {
		t.Error(diff)
	}
	links := slices.Collect(tree.Links())
	if diff := cmp.Diff([]Symlink{{"link", "f ile"}, {"odd", ""}}, links); diff != "" {
		t.Error(diff)
	}
	children := slices.Collect(tree.Children())
	if len(children) != 1 || children[0].Name != "dir -> x" || children[0].ID.IsZero() {
		t.Errorf("children %v", children)
	}
	if !tree.Exact.Absent() || !tree.Blind.Absent() {
		t.Error("an incomplete directory has a digest")
	}
}

func TestVerifyRefuses(t *testing.T) {
	whole := func(text string) func(*Tree) { return func(t *Tree) { t.Leaves = []byte(text) } }
	for _, c := range []struct {
		name    string
		spoil   func(*Tree)
		message string
	}{
		{"other text", whole("f 1 2024-01-01 a\n"), "has the identity"},
		{"no end", whole("f 1 2024-01-01 a"), "does not end"},
		{"wrong order", whole("f 1 2024-01-01 b\nf 1 2024-01-01 a\n"), "stands after"},
		{"twice in both parts", whole("f 1 2024-01-01 link\n"), "stands after"},
		{"leading zero", whole("f 01 2024-01-01 a\n"), "is not"},
		{"size over 2^63", whole("f 9223372036854775808 2024-01-01 a\n"), "is not"},
		{"no such day", whole("f 1 2023-02-29 a\n"), "is not"},
		{"hidden", whole("f 1 2024-01-01 .a\n"), "breaks the rules"},
		{"branch among leaves", whole("l a\x00b\n"), "among the leaves"},
		{"leaf among branches", func(t *Tree) { t.Branches = []byte("f 1 2024-01-01 a\n") }, "among the branches"},
		{"unknown reason", func(t *Tree) { t.Branches = []byte("! bored\n") }, "no known reason"},
		{"reason in the middle", func(t *Tree) { t.Branches = append(t.Branches, "! limit\n"...) }, "does not belong"},
		{"short identity", func(t *Tree) { t.Branches = []byte("d 1234 a\n") }, "is not"},
		{"upper-case identity", func(t *Tree) { t.Branches = []byte("d " + strings.Repeat("A", 64) + " a\n") }, "lower-case"},
		{"empty line", func(t *Tree) { t.Branches = append([]byte("\n"), t.Branches...) }, "empty"},
	} {
		t.Run(c.name, func(t *testing.T) {
			tree := sample(Complete)
			if err := tree.Verify(); err != nil {
				t.Fatal(err)
			}
			c.spoil(tree)
			if err := tree.Verify(); err == nil || !strings.Contains(err.Error(), c.message) {
				t.Errorf("error %v, want one with %q", err, c.message)
			}
		})
	}
}

func TestDates(t *testing.T) {
	for _, c := range []struct {
		y, m, d int
		want    string
	}{
		{2024, 2, 29, "2024-02-29"}, {2023, 2, 29, "-"}, {1969, 12, 31, "1969-12-31"}, {9999, 12, 31, "9999-12-31"},
		{10000, 1, 1, "-"}, {0, 1, 1, "0000-01-01"}, {2024, 13, 1, "-"}, {2024, 0, 1, "-"}, {2024, 4, 31, "-"}, {-1, 1, 1, "-"},
	} {
		if got := NewDate(c.y, c.m, c.d); got.String() != c.want {
			t.Errorf("%d-%d-%d is %s, want %s", c.y, c.m, c.d, got, c.want)
		} else if back, err := ParseDate(c.want); err != nil || back != got {
			t.Errorf("%s parses to %s, %v", c.want, back, err)
		}
	}
	berlin := time.FixedZone("CET", 3600)
	if got := DateOf(time.Date(2024, 1, 1, 0, 30, 0, 0, berlin)).String(); got != "2023-12-31" {
		t.Errorf("half past midnight in Berlin is %s in UTC", got)
	}
}

func TestSumText(t *testing.T) {
	type pair struct{ A, B Sum }
	in := pair{A: Sum{1, 2, 0xff}}
	text, err := json.Marshal(in)
	if want := `{"A":"0102ff00000000000000000000000000","B":null}`; err != nil || string(text) != want {
		t.Fatalf("%s, %v", text, err)
	}
	var out pair
	if err := json.Unmarshal(text, &out); err != nil || out != in {
		t.Errorf("%+v, %v", out, err)
	}
	for _, bad := range []string{"", "0102", strings.Repeat("G", 32), strings.Repeat("A", 32)} {
		if _, err := ParseSum(bad); err == nil {
			t.Errorf("%q passes for a digest", bad)
		}
	}
}

func FuzzVerify(f *testing.F) {
	tree := sample(Limit)
	f.Add(tree.Branches, tree.Leaves)
	f.Fuzz(func(t *testing.T, branches, leaves []byte) {
		tree := Tree{Branches: branches, Leaves: leaves}
		tree.ID = identity(branches, leaves)
		if tree.Verify() != nil {
			return
		}
		var entries []Entry
		for l := range tree.Files() {
			entries = append(entries, Entry{Name: l.Name, Kind: File, Size: l.Size, Date: l.Date})
		}
		for l := range tree.Links() {
			entries = append(entries, Entry{Name: l.Name, Kind: Link, Target: l.Target})
		}
		for c := range tree.Children() {
			entries = append(entries, Entry{Name: c.Name, Kind: Dir, Sub: &Summary{ID: c.ID}})
		}
		kept, sound := Clean(entries)
		if again := NewDigester().Tree(kept, tree.Reason()); !sound || again.ID != tree.ID {
			t.Errorf("the verified tree %q %q is made again as %q %q", branches, leaves, again.Branches, again.Leaves)
		}
	})
}
