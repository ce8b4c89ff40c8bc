package resolver

import (
	"bytes"

	"mirrortracker/internal/resolver/segment"
)

// differences counts, for directories that are nearly equal to the finder's, the
// entries that differ: files and directories at and below it that only one of the
// two has, and files that have another size or date.
func (f *finder) differences(all []near) {
	counted := map[segment.Number]int16{}
	for i := range all {
		n, ok := counted[all[i].tree]
		if !ok {
			c := comparison{trees: f.trees, left: f.opts.MaxSteps}
			c.compare(f.chain[len(f.chain)-1], all[i].tree)
			n = int16(min(c.differ, MaxDiffer))
			counted[all[i].tree] = n
		}
		all[i].Differ = n
	}
}

// A comparison goes down two trees where they differ. Where it takes too long,
// they count as very different.
type comparison struct {
	trees  *segment.Stack
	left   int // entries that may still be looked at
	differ int64
}

func (c *comparison) done() bool { return c.differ >= MaxDiffer }

func (c *comparison) step() {
	if c.left--; c.left < 0 {
		c.differ = MaxDiffer
	}
}

func (c *comparison) compare(a, b segment.Number) {
	if a == b || c.done() {
		return
	}
	x, y := c.trees.Tree(a), c.trees.Tree(b)
	if exact := x.Exact(); !exact.Absent() && exact == y.Exact() {
		return
	}
	c.files(x, y)
	c.directories(x, y)
}

// files compares the files of two directories, which are sorted by name.
func (c *comparison) files(x, y segment.Tree) {
	a, b := x.AllFiles(nil), y.AllFiles(nil)
	moreA, moreB := a.Next(), b.Next()
	for (moreA || moreB) && !c.done() {
		c.step()
		switch order := order(moreA, moreB, a.Name, b.Name); {
		case order < 0:
			c.differ++
			moreA = a.Next()
		case order > 0:
			c.differ++
			moreB = b.Next()
		default:
			if a.Size() != b.Size() || a.Date() != b.Date() {
				c.differ++
			}
			moreA, moreB = a.Next(), b.Next()
		}
	}
}

// directories compares the subdirectories of two directories. One that the other
// does not have counts with all that is below it.
func (c *comparison) directories(x, y segment.Tree) {
	a, b := x.AllChildren(nil), y.AllChildren(nil)
	moreA, moreB := a.Next(), b.Next()
	for (moreA || moreB) && !c.done() {
		c.step()
		switch order := order(moreA, moreB, a.Name, b.Name); {
		case order < 0:
			c.all(a.Number())
			moreA = a.Next()
		case order > 0:
			c.all(b.Number())
			moreB = b.Next()
		default:
			c.compare(a.Number(), b.Number())
			moreA, moreB = a.Next(), b.Next()
		}
	}
}

// all counts a directory that only one of the two has.
func (c *comparison) all(n segment.Number) {
	totals := c.trees.Tree(n).Totals()
	c.differ += 1 + totals.Files + totals.Dirs
}

// order tells which of two names comes first; where there is none, the other.
func order(moreA, moreB bool, a, b func() []byte) int {
	switch {
	case !moreA:
		return 1
	case !moreB:
		return -1
	}
	return bytes.Compare(a(), b())
}
