package resolver

import (
	"context"
	"fmt"
	"maps"
	"time"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/store"
)

const (
	// batch is how many trees are read at a time, so that no transaction of
	// the source is long.
	batch = 500
	// callTimeout bounds every single call of the source.
	callTimeout = time.Minute
)

// A loader reads the trees that no index holds yet.
type loader struct {
	src  Source
	held map[digest.ID]*node // whole trees: all that is below them is held too
}

func newLoader(src Source, prev *Index) *loader {
	l := &loader{src: src, held: map[digest.ID]*node{}}
	if prev != nil {
		for _, n := range prev.graph.nodes {
			l.held[n.ID] = n
		}
	}
	return l
}

// tree returns the tree of an identity with all that is below it. It reads
// level by level, since each level names the next. Of a tree that cannot be
// had whole nothing is kept.
func (l *loader) tree(ctx context.Context, root digest.ID) (*node, error) {
	if n := l.held[root]; n != nil {
		return n, nil
	}
	fresh := map[digest.ID]*node{}
	var level []digest.ID
	resolve := func(id digest.ID) *node {
		if n := l.held[id]; n != nil {
			return n
		}
		n := fresh[id]
		if n == nil {
			n = new(node)
			fresh[id] = n
			level = append(level, id)
		}
		return n
	}
	top := resolve(root)
	for len(level) > 0 {
		ids := level
		level = nil
		for len(ids) > 0 {
			some := ids[:min(batch, len(ids))]
			ids = ids[len(some):]
			if err := l.read(ctx, some, fresh, resolve); err != nil {
				return nil, err
			}
		}
	}
	if err := top.finish(); err != nil {
		return nil, err
	}
	maps.Copy(l.held, fresh)
	return top, nil
}

func (l *loader) read(ctx context.Context, ids []digest.ID, fresh map[digest.ID]*node, resolve func(digest.ID) *node) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	err := l.src.Trees(ctx, ids, store.Branches|store.Leaves, func(t *digest.Tree) error {
		n := fresh[t.ID]
		if n == nil || n.stage != named {
			return fmt.Errorf("tree %s came unasked", t.ID)
		}
		n.fill(t, resolve)
		return nil
	})
	if err != nil {
		return fmt.Errorf("read %d trees: %w", len(ids), err)
	}
	for _, id := range ids {
		if fresh[id].stage == named {
			return fmt.Errorf("tree %s is missing", id)
		}
	}
	return nil
}

// finish marks the trees that have links at or below them, and refuses a tree
// that stands below itself, which only a damaged source can tell of and which
// would have no end. Trees that were finished before are left alone, because
// indexes share them.
func (n *node) finish() error {
	switch n.stage {
	case whole:
		return nil
	case open:
		return fmt.Errorf("tree %s stands below itself", n.ID)
	}
	n.stage = open
	n.linked = len(n.links) > 0
	for _, c := range n.children {
		if err := c.finish(); err != nil {
			return err
		}
		n.linked = n.linked || c.linked
	}
	n.stage = whole
	return nil
}
