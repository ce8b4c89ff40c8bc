package pack

import (
	"context"
	"fmt"
	"io"
	"slices"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/forest"
	"mirrortracker/internal/store"
)

// A Source is where trees are, see [forest.Source].
type Source = forest.Source

const (
	chunk = 500 // trees that are read at a time while a hierarchy is walked
	batch = 200 // trees that are held whole at a time
)

// Export writes the pack of a snapshot, whose trees are in src. Of what stands below the
// header's bases nothing is written but how it differs; a base that src does not have is
// an error, [store.ErrNoTree]. It returns how many trees the pack has.
//
// It holds the branches of one path's worth of directories, some two hundred
// directories whole, and about thirty bytes for each tree of the pack and of the bases.
func Export(ctx context.Context, w io.Writer, src Source, h Header) (trees int64, err error) {
	out, err := newWriter(w, &h)
	if err != nil {
		return 0, fmt.Errorf("export %s: %w", h.Site.URL, err)
	}
	defer out.release()
	x := &exporter{ctx: ctx, src: src, out: out, known: map[shortID]bool{}}
	if err := x.export(&h); err != nil {
		return 0, fmt.Errorf("export %s: %w", h.Site.URL, err)
	}
	return out.trees, nil
}

type exporter struct {
	ctx   context.Context
	src   Source
	out   *writer
	known map[shortID]bool // what stands below the bases
	queue []pair           // trees with a place, to be written
}

// A pair is a tree, and the one that stood at its path before; that may be the zero ID.
type pair struct{ id, base digest.ID }

func (x *exporter) export(h *Header) error {
	if err := x.know(h.Bases); err != nil {
		return err
	}
	if !x.known[short(h.Root)] {
		root := pair{id: h.Root}
		if len(h.Bases) > 0 {
			root.base = h.Bases[0]
		}
		below, err := x.branches(root.id, root.base)
		if err != nil {
			return err
		}
		if err := x.walk(root, below); err != nil {
			return err
		}
	}
	if err := x.flush(); err != nil {
		return err
	}
	return x.out.close()
}

// know collects what stands below the bases, level by level.
func (x *exporter) know(level []digest.ID) error {
	for len(level) > 0 {
		var fresh []digest.ID
		for _, id := range level {
			if !x.known[short(id)] {
				x.known[short(id)] = true
				fresh = append(fresh, id)
			}
		}
		level = nil
		for some := range slices.Chunk(fresh, chunk) {
			found := 0
			err := x.src.Trees(x.ctx, some, store.Branches, func(t *digest.Tree) error {
				found++
				for c := range t.Children() {
					level = append(level, c.ID)
				}
				return nil
			})
			if err != nil {
				return err
			}
			if found < len(some) {
				return fmt.Errorf("below the bases: %w", store.ErrNoTree)
			}
		}
	}
	return nil
}

// branches reads the branches of trees, but for the zero ID.
func (x *exporter) branches(ids ...digest.ID) (map[digest.ID]*digest.Tree, error) {
	return x.trees(ids, store.Branches)
}

func (x *exporter) trees(ids []digest.ID, parts store.Parts) (map[digest.ID]*digest.Tree, error) {
	ids = slices.DeleteFunc(ids, digest.ID.IsZero)
	found := make(map[digest.ID]*digest.Tree, len(ids))
	if err := x.src.Trees(x.ctx, ids, parts, func(t *digest.Tree) error { found[t.ID] = t; return nil }); err != nil {
		return nil, err
	}
	for _, id := range ids {
		if found[id] == nil {
			return nil, fmt.Errorf("tree %s: %w", id, store.ErrNoTree)
		}
	}
	return found, nil
}

// walk gives places to all that is new below a tree, and then to itself. The branches of
// the pair are among those read.
func (x *exporter) walk(p pair, read map[digest.ID]*digest.Tree) error {
	was := map[string]digest.ID{}
	if base := read[p.base]; base != nil {
		for c := range base.Children() {
			was[c.Name] = c.ID
		}
	}
	var below []pair
	for c := range read[p.id].Children() {
		if !x.known[short(c.ID)] && !x.out.has(c.ID) {
			below = append(below, pair{c.ID, was[c.Name]})
		}
	}
	for some := range slices.Chunk(below, chunk) {
		ids := make([]digest.ID, 0, 2*len(some))
		for _, b := range some {
			ids = append(ids, b.id, b.base)
		}
		branches, err := x.branches(ids...)
		if err != nil {
			return err
		}
		for _, b := range some {
			if x.out.has(b.id) {
				continue // met again below a sister
			}
			if err := x.walk(b, branches); err != nil {
				return err
			}
		}
	}
	x.out.reserve(p.id)
	if x.queue = append(x.queue, p); len(x.queue) >= batch {
		return x.flush()
	}
	return nil
}

// flush writes the trees that wait.
func (x *exporter) flush() error {
	ids := make([]digest.ID, 0, 2*len(x.queue))
	for _, p := range x.queue {
		ids = append(ids, p.id, p.base)
	}
	whole, err := x.trees(ids, store.Branches|store.Leaves)
	if err != nil {
		return err
	}
	for _, p := range x.queue {
		if err := x.out.put(whole[p.id], whole[p.base]); err != nil {
			return err
		}
	}
	x.queue = x.queue[:0]
	return nil
}
