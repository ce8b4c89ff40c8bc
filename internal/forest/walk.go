package forest

import (
	"context"
	"fmt"
	"slices"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/store"
)

// Walk calls fn with a directory and all below it, parents first, names sorted.
// Only the branches of the trees are loaded.
func Walk(ctx context.Context, src Source, path mirror.Path, tree *digest.Tree, fn func(mirror.Path, *digest.Tree) error) error {
	if err := fn(path, tree); err != nil {
		return err
	}
	for some := range slices.Chunk(slices.Collect(tree.Children()), chunk) {
		ids := make([]digest.ID, len(some))
		for i, c := range some {
			ids[i] = c.ID
		}
		found := make(map[digest.ID]*digest.Tree, len(some))
		if err := src.Trees(ctx, ids, store.Branches, func(t *digest.Tree) error { found[t.ID] = t; return nil }); err != nil {
			return err
		}
		for _, c := range some {
			below := found[c.ID]
			if below == nil {
				return fmt.Errorf("tree %s of %s: %w", c.ID, path.Join(c.Name).Dir(), store.ErrNoTree)
			}
			if err := Walk(ctx, src, path.Join(c.Name), below, fn); err != nil {
				return err
			}
		}
	}
	return nil
}
