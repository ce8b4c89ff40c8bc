package resolver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/resolver/segment"
)

const (
	// firstPart is how long sites that are loaded wait for the others, before
	// they go into force without them; later ones wait twice as long each time, so
	// that there are few segments in the end.
	firstPart = 10 * time.Second
	// tellEvery is how often a long loading is logged.
	tellEvery = 10 * time.Second
	// newerTries is how often a site is tried at once because a tree is missing
	// and there is a newer snapshot by now.
	newerTries = 3
)

// A Progress says how far a loading has come.
type Progress struct {
	Site  string // that is being loaded
	Done  int    // sites that are loaded or need no loading, and those that cannot be loaded
	Sites int    // of so many
	Trees int    // read so far
}

// A loader makes an index of a state, once.
type loader struct {
	src  Source
	opts Options
	dir  string // of the segments; "" for memory
	log  *slog.Logger
	prev *Index          // has the trees under the same numbers; may be nil
	part func(*Index)    // takes an index of which some sites are not loaded yet; nil if none is wanted
	tell func(*Progress) // takes how far it has come; or is nil

	trees *segment.Stack      // all that is held
	build *segment.Builder    // of the trees that are being added; nil if there are none
	added map[digest.ID]bool  // roots whose trees are being added
	want  []digest.ID         // for each site, the root that was loaded; zero if none
	large map[digest.ID]error // roots with trees beyond the bounds: since trees never change, they are not read again

	problems []Problem
	progress Progress
	parts    int       // that went into force
	began    time.Time // when the last part went into force, or the loading began
	told     time.Time // when it was last logged how far the loading has come
}

// Build makes an index of what the source holds now. It takes over from prev,
// which may be nil, all that did not change, and reads only trees that prev
// does not have. A site whose trees cannot be had keeps the snapshot that it
// has in prev, or goes without, and is told of in [Index.Problems]; an error
// means that there is no new index at all.
func Build(ctx context.Context, src Source, prev *Index, opts Options) (*Index, error) {
	s, err := readState(ctx, src)
	if err != nil {
		return nil, err
	}
	l := loader{src: src, opts: opts.withDefaults(), log: slog.New(slog.DiscardHandler), prev: prev}
	return l.index(ctx, s)
}

// index loads what is missing of a state.
func (l *loader) index(ctx context.Context, s state) (*Index, error) {
	defer l.drop()
	l.begin(s)
	for i := range s.sites {
		site := &s.sites[i]
		if _, crawled := s.current[site.ID()]; !crawled {
			continue
		}
		l.progress.Site, l.progress.Done = site.Name, i
		root, err := l.site(ctx, s, site.ID())
		if ctx.Err() != nil {
			return nil, fmt.Errorf("load site %s: %w", site.Name, ctx.Err())
		}
		if err != nil {
			l.fail(site, root, err)
			continue
		}
		l.want[i] = root
		if err := l.partly(ctx, s); err != nil {
			return nil, err
		}
	}
	x, err := l.finish(ctx, s)
	if err != nil {
		return nil, err
	}
	if len(l.problems) > 0 && x.Indexed() == 0 {
		return nil, fmt.Errorf("of %d sites none could be loaded: %w", len(l.problems), l.problems[0].Err)
	}
	return x, nil
}

func (l *loader) begin(s state) {
	l.added, l.large = map[digest.ID]bool{}, map[digest.ID]error{}
	l.want = make([]digest.ID, len(s.sites))
	l.progress.Sites = len(s.sites)
	l.began = time.Now()
	l.told = l.began
	if l.prev == nil {
		return
	}
	l.trees = l.prev.trees
	for _, snapshot := range s.current {
		if err := l.prev.large[snapshot.Root]; err != nil {
			l.large[snapshot.Root] = err
		}
	}
}

// fail notes that a site cannot be loaded.
func (l *loader) fail(site *mirror.Site, root digest.ID, err error) {
	if final(err) {
		l.large[root] = err
	}
	previous := l.prev.standing(site.ID()).whole
	l.problems = append(l.problems, Problem{site.Name, fmt.Errorf("load site %s: %w", site.Name, err), previous})
}

// site loads the trees of a site's snapshot, and returns its root. A snapshot may
// be gone before all of it is read, because there is a newer one, which is loaded
// then and put into the state.
func (l *loader) site(ctx context.Context, s state, id mirror.SiteID) (root digest.ID, err error) {
	for range newerTries {
		root = s.current[id].Root
		err = l.tree(ctx, root)
		if !errors.Is(err, errMissing) {
			return root, err
		}
		now, failed := readState(ctx, l.src)
		if newer, ok := now.current[id]; failed != nil || !ok || newer.Root == root {
			return root, err
		}
		s.current[id] = now.current[id]
	}
	return root, err
}

// tree adds the tree of an identity with all that is below it, unless it is held.
func (l *loader) tree(ctx context.Context, root digest.ID) error {
	if err := l.large[root]; err != nil {
		return err
	}
	if _, held := l.trees.Find(root); held || l.added[root] {
		return nil
	}
	if l.build == nil {
		b, err := segment.NewBuilder(l.trees, segment.Options{Dir: l.dir, MaxHeight: l.opts.bounds.depth})
		if err != nil {
			return err
		}
		l.build = b
	}
	err := l.read(ctx, root)
	if err == nil {
		err = l.build.Commit()
	}
	switch {
	case errors.Is(err, segment.ErrTooDeep):
		err = boundError(fmt.Sprintf("more than %d directories below each other", l.opts.bounds.depth))
	case errors.Is(err, segment.ErrMissing):
		err = fmt.Errorf("%w: %w", errMissing, err)
	}
	if err != nil {
		l.build.Rollback()
		return err
	}
	l.added[root] = true
	return nil
}

// partly puts the sites into force that are loaded, if the others take long.
func (l *loader) partly(ctx context.Context, s state) error {
	if l.part == nil || time.Since(l.began) < firstPart<<l.parts {
		return nil
	}
	x, err := l.finish(ctx, s)
	if err != nil {
		return err
	}
	l.part(x)
	l.prev, l.began = x, time.Now()
	l.parts++
	return nil
}

// finish makes an index of what was loaded so far. The other sites have in it
// what they have in the previous one.
func (l *loader) finish(ctx context.Context, s state) (*Index, error) {
	if err := l.push(ctx); err != nil {
		return nil, err
	}
	held := make([]holding, len(s.sites))
	for i := range s.sites {
		site := &s.sites[i]
		snapshot, crawled := s.current[site.ID()]
		if !crawled {
			continue
		}
		held[i] = l.prev.standing(site.ID())
		if l.want[i].IsZero() {
			continue
		}
		root, ok := l.trees.Find(l.want[i])
		if !l.prev.has(root) {
			err := measure(ctx, l.trees, root, l.opts.bounds.siteBytes)
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			if err != nil {
				l.fail(site, l.want[i], err)
				l.want[i] = digest.ID{}
				continue
			}
		}
		held[i] = holding{snapshot, root, ok}
	}
	x, err := newIndex(ctx, s.roster(l.prev), held, newHierarchies(l.trees, l.prev, l.opts.bounds), l.opts)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(l.problems, func(a, b Problem) int { return strings.Compare(a.Site, b.Site) })
	x.problems, x.large = slices.Clone(l.problems), l.large
	return x, nil
}

// push makes a segment of the trees that were added.
func (l *loader) push(ctx context.Context) error {
	defer l.drop()
	if l.build == nil || l.build.Len() == 0 {
		return nil
	}
	g, err := l.build.Finish(ctx)
	if err != nil {
		return err
	}
	trees, err := l.trees.Push(g)
	if err != nil {
		return err
	}
	trees.ReleaseIdentities()
	l.trees = trees
	return nil
}

// drop gives back the builder.
func (l *loader) drop() {
	if l.build != nil {
		l.build.Close()
		l.build = nil
	}
	clear(l.added)
}

// note logs and tells how far the loading has come.
func (l *loader) note() {
	p := l.progress
	if l.tell != nil {
		l.tell(&p)
	}
	if time.Since(l.told) >= tellEvery {
		l.told = time.Now()
		l.log.Info("loading the index", "site", p.Site, "done", p.Done, "sites", p.Sites, "trees", p.Trees)
	}
}

// errMissing says that a tree is not there.
var errMissing = errors.New("it is missing")

// A boundError says that a site's trees are beyond a bound.
type boundError string

func (e boundError) Error() string { return string(e) }

// final reports whether an error of a loader will be the same for ever.
func final(err error) bool {
	_, beyond := errors.AsType[boundError](err)
	return beyond
}
