package pack

import (
	"bytes"
	"fmt"
	"maps"
	"testing"

	"pgregory.net/rapid"

	"mirrortracker/internal/digest"
)

// drawDir makes a directory of at most so many levels, with few names, so that equal
// directories occur.
func drawDir(t *rapid.T, levels int) *dir {
	d := &dir{dirs: map[string]*dir{}, reason: rapid.SampledFrom([]digest.Reason{digest.Complete, digest.Complete, digest.Complete, digest.Refused}).Draw(t, "reason")}
	for i := range rapid.IntRange(0, 4).Draw(t, "others") {
		name := fmt.Sprintf("%s%d", rapid.SampledFrom([]string{"a", "b c", "\xff\xfe", "é", "- ", "@1"}).Draw(t, "name"), i)
		if rapid.IntRange(0, 3).Draw(t, "kind") == 0 {
			d.others = append(d.others, link(name, rapid.SampledFrom([]string{"", "..", "a b\x01", "/x y"}).Draw(t, "target")))
			continue
		}
		size := rapid.SampledFrom([]int64{-1, 0, 1, 1 << 40}).Draw(t, "size")
		date := rapid.SampledFrom([]digest.Date{0, 20261121, 20261231, 19700101, 101, 99991231}).Draw(t, "date")
		d.others = append(d.others, file(name, size, date))
	}
	if levels > 0 {
		for i := range rapid.IntRange(0, 3).Draw(t, "dirs") {
			d.dirs[fmt.Sprintf("d%d", i)] = drawDir(t, levels-1)
		}
	}
	return d
}

// change gives a directory another file, or takes one away, somewhere below.
func change(t *rapid.T, d *dir) *dir {
	c := &dir{reason: d.reason, dirs: map[string]*dir{}, others: append([]digest.Entry(nil), d.others...)}
	maps.Copy(c.dirs, d.dirs)
	for name, below := range d.dirs {
		if rapid.Bool().Draw(t, "descend") {
			c.dirs[name] = change(t, below)
			return c
		}
	}
	switch {
	case len(c.others) > 0 && rapid.Bool().Draw(t, "remove"):
		c.others = c.others[1:]
	case rapid.Bool().Draw(t, "add a directory"):
		c.dirs["new"] = drawDir(t, 1)
	default:
		c.others = append(c.others, file("new", 7, 20261120))
	}
	return c
}

// Whatever a site holds, a full pack gives who has nothing all of its trees, and a pack
// with a base gives the rest to who has that.
func TestPacksCarrySites(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		ours := memory{}
		first := drawDir(rt, 3)
		h := ours.header(first)
		full := export(t, ours, h)
		if !bytes.Equal(full, export(t, ours, h)) {
			rt.Fatal("two packs of one snapshot differ")
		}
		theirs := memory{}
		if _, err := theirs.read(t.Context(), full, DefaultLimits); err != nil {
			rt.Fatal(err)
		}
		if !maps.EqualFunc(ours, theirs, equal) {
			rt.Fatal("the receiver has other trees")
		}
		second := change(rt, first)
		next := ours.header(second, h.Root)
		delta := export(t, ours, next)
		if _, err := theirs.read(t.Context(), delta, DefaultLimits); err != nil {
			rt.Fatal(err)
		}
		if !maps.EqualFunc(ours, theirs, equal) {
			rt.Fatal("after the delta the receiver has other trees")
		}
	})
}

func equal(a, b *digest.Tree) bool {
	return a.Summary == b.Summary && bytes.Equal(a.Branches, b.Branches) && bytes.Equal(a.Leaves, b.Leaves)
}

// Cut anywhere, a pack is refused.
func TestCutPacks(t *testing.T) {
	m := memory{}
	h := m.header(&dir{others: []digest.Entry{file("a", 1, 20260101)}, dirs: map[string]*dir{"b": {}}})
	pack := export(t, m, h)
	for n := range pack {
		if _, err := (memory{}).read(t.Context(), pack[:n], DefaultLimits); err == nil {
			t.Errorf("its first %d of %d bytes pass", n, len(pack))
		}
	}
	if _, err := (memory{}).read(t.Context(), append(bytes.Clone(pack), 0), DefaultLimits); err == nil {
		t.Error("with a byte behind it, it passes")
	}
}
