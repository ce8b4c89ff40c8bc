package forest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/store"
)

// memory is a Source that counts how many trees were read.
type memory struct {
	trees map[digest.ID]*digest.Tree
	read  int
}

func (m *memory) Trees(_ context.Context, ids []digest.ID, _ store.Parts, fn func(*digest.Tree) error) error {
	for _, id := range slices.Compact(slices.SortedFunc(slices.Values(ids), func(a, b digest.ID) int { return strings.Compare(a.String(), b.String()) })) {
		if t := m.trees[id]; t != nil {
			m.read++
			if err := fn(t); err != nil {
				return err
			}
		}
	}
	return nil
}

// plant makes the tree of a directory given by its paths: "a/b" is a file of the
// given text's length, "a/b/" an empty directory, and a text "-> x" a link.
func (m *memory) plant(files map[string]string) *digest.Tree {
	var entries []digest.Entry
	below := map[string]map[string]string{}
	for path, text := range files {
		name, rest, isDir := strings.Cut(path, "/")
		target, isLink := strings.CutPrefix(text, "-> ")
		switch {
		case isDir:
			if below[name] == nil {
				below[name] = map[string]string{}
				entries = append(entries, digest.Entry{Name: name, Kind: digest.Dir})
			}
			if rest != "" {
				below[name][rest] = text
			}
		case isLink:
			entries = append(entries, digest.Entry{Name: name, Kind: digest.Link, Target: target})
		default:
			entries = append(entries, digest.Entry{Name: name, Kind: digest.File, Size: int64(len(text)), Date: digest.NewDate(2024, 1, 1)})
		}
	}
	for i, e := range entries {
		if e.Kind == digest.Dir {
			entries[i].Sub = &m.plant(below[e.Name]).Summary
		}
	}
	kept, _ := digest.Clean(entries)
	tree := digest.NewDigester().Tree(kept, digest.Complete)
	m.trees[tree.ID] = tree
	return tree
}

func newMemory() *memory { return &memory{trees: map[digest.ID]*digest.Tree{}} }

func TestFind(t *testing.T) {
	m := newMemory()
	root := m.plant(map[string]string{
		"a/b/file": "x", "a/up": "-> ..", "a/down": "-> b/.", "a/far": "-> ../c/d", "c/d/e/": "",
		"absolute": "-> /pub/site/c/d", "above": "-> ../../pub/site/a", "out": "-> ../other", "root": "-> /",
		"server": "-> ../../../pub/site/a", "slash": "-> /../pub/site/a", "outward": "-> ..", "back": "-> outward/site/c",
		"long": "-> " + strings.Repeat("./", 2048) + "a", "hop": "-> .",
		"loop": "-> pool", "pool": "-> loop", "itself": "-> itself/x", "gone": "-> nowhere", "untold": "-> ", "chain": "-> absolute/e",
	})
	p := &Place{Source: m, Base: []string{"pub", "site"}, Root: root.ID}
	for asked, want := range map[string]string{
		"/":                               "/",
		"/a/b":                            "/a/b",
		"/a/up":                           "/",
		"/a/up/a/up/a":                    "/a",
		strings.Repeat("/hop", 41) + "/a": "/a",
		"/a/down":                         "/a/b",
		"/a/far/e":                        "/c/d/e",
		"/absolute":                       "/c/d",
		"/above/b":                        "/a/b",
		"/chain":                          "/c/d/e",
		"/out":                            "!leads out of the site",
		"/root":                           "!leads out of the site",
		"/server":                         "!leads out of the site",
		"/slash":                          "!leads out of the site",
		"/outward":                        "!leads out of the site",
		"/outward/site":                   "!leads out of the site",
		"/back/d":                         "/c/d",
		"/long":                           "!more than 4096 bytes",
		"/loop":                           "!more than 40 links",
		"/itself":                         "!more than 40 links",
		"/gone":                           "!no such directory",
		"/untold":                         "!does not tell",
		"/a/b/file":                       "!it is a file",
		"/a/.hidden":                      "!not tracked",
		"/a/x":                            "!no such directory",
	} {
		path, err := mirror.ParsePath(asked)
		if err != nil {
			t.Fatal(err)
		}
		real, tree, err := p.Find(t.Context(), path)
		if why, wrong := strings.CutPrefix(want, "!"); wrong {
			if err == nil || !strings.Contains(err.Error(), why) || !strings.HasPrefix(err.Error(), asked) {
				t.Errorf("%s: got %q, %v; want an error with %q", asked, real, err, why)
			}
			continue
		}
		if err != nil || string(real) != want || tree == nil {
			t.Errorf("%s is %q, %v; want %q", asked, real, err, want)
		}
	}
}

func TestWalk(t *testing.T) {
	m := newMemory()
	root := m.plant(map[string]string{"b/x/f": "1", "b/a/": "", "a/f": "2", "f": "3"})
	var got []string
	err := Walk(t.Context(), m, mirror.Root, root, func(p mirror.Path, _ *digest.Tree) error {
		got = append(got, string(p))
		return nil
	})
	if diff := cmp.Diff([]string{"/", "/a", "/b", "/b/a", "/b/x"}, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	delete(m.trees, m.plant(map[string]string{"f": "2"}).ID)
	err = Walk(t.Context(), m, mirror.Root, root, func(mirror.Path, *digest.Tree) error { return nil })
	if !errors.Is(err, store.ErrNoTree) || !strings.Contains(err.Error(), "/a/") {
		t.Errorf("a missing tree: %v", err)
	}
}

// Two trees differ exactly where their files do.
func TestDiffAgainstTheFilesThemselves(t *testing.T) {
	files := rapid.MapOf(rapid.StringMatching(`([ab]/){0,3}[fg]`), rapid.StringMatching(`x{0,2}`))
	rapid.Check(t, func(t *rapid.T) {
		m := newMemory()
		old, changed := files.Draw(t, "old"), files.Draw(t, "new")
		found := map[string]string{}
		d := &Diff{Source: m, Found: func(d Difference) error {
			describe(found, m, d)
			return nil
		}}
		if err := d.Compare(t.Context(), m.plant(old), m.plant(changed)); err != nil {
			t.Fatal(err)
		}
		want := map[string]string{}
		for path := range maps.Keys(old) {
			if text, ok := changed[path]; !ok {
				want["/"+path] = "-"
			} else if text != old[path] {
				want["/"+path] = "!"
			}
		}
		for path := range maps.Keys(changed) {
			if _, ok := old[path]; !ok {
				want["/"+path] = "+"
			}
		}
		if diff := cmp.Diff(want, found); diff != "" {
			t.Fatal(diff)
		}
	})
}

// describe notes a difference by its files: a directory that only one has is all
// the files below it.
func describe(found map[string]string, m *memory, d Difference) {
	sign, entry := "!", d.Old
	switch {
	case d.New == nil:
		sign = "-"
	case d.Old == nil:
		sign, entry = "+", d.New
	}
	if entry.Kind == digest.File {
		found[string(d.Path)] = sign
		return
	}
	err := Walk(context.Background(), m, d.Path, m.trees[entry.id], func(p mirror.Path, t *digest.Tree) error {
		for f := range t.Files() {
			found[string(p.Join(f.Name))] = sign
		}
		return nil
	})
	if err != nil {
		found[string(d.Path)] = err.Error()
	}
}

func TestDiffReadsOnlyWhatDiffers(t *testing.T) {
	m := newMemory()
	files := map[string]string{}
	for i := range 50 {
		files[fmt.Sprintf("d%d/e/f", i)] = strings.Repeat("x", i)
	}
	old := m.plant(files)
	files["d7/e/f"] = "another length"
	changed := m.plant(files)
	m.read = 0
	var paths []string
	d := &Diff{Source: m, Found: func(d Difference) error { paths = append(paths, string(d.Path)); return nil }}
	if err := d.Compare(t.Context(), old, changed); err != nil || !slices.Equal(paths, []string{"/d7/e/f"}) {
		t.Fatalf("%q, %v", paths, err)
	}
	// Of each level the two directories, and the summaries of those that differ.
	if m.read > 10 {
		t.Errorf("%d trees were read", m.read)
	}
}

func TestDiffTellsWhatIsIncomplete(t *testing.T) {
	m := newMemory()
	whole := m.plant(map[string]string{"f": "x"})
	d := digest.NewDigester()
	kept, _ := digest.Clean([]digest.Entry{{Name: "f", Kind: digest.File, Size: 1, Date: digest.NewDate(2024, 1, 1)}})
	cut := d.Tree(kept, digest.Truncated)
	m.trees[cut.ID] = cut
	var found []Difference
	diff := &Diff{Source: m, Found: func(d Difference) error { found = append(found, d); return nil }}
	if err := diff.Compare(t.Context(), whole, cut); err != nil {
		t.Fatal(err)
	}
	if len(found) != 1 || found[0].Incomplete != [2]digest.Reason{digest.Complete, digest.Truncated} || !found[0].IsDir() {
		t.Errorf("%+v", found)
	}
}
