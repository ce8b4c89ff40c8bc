package world

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/store"
)

// Written says what was written.
type Written struct {
	Sites    int     `json:"sites"`
	Places   int64   `json:"places"`   // directories, counted over the sites
	Distinct int64   `json:"distinct"` // trees
	Files    int64   `json:"files"`    // counted over the sites
	Seconds  float64 `json:"seconds"`
}

// Write writes the world into an empty database. It says now and then how far it has come.
func (p Params) Write(ctx context.Context, db *store.Store, say func(format string, args ...any)) (Written, error) {
	return p.write(ctx, db, say, p.Sites)
}

// WriteMirrors writes only the sites that mirror the archive.
func (p Params) WriteMirrors(ctx context.Context, db *store.Store, say func(format string, args ...any)) (Written, error) {
	return p.write(ctx, db, say, p.Mirrors())
}

// write writes the first sites of the world.
func (p Params) write(ctx context.Context, db *store.Store, say func(format string, args ...any), sites int) (Written, error) {
	if err := p.Validate(); err != nil {
		return Written{}, err
	}
	began := time.Now()
	w := &writer{p: p, db: db, say: say, trees: make(chan []*digest.Tree, 4), roots: make([]digest.Summary, sites)}
	group, both := errgroup.WithContext(ctx)
	group.Go(func() error {
		defer close(w.trees)
		return w.grow(both)
	})
	group.Go(func() error { return w.put(both) })
	if err := group.Wait(); err != nil {
		return Written{}, err
	}
	done := Written{Sites: sites, Distinct: w.distinct}
	for i, root := range w.roots {
		if err := p.publish(ctx, db, i, root, 1); err != nil {
			return Written{}, err
		}
		done.Places += root.Dirs + 1
		done.Files += root.Files
	}
	done.Seconds = time.Since(began).Seconds()
	return done, nil
}

// A writer writes a world.
type writer struct {
	p        Params
	db       *store.Store
	say      func(format string, args ...any)
	trees    chan []*digest.Tree
	roots    []digest.Summary // of the sites
	distinct int64
}

// grow makes all trees. The archive and those that hold of it are one piece of work, and
// so is each group.
func (w *writer) grow(ctx context.Context) error {
	var archive, solitaries []int
	groups := map[uint64][]int{}
	for site := range w.roots {
		switch w.p.role(site) {
		case mirrors, partial:
			archive = append(archive, site)
		case groupies:
			seed := w.p.groupSeed(site)
			groups[seed] = append(groups[seed], site)
		case solitary:
			solitaries = append(solitaries, site)
		}
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	if archive != nil { // the longest, so it comes first
		group.Go(func() error { return w.archive(ctx, archive) })
	}
	for seed, sites := range groups {
		group.Go(func() error { return w.group(ctx, seed, sites) })
	}
	for _, site := range solitaries {
		group.Go(func() error { return w.solitary(ctx, site) })
	}
	return group.Wait()
}

// groupSeed returns what the sites of a group have in common.
func (p Params) groupSeed(site int) uint64 {
	return uint64(p.random("group", (site-11*p.Sites/20)/groupSize))
}

// growTo starts growing trees for the writer; end sends the last of them.
func (w *writer) growTo(ctx context.Context) (g *grower, end func() error) {
	var batch []*digest.Tree
	send := func() error {
		select {
		case w.trees <- batch:
			batch = nil
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return newGrower(func(t *digest.Tree) error {
		if batch = append(batch, t); len(batch) < sentAtOnce {
			return nil
		}
		return send()
	}), send
}

const (
	sentAtOnce = 1000
	// putAtOnce is how many trees are put in the order of their identities, so that the
	// index of the database grows in one direction for a while.
	putAtOnce = 200_000
)

// put puts trees into the database.
func (w *writer) put(ctx context.Context) error {
	var pending []*digest.Tree
	put := func() error {
		n, err := w.db.PutTrees(ctx, pending)
		w.distinct += int64(n)
		w.say("%d trees written", w.distinct)
		clear(pending)
		pending = pending[:0]
		return err
	}
	for batch := range w.trees {
		if pending = append(pending, batch...); len(pending) >= putAtOnce {
			if err := put(); err != nil {
				return err
			}
		}
	}
	return put()
}

// archive grows the archive in all of its states, and what its mirrors make of it.
func (w *writer) archive(ctx context.Context, sites []int) error {
	g, end := w.growTo(ctx)
	s := newArchive(w.p, w.p.Size()).first()
	for {
		if err := g.grow(s); err != nil {
			return err
		}
		for _, site := range sites {
			if w.p.lag(site, archiveStates) != archiveStates-1-s.number {
				continue
			}
			var err error
			if w.roots[site], err = w.p.root(g, s, site); err != nil {
				return err
			}
		}
		if s.number == archiveStates-1 {
			return end()
		}
		s.next()
	}
}

// group grows what the sites of a group hold.
func (w *writer) group(ctx context.Context, seed uint64, sites []int) error {
	g, end := w.growTo(ctx)
	s := newProjects(seed, w.p.Size()).first()
	for {
		if err := g.grow(s); err != nil {
			return err
		}
		for _, site := range sites {
			if w.p.lag(site, groupStates) == groupStates-1-s.number {
				w.roots[site] = s.sums[0]
			}
		}
		if s.number == groupStates-1 {
			return end()
		}
		s.next()
	}
}

// solitary grows what one site holds.
func (w *writer) solitary(ctx context.Context, site int) error {
	g, end := w.growTo(ctx)
	s := newProjects(w.p.ownSeed(site), w.p.Size()).first()
	if err := g.grow(s); err != nil {
		return err
	}
	w.roots[site] = s.sums[0]
	return end()
}

func (p Params) ownSeed(site int) uint64 { return uint64(p.random("own", site)) }

// root makes the root of a site that has the archive, or a part of it, in a state.
func (p Params) root(g *grower, s *state, site int) (digest.Summary, error) {
	if p.role(site) == partial {
		main := s.paths[mainDir]
		own := newProjects(p.ownSeed(site), p.ownSize(s.hierarchy)).first()
		if err := g.grow(own); err != nil {
			return digest.Summary{}, err
		}
		return g.with(own, 0, digest.Entry{Name: partName, Kind: digest.Dir, Sub: &s.sums[main]})
	}
	if site%2 == 0 {
		return s.sums[0], nil
	}
	return g.with(s, s.paths[traceDir], p.trace(site))
}

// partName is how the directory of the archive is called where there is only that.
const partName = "debian-main"

// trace is the file that a mirror adds to the archive.
func (p Params) trace(site int) digest.Entry {
	return digest.Entry{Name: p.site(site).URL.Host, Kind: digest.File, Size: int64(400 + site), Date: 20261101}
}

// publish makes a site's root the one in force, as a crawl does.
func (p Params) publish(ctx context.Context, db *store.Store, number int, root digest.Summary, crawl int) error {
	site := p.site(number)
	if err := db.PutSite(ctx, site); err != nil {
		return err
	}
	lease, err := db.Acquire(ctx, store.SiteLease(site.ID()), "bench", time.Minute)
	if err != nil {
		return err
	}
	at := crawledAt.Add(time.Duration(crawl)*time.Hour + time.Duration(number)*time.Second)
	if _, err := db.Publish(ctx, lease, store.Snapshot{
		Site: site.ID(), Root: root.ID, Totals: root.Totals, Started: at, Finished: at.Add(time.Minute),
	}); err != nil {
		return fmt.Errorf("%s: %w", site.Name, err)
	}
	return db.Release(ctx, lease)
}

// crawledAt is when the first site was crawled.
var crawledAt = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
