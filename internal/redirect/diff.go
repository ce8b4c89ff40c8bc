package redirect

import (
	"iter"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/resolver"
)

// The bounds of a comparison.
const (
	usualDifferences = 1000
	maxDifferences   = 10_000
	maxCompared      = 200_000 // entries that are looked at
)

// A comparison is what differs between two directories of the index. Equal
// digests are not looked below, so that it costs what differs and no more.
type comparison struct {
	A           comparedDir  `json:"a"`
	B           comparedDir  `json:"b"`
	Blind       bool         `json:"blind"`    // whether dates are left out of account
	Equal       bool         `json:"equal"`    // no difference was found, and nothing is incomplete
	Complete    bool         `json:"complete"` // whether all differences are there
	Differences []difference `json:"differences"`

	left, most int
}

type comparedDir struct {
	URL  string `json:"url"`
	Site string `json:"site"`
	Tree *tree  `json:"tree"`
}

// A difference is a path at which the directories differ. A and B are null where
// that one has nothing of the name; both are, where a listing of a directory is
// incomplete, so that more may differ in it.
type difference struct {
	Path string `json:"path"` // from the directories that are compared, escaped
	A    *entry `json:"a"`
	B    *entry `json:"b"`
}

func newComparison(a, b *resolver.Answer, blind bool, most int) *comparison {
	c := &comparison{
		A:           comparedDir{a.Site.URL.At(a.Asked, true), a.Site.Name, newTree(a)},
		B:           comparedDir{b.Site.URL.At(b.Asked, true), b.Site.Name, newTree(b)},
		Blind:       blind,
		Complete:    true,
		Differences: []difference{},
		left:        maxCompared,
		most:        most,
	}
	c.folders(a.Folder(), b.Folder(), "")
	c.Equal = c.Complete && len(c.Differences) == 0
	return c
}

// folders compares two directories of one path; false means that it is enough.
func (c *comparison) folders(a, b resolver.Folder, path string) bool {
	if c.same(a.Summary(), b.Summary()) {
		return true
	}
	if a.Reason() != digest.Complete || b.Reason() != digest.Complete {
		if !c.found(difference{Path: mirror.EscapePath(path)}) {
			return false
		}
	}
	for both := range pairs(a, b) {
		if c.left--; c.left < 0 {
			c.Complete = false
			return false
		}
		x, y := both[0], both[1]
		name := path + both.name()
		switch {
		case x != nil && y != nil && x.Kind == digest.Dir && y.Kind == digest.Dir:
			if !c.folders(x.Folder, y.Folder, name+"/") {
				return false
			}
		case c.differ(x, y):
			if !c.found(difference{Path: mirror.EscapePath(name), A: side(x), B: side(y)}) {
				return false
			}
		}
	}
	return true
}

// same reports whether nothing can differ.
func (c *comparison) same(a, b digest.Summary) bool {
	x, y := a.Exact, b.Exact
	if c.Blind {
		x, y = a.Blind, b.Blind
	}
	return a.ID == b.ID || !x.Absent() && x == y
}

// differ compares two entries of one name as far as they are known. At most one
// is a directory.
func (c *comparison) differ(a, b *resolver.Entry) bool {
	if a == nil || b == nil || a.Kind != b.Kind {
		return true
	}
	size := a.Size != b.Size && a.Size != digest.UnknownSize && b.Size != digest.UnknownSize
	date := a.Date != b.Date && a.Date.Known() && b.Date.Known()
	return size || date && !c.Blind
}

func (c *comparison) found(d difference) bool {
	if len(c.Differences) == c.most {
		c.Complete = false
		return false
	}
	c.Differences = append(c.Differences, d)
	return true
}

func side(e *resolver.Entry) *entry {
	if e == nil {
		return nil
	}
	out := newEntry(e)
	return &out
}

// A pair is the entries of one name in two directories; one may be nil.
type pair [2]*resolver.Entry

func (p pair) name() string {
	if p[0] != nil {
		return p[0].Name
	}
	return p[1].Name
}

// pairs yields the entries of two directories by name, without links, which do
// not count.
func pairs(a, b resolver.Folder) iter.Seq[pair] {
	return func(yield func(pair) bool) {
		next, stop := iter.Pull(counted(b))
		defer stop()
		other, more := next()
		for e := range counted(a) {
			for more && other.Name < e.Name {
				if !yield(pair{nil, other}) {
					return
				}
				other, more = next()
			}
			p := pair{e, nil}
			if more && other.Name == e.Name {
				p[1] = other
				other, more = next()
			}
			if !yield(p) {
				return
			}
		}
		for more {
			if !yield(pair{nil, other}) {
				return
			}
			other, more = next()
		}
	}
}

// counted yields what digests count.
func counted(f resolver.Folder) iter.Seq[*resolver.Entry] {
	return func(yield func(*resolver.Entry) bool) {
		for e := range f.Entries("") {
			if e.Kind != digest.Link && !yield(&e) {
				return
			}
		}
	}
}
