package resolver

import (
	"context"

	"mirrortracker/internal/resolver/segment"
)

// Hierarchies are shared by sites, and with the previous index, where root and
// base are equal.
type hierarchies struct {
	trees  *segment.Stack
	bounds bounds
	all    map[hierarchyKey]*hierarchy
}

type hierarchyKey struct {
	root segment.Number
	base string
}

func newHierarchies(trees *segment.Stack, prev *Index, b bounds) *hierarchies {
	h := &hierarchies{trees, b, map[hierarchyKey]*hierarchy{}}
	if prev != nil {
		for _, t := range prev.sites {
			if t.hierarchy != nil {
				h.all[hierarchyKey{t.hierarchy.root, t.URL.Base}] = t.hierarchy
			}
		}
	}
	return h
}

// of returns the hierarchy of a root below a base. The error is that of ctx.
func (h *hierarchies) of(ctx context.Context, root segment.Number, base string) (*hierarchy, error) {
	k := hierarchyKey{root, base}
	if found := h.all[k]; found != nil {
		return found, nil
	}
	made, err := newHierarchy(ctx, h.trees, root, base, h.bounds)
	if err != nil {
		return nil, err
	}
	h.all[k] = made
	return made, nil
}
