// Package forest reads trees by their identities: it finds a directory by its
// path, through links, walks all directories below one, and compares two. It holds
// one path's worth of trees at a time, and asks its source for many at once where
// it can, so that it serves for databases of any size.
package forest

import (
	"context"
	"fmt"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/store"
)

// A Source is where trees are: the store, or memory. Trees calls fn with each of the
// trees that is there, once, in any order; those that are not are passed over.
type Source interface {
	Trees(ctx context.Context, ids []digest.ID, parts store.Parts, fn func(*digest.Tree) error) error
}

var _ Source = (*store.Store)(nil)

// chunk is how many trees are asked for at a time.
const chunk = 500

// load returns one tree.
func load(ctx context.Context, src Source, id digest.ID, parts store.Parts) (tree *digest.Tree, err error) {
	err = src.Trees(ctx, []digest.ID{id}, parts, func(t *digest.Tree) error { tree = t; return nil })
	if err == nil && tree == nil {
		err = fmt.Errorf("tree %s: %w", id, store.ErrNoTree)
	}
	return tree, err
}
