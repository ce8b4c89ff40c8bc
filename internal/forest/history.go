package forest

import (
	"context"
	"errors"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/store"
)

// A Turn is what a directory became from one snapshot to the next.
type Turn string

// The turns that a directory can take.
const (
	First      Turn = "first"      // there is no snapshot before
	Appeared   Turn = "appeared"   // it was not there before
	Changed    Turn = "changed"    // names or sizes are other ones
	Dates      Turn = "dates"      // nothing but dates
	Incomplete Turn = "incomplete" // it is not completely known any more, or what is known is another
	Complete   Turn = "complete"   // it is completely known again
	Gone       Turn = "gone"
)

// A Change is a snapshot in which a directory is not what it was in the one before.
type Change struct {
	Snapshot store.Snapshot
	Turn     Turn
	Tree     digest.Summary // of the directory; zero where it is gone
}

// History calls fn with the changes of a directory over a site's snapshots; both
// come newest first. Base is as that of a [Place]. It looks into no more snapshots
// than it needs for the changes that fn wants, which returns false when it has
// enough. A path that leads nowhere in all of the snapshots is a [Nowhere].
func History(ctx context.Context, src Source, base []string, snapshots []store.Snapshot, path mirror.Path, fn func(Change) (more bool, err error)) error {
	var later *digest.Summary // what it was in the snapshot after the one looked at
	var why error             // it is not in the one looked at last
	found := false
	for i, snap := range snapshots {
		earlier := later
		if i == 0 || snap.Root != snapshots[i-1].Root {
			if earlier, why = summaryOf(ctx, &Place{Source: src, Base: base, Root: snap.Root}, path); why != nil && !errors.As(why, new(Nowhere)) {
				return why
			}
		}
		found = found || earlier != nil
		if i > 0 {
			if turn := turnOf(earlier, later); turn != "" {
				if more, err := fn(change(snapshots[i-1], turn, later)); err != nil || !more {
					return err
				}
			}
		}
		later = earlier
	}
	if !found {
		return why
	}
	if later == nil {
		return nil
	}
	_, err := fn(change(snapshots[len(snapshots)-1], First, later))
	return err
}

// summaryOf returns what a path leads to; nil with the reason if that is nothing.
func summaryOf(ctx context.Context, p *Place, path mirror.Path) (*digest.Summary, error) {
	_, tree, err := p.Find(ctx, path)
	if err != nil {
		return nil, err
	}
	return &tree.Summary, nil
}

// turnOf says what a directory became; "" if it stayed what it was.
func turnOf(before, after *digest.Summary) Turn {
	switch {
	case before == nil && after == nil:
		return ""
	case before == nil:
		return Appeared
	case after == nil:
		return Gone
	case before.ID == after.ID, !after.Exact.Absent() && after.Exact == before.Exact:
		return ""
	case after.Blind.Absent():
		return Incomplete
	case before.Blind.Absent():
		return Complete
	case before.Blind != after.Blind:
		return Changed
	case before.Exact != after.Exact:
		return Dates
	}
	return ""
}

func change(snap store.Snapshot, turn Turn, tree *digest.Summary) Change {
	c := Change{Snapshot: snap, Turn: turn}
	if tree != nil {
		c.Tree = *tree
	}
	return c
}
