package world

import (
	"context"
	"fmt"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/store"
)

// Change publishes a new snapshot of a site that mirrors the archive, in which a share of
// the directories has changed since the last one. The first change has the number 1; the
// later ones build on it. It returns a file that is there since then.
func (p Params) Change(ctx context.Context, db *store.Store, site, number int, share float64) (Path, error) {
	if p.role(site) != mirrors {
		return Path{}, fmt.Errorf("site %d does not mirror the archive", site)
	}
	s := p.holdings(site, newArchive(p, p.Size()))
	g := newGrower(func(*digest.Tree) error { return nil })
	for range number {
		if err := g.grow(s); err != nil { // what is known already
			return Path{}, err
		}
		s.change(share)
	}
	var changed int32
	for n := range s.dirs {
		if s.dirty[n] && s.dirs[n].kind == pkg {
			changed = int32(n)
		}
	}
	var trees []*digest.Tree
	g = newGrower(func(t *digest.Tree) error { trees = append(trees, t); return nil })
	if err := g.grow(s); err != nil {
		return Path{}, err
	}
	root, err := p.root(g, s, site)
	if err != nil {
		return Path{}, err
	}
	if _, err := db.PutTrees(ctx, trees); err != nil {
		return Path{}, err
	}
	g.entries = g.entries[:0]
	g.files(s, changed)
	newest := g.entries[len(g.entries)-1].Name
	return Path{site, s.path(changed).Join(newest), true}, p.publish(ctx, db, site, root, 1+number)
}

// Twin adds a site with a number of its own, from Sites on, that holds what a site holds.
func (p Params) Twin(ctx context.Context, db *store.Store, number, of int) error {
	id := p.site(of).ID()
	all, err := db.Current(ctx)
	if err != nil {
		return err
	}
	for _, snap := range all {
		if snap.Site == id {
			return p.publish(ctx, db, number, digest.Summary{ID: snap.Root, Totals: snap.Totals}, 1)
		}
	}
	return fmt.Errorf("site %d has no snapshot", of)
}
