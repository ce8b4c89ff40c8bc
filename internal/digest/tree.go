package digest

import (
	"bytes"
	"iter"
)

// A Reason says why a directory's listing is incomplete; it is the word of the
// first line of its tree. The empty Reason says that the listing is complete.
type Reason string

// The reasons that tree-v1 knows.
const (
	Complete   Reason = ""
	Refused    Reason = "refused"    // the server said no
	Truncated  Reason = "truncated"  // the server said that there is more
	Unparsable Reason = "unparsable" // a line or a name that breaks the rules
	Limit      Reason = "limit"      // one of our own limits
)

func (r Reason) known() bool {
	switch r {
	case Complete, Refused, Truncated, Unparsable, Limit:
		return true
	}
	return false
}

// Totals count what stands below a directory: exactly the entries that digests
// count, never the directory itself. Of an incomplete directory they count what
// was seen.
type Totals struct {
	Files int64 `json:"files"`
	Dirs  int64 `json:"dirs"`
	Bytes int64 `json:"bytes"`
}

// Add adds the totals of another directory.
func (t *Totals) Add(o Totals) {
	t.Files += o.Files
	t.Dirs += o.Dirs
	t.Bytes = addSaturating(t.Bytes, o.Bytes)
}

// addSaturating adds sizes without wrapping: a hostile listing can hold several
// files of nearly 2^63 bytes.
func addSaturating(a, b int64) int64 {
	if sum := a + b; sum >= 0 {
		return sum
	}
	return 1<<63 - 1
}

// A Summary is what a directory amounts to: all that its parent and a search
// for its replicas need to know.
type Summary struct {
	ID    ID
	Exact Sum
	Blind Sum
	Totals
}

// A Tree is one directory as the tracker stores, compares and exchanges it. Its
// text (docs/tree-v1.md) is kept in two parts, each sorted by name: Branches
// has the "!", "d" and "l" lines, which are all that an index of directories
// needs, and Leaves has the "f" lines. A Tree is immutable.
type Tree struct {
	Summary
	Branches []byte
	Leaves   []byte
}

// A Child is a subdirectory of a tree.
type Child struct {
	Name string
	ID   ID
}

// A Symlink is a symbolic link of a tree; Target is empty where the server did
// not tell it.
type Symlink struct {
	Name   string
	Target string
}

// A Leaf is a file of a tree; Size is [UnknownSize] where the server did not
// tell it exactly.
type Leaf struct {
	Name string
	Size int64
	Date Date
}

// Reason returns why the directory's own listing is incomplete, or [Complete].
func (t *Tree) Reason() Reason {
	if line, ok := bytes.CutPrefix(t.Branches, []byte("! ")); ok {
		word, _, _ := bytes.Cut(line, []byte("\n"))
		return Reason(word)
	}
	return Complete
}

// Children yields the subdirectories, sorted by name.
func (t *Tree) Children() iter.Seq[Child] {
	return func(yield func(Child) bool) {
		for line := range lines(t.Branches) {
			if line[0] == 'd' {
				if c, err := parseChild(line); err != nil || !yield(c) {
					return
				}
			}
		}
	}
}

// Links yields the symbolic links, sorted by name.
func (t *Tree) Links() iter.Seq[Symlink] {
	return func(yield func(Symlink) bool) {
		for line := range lines(t.Branches) {
			if line[0] == 'l' {
				if l, err := parseLink(line); err != nil || !yield(l) {
					return
				}
			}
		}
	}
}

// Files yields the files, sorted by name.
func (t *Tree) Files() iter.Seq[Leaf] {
	return func(yield func(Leaf) bool) {
		for line := range lines(t.Leaves) {
			if f, err := parseLeaf(line); err != nil || !yield(f) {
				return
			}
		}
	}
}
