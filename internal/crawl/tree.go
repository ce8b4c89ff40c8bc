package crawl

import (
	"time"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
)

// A todo is a directory that was heard of: an entry of its parent, or the root,
// which has none. There may be very many of them.
type todo struct {
	parent *node
	slot   int // its place among the parent's entries
}

// path returns where the directory is, and how deep.
func (t todo) path() (path mirror.Path, depth int) {
	if t.parent == nil {
		return mirror.Root, 0
	}
	return t.parent.path.Join(t.parent.entries[t.slot].Name), t.parent.depth + 1
}

// A node is a directory from the time when it is listed to the time when its tree
// is made.
type node struct {
	todo
	path    mirror.Path
	depth   int
	entries []digest.Entry
	reason  digest.Reason
	missing int       // subdirectories without a summary, and 1 while they are looked at
	seen    time.Time // when it was listed itself
	listed  time.Time // the oldest listing in the subtree

	recalled []*node // subdirectories that were listed before, to go on with

	fresh  []finishedSlot // subdirectories that [Walk.Changes] has not told of
	told   bool           // whether Changes has told of the listing, or is not to
	inKept bool           // whether something may be kept of it, or directly below it
}

// A finishedSlot is a subdirectory that is finished, by its place among the entries.
type finishedSlot struct {
	slot   int
	sub    *digest.Summary
	listed time.Time
}

// settled notes what a subdirectory amounts to.
func (n *node) settled(slot int, sub *digest.Summary, listed time.Time) {
	n.entries[slot].Sub = sub
	if listed.Before(n.listed) {
		n.listed = listed
	}
}
