package resolver

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
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
	src    Source
	bounds bounds
	held   map[digest.ID]*node // whole trees: all that is below them is held too
	// Roots with trees beyond the bounds. Since trees never change, they are
	// not read again.
	refused map[digest.ID]error
}

func newLoader(src Source, prev *Index, b bounds) *loader {
	l := &loader{src: src, bounds: b, held: map[digest.ID]*node{}, refused: map[digest.ID]error{}}
	if prev != nil {
		maps.Copy(l.refused, prev.refused)
		for _, n := range prev.graph.nodes {
			l.held[n.ID] = n
		}
	}
	return l
}

// A boundError says that a site's trees are beyond a bound.
type boundError string

func (e boundError) Error() string { return string(e) }

// final reports whether an error of a loader will be the same for ever.
func final(err error) bool {
	_, beyond := errors.AsType[boundError](err)
	return beyond
}

// tree returns the tree of an identity with all that is below it.
func (l *loader) tree(ctx context.Context, root digest.ID) (*node, error) {
	if n := l.held[root]; n != nil {
		return n, nil
	}
	if err := l.refused[root]; err != nil {
		return nil, err
	}
	n, err := l.load(ctx, root)
	if final(err) {
		l.refused[root] = err
	}
	return n, err
}

// load reads level by level, since each level names the next. Of a tree that
// cannot be had whole, or is beyond the bounds, nothing is kept.
func (l *loader) load(ctx context.Context, root digest.ID) (*node, error) {
	s := &loading{loader: l, fresh: map[digest.ID]*node{}, counted: map[*node]bool{}}
	top := s.node(root)
	for depth := 0; len(s.level) > 0; depth++ {
		if depth > l.bounds.depth {
			return nil, l.tooDeep()
		}
		level := s.level
		s.level = nil
		for ids := range slices.Chunk(level, batch) {
			if err := s.read(ctx, ids); err != nil {
				return nil, err
			}
		}
	}
	if err := l.finish(top, 0); err != nil {
		return nil, err
	}
	maps.Copy(l.held, s.fresh)
	return top, nil
}

// A loading is the trees of one site while they are read.
type loading struct {
	*loader
	fresh   map[digest.ID]*node // those that no index holds yet
	level   []digest.ID         // of those, the ones to be read next
	counted map[*node]bool      // held trees that are in bytes
	bytes   int64               // about what all trees of the site take, as far as they are known
}

// node returns the node of a tree, which is read later if it is not held.
func (s *loading) node(id digest.ID) *node {
	if n := s.held[id]; n != nil {
		s.count(n)
		return n
	}
	n := s.fresh[id]
	if n == nil {
		n = new(node)
		s.fresh[id] = n
		s.level = append(s.level, id)
	}
	return n
}

// count adds a held tree and those below it to the bytes, once.
func (s *loading) count(n *node) {
	if s.counted[n] || s.bytes > s.bounds.siteBytes {
		return
	}
	s.counted[n] = true
	s.bytes += n.bytes()
	for _, c := range n.children {
		s.count(c.node)
	}
}

func (s *loading) read(ctx context.Context, ids []digest.ID) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	err := s.src.Trees(ctx, ids, store.Branches|store.Leaves, func(t *digest.Tree) error {
		n := s.fresh[t.ID]
		if n == nil || n.stage != named {
			return fmt.Errorf("tree %s came unasked", t.ID)
		}
		n.fill(t, s.node)
		s.bytes += n.bytes()
		if s.bytes > s.bounds.siteBytes {
			return boundError(fmt.Sprintf("trees of more than %d bytes", s.bounds.siteBytes))
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("read %d trees: %w", len(ids), err)
	}
	for _, id := range ids {
		if s.fresh[id].stage == named {
			return fmt.Errorf("tree %s is missing", id)
		}
	}
	return nil
}

// finish marks the trees that have links at or below them, and refuses a tree
// that stands too deep, or below itself, which only a damaged source can tell of
// and which would have no end. Trees that were finished before are left alone,
// because indexes share them.
func (l *loader) finish(n *node, depth int) error {
	switch {
	case n.stage == open:
		return fmt.Errorf("tree %s stands below itself", n.ID)
	case depth+int(n.height) > l.bounds.depth:
		return l.tooDeep()
	case n.stage == whole:
		return nil
	}
	n.stage = open
	n.linked = len(n.links) > 0
	for _, c := range n.children {
		if err := l.finish(c.node, depth+1); err != nil {
			return err
		}
		n.linked = n.linked || c.linked
		n.height = max(n.height, c.height+1)
	}
	n.stage = whole
	return nil
}

func (l *loader) tooDeep() error {
	return boundError(fmt.Sprintf("more than %d directories below each other", l.bounds.depth))
}
