package pack

import (
	"bufio"
	"bytes"
	"encoding/json"
	"maps"
	"strings"
	"testing"

	"mirrortracker/internal/digest"
)

// FuzzReader reads packs whose header is right and whose trees are anything. What it
// makes of them must be sound, and what passes must come back from a pack of its own.
func FuzzReader(f *testing.F) {
	known := memory{}
	base := known.header(&dir{others: []digest.Entry{file("a", 1, 20261120), link("l", "a")}, dirs: map[string]*dir{"d": {reason: digest.Limit}}})
	for _, body := range []string{
		"end 0\n",
		"block 1 1\ntree 1\nf a\n1\n1\nend 1\n",
		"block 2 1\ntree 1\nf a\ntree 2\n! refused\nd @1 d\n?\n-3\nend 2\n",
		"block 1 1\nedit " + base.Root.String() + " 2\n- a\nf b\n5\n?\nend 1\n",
		"block 1 0\ntree 1\nd " + base.Root.String() + " x\nend 1\n",
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := NewReader(bytes.NewReader(zip(t, headed(t, base, string(body)))), known, DefaultLimits)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		all := memory{}
		maps.Copy(all, known)
		var last *digest.Tree
		for {
			trees, err := r.Next(t.Context())
			if err != nil {
				break
			}
			for _, tree := range trees {
				if err := tree.Verify(); err != nil {
					t.Fatal(err)
				}
				all[tree.ID], last = tree, tree
			}
		}
		if last == nil {
			return
		}
		root, err := r.places.get(r.places.count - 1)
		if err != nil {
			t.Fatal(err)
		}
		h := base
		h.Root, h.Blind, h.Exact, h.Totals, h.Incomplete = last.ID, last.Blind, last.Exact, last.Totals, root.incomplete
		theirs := memory{}
		if _, err := theirs.read(t.Context(), export(t, all, h), DefaultLimits); err != nil {
			t.Fatalf("what was read cannot be sent on: %v", err)
		}
		if theirs[last.ID] == nil {
			t.Fatal("the root was lost")
		}
	})
}

// FuzzHeader reads headers that are anything.
func FuzzHeader(f *testing.F) {
	h := memory{}.header(&dir{})
	line, err := json.Marshal(h)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(line)
	f.Fuzz(func(t *testing.T, line []byte) {
		h, err := readHeader(bufio.NewReader(strings.NewReader(magic + string(line) + "\n")))
		if err != nil {
			return
		}
		if err := h.Validate(); err != nil {
			t.Fatalf("a header passes that cannot be: %v", err)
		}
		var b bytes.Buffer
		if err := h.write(&b); err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		if _, err := readHeader(bufio.NewReader(&b)); err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
	})
}

// FuzzPack reads files that are anything.
func FuzzPack(f *testing.F) {
	m := memory{}
	f.Add(export(f, m, m.header(&dir{dirs: map[string]*dir{"a": {}}})))
	f.Fuzz(func(t *testing.T, pack []byte) {
		_, _ = (memory{}).read(t.Context(), pack, DefaultLimits)
	})
}
