package lag

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/forest"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/store"
)

// What a directory must hold, one of the two, to count.
const (
	leastFiles = 8
	leastBytes = 1 << 20
)

// maxChildren is how many directories a directory may hold for them to be looked
// at: the parts of a mirrored archive are few.
const maxChildren = 1000

// maxKept is how many trees are kept in memory, at most.
const maxKept = 100_000

// A state is what a place held from a moment on.
type state struct {
	blind digest.Sum // absent where the directory is gone or does not count
	at    time.Time
}

// A track is one place over time.
type track struct {
	site   int
	path   mirror.Path
	states []state // oldest first; neighbours differ
}

func (t *track) add(s state) {
	n := len(t.states)
	if n == 0 && s.blind.Absent() || n > 0 && t.states[n-1].blind == s.blind {
		return
	}
	t.states = append(t.states, s)
}

// A tracker follows the directories of one site from snapshot to snapshot. It
// looks only into those that changed.
type tracker struct {
	src    forest.Source
	site   int
	depth  int
	nodes  map[digest.ID]*node // shared by all sites
	tracks map[mirror.Path]*track
}

// A node is a tree as far as it is of interest.
type node struct {
	digest.Summary
	children map[string]digest.ID
}

// nothing is a directory that is not there.
var nothing = &node{}

func (n *node) counts() bool { return n.Files >= leastFiles || n.Bytes >= leastBytes }

// follow goes from snapshot to snapshot, oldest first.
func (t *tracker) follow(ctx context.Context, snapshots []store.Snapshot) error {
	before := nothing
	for _, snap := range snapshots {
		found, err := t.load(ctx, []digest.ID{snap.Root})
		if err != nil {
			return err
		}
		after := found[snap.Root]
		if err := t.compare(ctx, mirror.Root, 0, before, after, snap.Finished); err != nil {
			return err
		}
		before = after
	}
	return nil
}

// compare notes what became of a directory and those below it.
func (t *tracker) compare(ctx context.Context, path mirror.Path, depth int, before, after *node, at time.Time) error {
	if before.ID == after.ID || !before.counts() && !after.counts() {
		return nil
	}
	t.note(path, after, at)
	if depth == t.depth {
		return nil
	}
	var names []string
	var ids []digest.ID
	for name := range union(before.children, after.children) {
		if old, now := before.children[name], after.children[name]; old != now {
			names = append(names, name)
			ids = append(ids, old, now)
		}
	}
	ids = slices.DeleteFunc(ids, func(id digest.ID) bool { return id == digest.ID{} })
	below, err := t.load(ctx, ids)
	if err != nil {
		return err
	}
	below[digest.ID{}] = nothing
	for _, name := range names {
		old, now := below[before.children[name]], below[after.children[name]]
		if err := t.compare(ctx, path.Join(name), depth+1, old, now, at); err != nil {
			return err
		}
	}
	return nil
}

func (t *tracker) note(path mirror.Path, n *node, at time.Time) {
	if t.tracks[path] == nil {
		t.tracks[path] = &track{site: t.site, path: path}
	}
	s := state{at: at}
	if n.counts() {
		s.blind = n.Blind
	}
	t.tracks[path].add(s)
}

// load returns trees by their identities.
func (t *tracker) load(ctx context.Context, ids []digest.ID) (map[digest.ID]*node, error) {
	found := make(map[digest.ID]*node, len(ids)+1)
	var missing []digest.ID
	for _, id := range ids {
		if n := t.nodes[id]; n != nil {
			found[id] = n
		} else {
			missing = append(missing, id)
		}
	}
	if len(missing) == 0 {
		return found, nil
	}
	if len(t.nodes)+len(missing) > maxKept {
		clear(t.nodes)
	}
	if err := t.src.Trees(ctx, missing, store.Branches, func(tree *digest.Tree) error {
		n := &node{Summary: tree.Summary, children: children(tree)}
		found[tree.ID], t.nodes[tree.ID] = n, n
		return nil
	}); err != nil {
		return nil, err
	}
	for _, id := range missing {
		if found[id] == nil {
			return nil, fmt.Errorf("tree %s: %w", id, store.ErrNoTree)
		}
	}
	return found, nil
}

// children returns the directories in a directory, none if there are too many.
func children(tree *digest.Tree) map[string]digest.ID {
	all := map[string]digest.ID{}
	for c := range tree.Children() {
		if len(all) == maxChildren {
			return nil
		}
		all[c.Name] = c.ID
	}
	return all
}

func union(a, b map[string]digest.ID) map[string]digest.ID {
	all := maps.Clone(a)
	if all == nil {
		all = map[string]digest.ID{}
	}
	maps.Copy(all, b)
	return all
}
