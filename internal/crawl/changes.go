package crawl

import (
	"time"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
)

// A Finished is a subtree whose tree is done, and when the oldest listing in it
// was made.
type Finished struct {
	Path    mirror.Path
	Summary digest.Summary
	Listed  time.Time
}

// An Open is a directory that is listed completely, while something below it is still to
// do. Its entries are the walk's: they must not be changed, and no Sub be read.
type Open struct {
	Path    mirror.Path
	Entries []digest.Entry
	Listed  time.Time
}

// Changes are what a crawl that goes on where a walk breaks off has to know more than
// was told before: subtrees that are finished while what is above them is not, and
// directories that are open. What was told of a closed directory and directly below it
// is of no more use, since it is part of a finished subtree itself. The trees of
// all that is finished have been handed to the sink.
type Changes struct {
	Finished []Finished
	Open     []Open
	Closed   []mirror.Path
}

// Changes returns what has changed since it was called last. It holds up the walk for a
// moment only, however much that is.
func (r *Walk) Changes() (c Changes) {
	type news struct {
		*node
		fresh []finishedSlot
		open  bool
	}
	r.walk.mu.Lock()
	all := make([]news, 0, len(r.walk.changed))
	for n := range r.walk.changed {
		all = append(all, news{n, n.fresh, !n.told})
		n.fresh, n.told, n.inKept = nil, true, true
	}
	clear(r.walk.changed)
	c.Closed, r.walk.closed = r.walk.closed, nil
	r.walk.mu.Unlock()

	for _, n := range all {
		if n.open {
			c.Open = append(c.Open, Open{Path: n.path, Entries: n.entries, Listed: n.seen})
		}
		for _, f := range n.fresh {
			c.Finished = append(c.Finished, Finished{Path: n.path.Join(n.entries[f.slot].Name), Summary: *f.sub, Listed: f.listed})
		}
	}
	return c
}

// close notes that a directory is finished, other than the root: when that is, all that
// was told stays of use until the crawl is published.
func (w *walk) close(n *node) {
	delete(w.changed, n)
	n.fresh = nil
	if n.inKept {
		w.closed = append(w.closed, n.path)
	}
}
