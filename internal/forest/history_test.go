package forest

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/store"
)

func TestHistory(t *testing.T) {
	m := newMemory()
	d := digest.NewDigester()
	dated := func(year int, reason digest.Reason) digest.ID {
		dir := d.Tree([]digest.Entry{{Name: "f", Kind: digest.File, Size: 1, Date: digest.NewDate(year, 1, 1)}}, reason)
		root := d.Tree([]digest.Entry{{Name: "a", Kind: digest.Dir, Sub: &dir.Summary}}, digest.Complete)
		for _, tree := range []*digest.Tree{dir, root} {
			m.trees[tree.ID] = tree
		}
		return root.ID
	}
	var snapshots []store.Snapshot // newest first
	for _, root := range []digest.ID{
		m.plant(map[string]string{"b/x": "1"}).ID,
		m.plant(map[string]string{"a/f": "1"}).ID,
		m.plant(map[string]string{"a/f": "1"}).ID,
		m.plant(map[string]string{"a/f": "1", "b/x": "1"}).ID, // elsewhere
		m.plant(map[string]string{"a/f": "12"}).ID,
		dated(2020, digest.Complete),
		dated(2021, digest.Complete),
		dated(2021, digest.Truncated),
		dated(2021, digest.Complete),
		m.plant(map[string]string{"a/f": "1", "a/l": "-> f"}).ID,
		m.plant(map[string]string{"a/f": "1"}).ID, // links do not count
		m.plant(map[string]string{"b/x": "1"}).ID,
		m.plant(map[string]string{"b/x": "1", "a": "-> b"}).ID,
		m.plant(map[string]string{"a": "a file"}).ID,
	} {
		snapshots = append([]store.Snapshot{{Seq: int64(len(snapshots) + 1), Root: root}}, snapshots...)
	}
	history := func(path mirror.Path, limit int) (text string, err error) {
		n := 0
		err = History(t.Context(), m, nil, snapshots, path, func(c Change) (bool, error) {
			if (c.Turn == Gone) != (c.Tree.ID == digest.ID{}) {
				t.Errorf("%s with the tree %s", c.Turn, c.Tree.ID)
			}
			text += fmt.Sprint(" ", c.Snapshot.Seq, " ", c.Turn)
			n++
			return n != limit, nil
		})
		return strings.TrimSpace(text), err
	}
	for _, c := range []struct {
		path  mirror.Path
		limit int
		want  string
	}{
		{"/a", 0, "14 gone 13 appeared 12 gone 10 dates 9 complete 8 incomplete 7 dates 6 changed 5 changed 2 appeared"},
		{"/a", 2, "14 gone 13 appeared"},
		{"/b", 0, "14 gone 12 appeared 5 gone 4 appeared 2 gone 1 first"},
	} {
		if got, err := history(c.path, c.limit); got != c.want || err != nil {
			t.Errorf("%s: %s, %v\nwant %s", c.path, got, err, c.want)
		}
	}
	if got, err := history("/c", 0); got != "" || !errors.As(err, new(Nowhere)) {
		t.Errorf("%s, %v", got, err)
	}
	m.read = 0
	if _, err := history("/a", 1); err != nil || m.read > 4 {
		t.Errorf("%d trees were read, %v", m.read, err)
	}
	delete(m.trees, snapshots[3].Root)
	if _, err := history("/a", 0); !errors.Is(err, store.ErrNoTree) {
		t.Errorf("a tree is missing: %v", err)
	}
}
