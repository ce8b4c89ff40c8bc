package resolver

import (
	"context"
	"runtime"
	"time"

	"mirrortracker/internal/resolver/segment"
)

// Segments are merged so that each is more than twice as large as all younger
// ones together, of which there are then few, and none of the work for a tree is
// done more often than the logarithm of their number says. When as many trees
// have come as a quarter of those that were there, all are merged, and the trees
// go that nobody holds any more.

// maxSegments is how many there are at most, once they have been tended to.
const maxSegments = 8

// mergeFrom returns the oldest of the segments that are to be merged with all
// younger ones, if any are. Sound is how many trees there were after the last
// time that all were merged, or 0.
func mergeFrom(s *segment.Stack, sound int) (from int, ok bool) {
	n := s.Segments()
	if n > 1 && sound > 0 && s.Len()-sound > sound/4 {
		return 0, true
	}
	from, younger := n, 0
	for i := n - 1; i >= 0; i-- {
		size := s.Segment(i).Len()
		if i < n-1 && size <= 2*younger || n-i > maxSegments {
			from = i
		}
		younger += size
	}
	return from, from < n
}

// tend merges segments of the index in force and saves it, in the background. A new index
// has enough to do, as it knows of no path yet: unless it is calm or there are too many
// segments, they are left for the next time.
func (l *Live) tend(ctx context.Context, calm bool) {
	if !l.tending.TryLock() {
		return
	}
	x := l.current.Load()
	if x == nil || x == l.tended {
		l.tending.Unlock()
		return
	}
	l.background.Go(func() {
		defer l.tending.Unlock()
		if l.sound == 0 {
			l.sound = x.Trees()
		}
		from, merging := mergeFrom(x.trees, l.sound)
		if !calm && merging && x.trees.Segments() <= maxSegments {
			l.save()
			return
		}
		l.tended = x
		if merging {
			if merged, err := l.merge(ctx, x, from); err == nil {
				l.tended = merged
			} else if ctx.Err() == nil {
				l.log.Warn("segments of the index cannot be merged", "err", err)
			}
		}
		l.save()
		old := int64(0) // bytes that were merged
		for i := from; i < x.trees.Segments(); i++ {
			old += x.trees.Segment(i).Bytes()
		}
		x = nil
		if old > unmapAtOnce {
			unmapOld()
		}
	})
}

// unmapAtOnce is how much is not left to be unmapped when the collector comes by, in
// bytes.
const unmapAtOnce = 64 << 20

// unmapOld lets segments go that were in force until now. The collector would
// come by itself, but in a process with little to do only after minutes, for
// which there would be two copies; and pools keep what is in them through one
// collection.
func unmapOld() {
	runtime.GC()
	runtime.GC()
}

// merge puts an index with merged segments into the place of one, if that is still
// in force, and returns it. If there is a newer one, what is new in it is loaded
// once more, on top of the merged segments.
func (l *Live) merge(ctx context.Context, x *Index, from int) (*Index, error) {
	began := time.Now()
	trees, numbers, err := segment.Merge(ctx, x.trees, from, x.allRoots(), segment.Options{Dir: l.keeper.Dir(), MaxHeight: l.opts.bounds.depth})
	if err != nil {
		return nil, err
	}
	merged, err := x.renumbered(ctx, trees, numbers)
	if err != nil {
		return nil, err
	}
	l.checking.Lock()
	defer l.checking.Unlock()
	if now := l.current.Load(); now != x {
		merged, err = l.loader(merged).index(ctx, l.state)
		l.loading(nil)
		if err != nil {
			return nil, err
		}
		if len(merged.problems) > len(now.problems) { // the source is away: what is in force is worth more
			return nil, merged.problems[0].Err
		}
	}
	if from == 0 {
		l.sound = trees.Len()
	}
	l.put(merged)
	l.log.Info("segments merged", "segments", trees.Segments(), "trees", trees.Len(), "before", x.trees.Len(), "took", time.Since(began))
	return merged, nil
}

// save keeps the index in force for the next process.
func (l *Live) save() {
	x := l.current.Load()
	if err := l.keeper.save(x, l.sound, time.Now()); err != nil {
		l.log.Warn("index cannot be saved", "dir", l.keeper.Dir(), "err", err)
	}
}

// allRoots returns the roots of all sites.
func (x *Index) allRoots() []segment.Number {
	all := make([]segment.Number, 0, len(x.roots))
	for n := range x.roots {
		all = append(all, n)
	}
	return all
}

// renumbered returns the index with its trees in a merged stack.
func (x *Index) renumbered(ctx context.Context, trees *segment.Stack, numbers *segment.Renumbering) (*Index, error) {
	held := make([]holding, len(x.sites))
	links := hierarchies{trees, x.opts.bounds, map[hierarchyKey]*hierarchy{}}
	for i, t := range x.sites {
		if t.hierarchy == nil {
			continue
		}
		root, ok := numbers.New(t.hierarchy.root)
		held[i] = holding{t.snapshot, root, ok}
		if k := (hierarchyKey{root, t.URL.Base}); links.all[k] == nil {
			links.all[k] = t.hierarchy.renumbered(numbers)
		}
	}
	next, err := newIndex(ctx, x.roster, held, &links, x.opts)
	if err == nil {
		next.problems, next.large = x.problems, x.large
	}
	return next, err
}
