package storetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/store"
)

// Sites are crawled again and again, and hold in turn what they held before,
// while snapshots are pruned and trees collected: every snapshot is whole at
// all times.
func collectWhileCrawling(t *testing.T, w *world) {
	const sites, crawls = 4, 20
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	stores := []*store.Store{w.Store, Open(t, w.url)}
	var crawlers, others errgroup.Group
	var tracked []mirror.Site
	for i := range sites {
		s := site(t, fmt.Sprint("site", i))
		w.put(t, s)
		tracked = append(tracked, s)
	}
	for i, s := range tracked {
		c := &revisitor{Store: stores[i%2], site: s.ID(), random: rand.New(rand.NewPCG(uint64(i), 1)), digester: digest.NewDigester()}
		crawlers.Go(func() error {
			for range crawls {
				if err := c.crawl(ctx); err != nil {
					return fmt.Errorf("crawl %s: %w", s.Name, err)
				}
			}
			return nil
		})
	}
	others.Go(func() error {
		for ctx.Err() == nil {
			for _, s := range tracked {
				if err := wholeNow(ctx, stores[0], s.ID()); err != nil && ctx.Err() == nil {
					return err
				}
			}
		}
		return nil
	})
	var deleted, pardoned atomic.Int64
	others.Go(func() error {
		for ctx.Err() == nil {
			if _, err := stores[1].Prune(ctx, store.Keep{Newest: 1, After: time.Now()}); err != nil && ctx.Err() == nil {
				return err
			}
			got, err := stores[1].Collect(ctx, store.CollectConfig{Owner: "collector", Wait: 10 * time.Millisecond})
			deleted.Add(got.Deleted)
			pardoned.Add(got.Pardoned)
			if err != nil && ctx.Err() == nil {
				return err
			}
			if got.Missing > 0 {
				return fmt.Errorf("%d trees are missing", got.Missing)
			}
		}
		return nil
	})
	err := crawlers.Wait()
	stop()
	if err := errors.Join(err, others.Wait()); err != nil {
		t.Error(err)
	}
	for _, s := range tracked {
		if err := wholeNow(t.Context(), w.Store, s.ID()); err != nil {
			t.Error(err)
		}
	}
	if deleted.Load() == 0 || pardoned.Load() == 0 {
		t.Errorf("%d trees were deleted and %d pardoned: nothing was tried", deleted.Load(), pardoned.Load())
	}
}

// wholeNow checks the snapshot in force of a site, if it is still that afterwards.
func wholeNow(ctx context.Context, s *store.Store, site mirror.SiteID) error {
	before, err := s.History(ctx, site, 1)
	if err != nil || len(before) == 0 {
		return err
	}
	broken := whole(ctx, s, before[0].Root)
	if broken == nil {
		return nil
	}
	after, err := s.History(ctx, site, 1)
	if err == nil && after[0].Seq == before[0].Seq {
		err = fmt.Errorf("snapshot %d of site %s: %w", after[0].Seq, site, broken)
	}
	return err
}

// A revisitor crawls a site that has, each time, some of a few directories.
type revisitor struct {
	*store.Store
	site     mirror.SiteID
	random   *rand.Rand
	digester *digest.Digester
}

// crawl crawls once: it is interrupted now and then, and goes on from what it
// had saved, without putting that again.
func (r *revisitor) crawl(ctx context.Context) error {
	lease, err := r.Acquire(ctx, store.SiteLease(r.site), "crawler", long)
	if err != nil {
		return err
	}
	facts, known, err := r.Progress(ctx, r.site)
	if err != nil {
		return err
	}
	tops := map[string]*digest.Summary{}
	for _, p := range known.Finished {
		if err := r.Trees(ctx, []digest.ID{p.Tree}, 0, func(t *digest.Tree) error { tops[string(p.Path[1:])] = &t.Summary; return nil }); err != nil {
			return err
		}
	}
	for range 4 {
		word := fmt.Sprint(r.random.IntN(40)) // shared by all sites
		top, err := r.put(ctx, word)
		if err != nil {
			return err
		}
		tops[word] = top
		switch r.random.IntN(4) {
		case 0: // what was known is dropped, though it is still used
			saved := store.Progress{Path: mirror.Path("/" + word), Tree: top.ID, Listed: noon}
			if err := keep(ctx, r.Store, lease, r.site, facts, []store.Progress{saved}); err != nil {
				return err
			}
		case 1: // all of it goes before anything comes back
			facts += "x"
			if err := keep(ctx, r.Store, lease, r.site, facts, progressOf(tops)); err != nil {
				return err
			}
		}
	}
	if r.random.IntN(3) == 0 { // interrupted
		if err := keep(ctx, r.Store, lease, r.site, facts, progressOf(tops)); err != nil {
			return err
		}
		return r.Release(ctx, lease)
	}
	if err := r.publish(ctx, lease, tops); err != nil {
		return err
	}
	return r.Release(ctx, lease)
}

// put puts the trees of one of the directories, in batches, and returns it. Now and then
// it is used as it is there, as who receives what another tracker has found does.
func (r *revisitor) put(ctx context.Context, word string) (*digest.Summary, error) {
	leaf := r.digester.Tree([]digest.Entry{{Name: word, Kind: digest.File, Size: 1}}, digest.Complete)
	top := r.digester.Tree([]digest.Entry{{Name: word, Kind: digest.Dir, Sub: &leaf.Summary}}, digest.Complete)
	if r.random.IntN(3) == 0 {
		err := r.Keeper().Trees(ctx, []digest.ID{top.ID}, 0, func(*digest.Tree) error { return nil })
		if !errors.Is(err, store.ErrNoTree) {
			return &top.Summary, err
		}
	}
	for some := range slices.Chunk([]*digest.Tree{leaf, top}, 1+r.random.IntN(2)) {
		if _, err := r.PutTrees(ctx, some); err != nil {
			return nil, err
		}
	}
	return &top.Summary, nil
}

// publish publishes the directories, or sets them aside and has that accepted.
func (r *revisitor) publish(ctx context.Context, lease store.Lease, tops map[string]*digest.Summary) error {
	var entries []digest.Entry
	for name, sub := range tops {
		entries = append(entries, digest.Entry{Name: name, Kind: digest.Dir, Sub: sub})
	}
	entries, _ = digest.Clean(entries)
	root := r.digester.Tree(entries, digest.Complete)
	if _, err := r.PutTrees(ctx, []*digest.Tree{root}); err != nil {
		return err
	}
	snap := store.Snapshot{Site: r.site, Root: root.ID, Started: noon, Finished: noon}
	if r.random.IntN(4) > 0 {
		_, err := r.Publish(ctx, lease, snap)
		return err
	}
	if _, err := r.SetAside(ctx, lease, snap, "doubt"); err != nil {
		return err
	}
	if err := r.Release(ctx, lease); err != nil {
		return err
	}
	_, err := r.AcceptSuspect(ctx, r.site, "operator")
	return err
}

func progressOf(tops map[string]*digest.Summary) (all []store.Progress) {
	for name, sub := range tops {
		all = append(all, store.Progress{Path: mirror.Path("/" + name), Tree: sub.ID, Listed: noon})
	}
	return all
}
