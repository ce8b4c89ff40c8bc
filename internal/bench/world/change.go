package world

import (
	"context"
	"fmt"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/store"
)

// A Change is a new snapshot of a site, which is not published yet.
type Change struct {
	Fresh Path // a file that is there only since then

	p      Params
	number int
	root   digest.Summary
	trees  []*digest.Tree
}

// Change makes a snapshot of a site that mirrors the archive, in which a share of the
// directories has changed since the last one. The first change has the number 1; the
// later ones build on it.
func (p Params) Change(site, number int, share float64) (*Change, error) {
	if p.role(site) != mirrors {
		return nil, fmt.Errorf("site %d does not mirror the archive", site)
	}
	s := p.holdings(site, newArchive(p, p.Size()))
	g := newGrower(func(*digest.Tree) error { return nil })
	for range number {
		if err := g.grow(s); err != nil { // what is known already
			return nil, err
		}
		s.change(share)
	}
	fresh := int32(0)
	for n := range s.dirs {
		if s.dirty[n] && s.dirs[n].kind == pkg {
			fresh = int32(n)
		}
	}
	c := &Change{p: p, number: number}
	g = newGrower(func(t *digest.Tree) error { c.trees = append(c.trees, t); return nil })
	err := g.grow(s)
	if err != nil {
		return nil, err
	}
	if c.root, err = p.root(g, s, site); err != nil {
		return nil, err
	}
	g.files(s, fresh)
	newest := g.entries[len(g.entries)-1].Name
	c.Fresh = Path{site, s.path(fresh).Join(newest), true}
	return c, nil
}

// Publish makes the snapshot the one in force.
func (c *Change) Publish(ctx context.Context, db *store.Store) error {
	if _, err := db.PutTrees(ctx, c.trees); err != nil {
		return err
	}
	return c.p.publish(ctx, db, c.Fresh.Site, c.root, 1+c.number)
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
