package resolver

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/store"
)

// An Index is what all sites held at one moment. It is immutable and may be
// used by any number of goroutines.
type Index struct {
	opts     Options
	sites    []*site // sorted by name
	roster   *Roster
	byID     map[mirror.SiteID]*site
	addrs    *addresses
	graph    *graph
	at       map[int32][]*site // the sites whose root is the tree of that number
	bytes    int64             // about what trees and links take in memory
	problems []Problem
	refused  map[digest.ID]error // why trees of problems are beyond the bounds, by root
}

// A site is one hierarchy and where it is served.
type site struct {
	mirror.Site
	number    int // position in the index's sites
	id        mirror.SiteID
	snapshot  store.Snapshot // zero where there is none, or none that could be loaded
	hierarchy *hierarchy     // nil with it
}

// A Problem is a site whose current snapshot is not in the index.
type Problem struct {
	Site     string
	Err      error
	Previous bool // whether an earlier snapshot of the site is in its stead
}

// A Tracked is one site of the index, for tables.
type Tracked struct {
	*mirror.Site
	Snapshot store.Snapshot // zero where the site is not in the index
	Crowded  bool           // whether some of its links are not followed: they are too many, or too much work
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
	return s.build(ctx, src, prev, opts)
}

// A state is what a source says about its sites, without their trees.
type state struct {
	sites   []mirror.Site // sorted by name
	current map[mirror.SiteID]store.Snapshot
}

func readState(ctx context.Context, src Source) (state, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	sites, err := src.Sites(ctx)
	if err != nil {
		return state{}, fmt.Errorf("read sites: %w", err)
	}
	snapshots, err := src.Current(ctx)
	if err != nil {
		return state{}, fmt.Errorf("read current snapshots: %w", err)
	}
	s := state{sites: slices.Clone(sites), current: make(map[mirror.SiteID]store.Snapshot, len(snapshots))}
	slices.SortFunc(s.sites, func(a, b mirror.Site) int { return strings.Compare(a.Name, b.Name) })
	for _, snapshot := range snapshots {
		s.current[snapshot.Site] = snapshot
	}
	return s, nil
}

func (s state) build(ctx context.Context, src Source, prev *Index, opts Options) (*Index, error) {
	x := &Index{
		opts:    opts.withDefaults(),
		roster:  s.roster(prev),
		byID:    make(map[mirror.SiteID]*site, len(s.sites)),
		refused: map[digest.ID]error{},
	}
	load := newLoader(src, prev, x.opts.bounds)
	for _, described := range s.sites {
		t := &site{Site: described, number: len(x.sites), id: described.ID()}
		x.sites = append(x.sites, t)
		x.byID[t.id] = t
		snapshot, crawled := s.current[t.id]
		if !crawled {
			continue
		}
		root, err := load.tree(ctx, snapshot.Root)
		if ctx.Err() != nil {
			return nil, fmt.Errorf("load site %s: %w", t.Name, ctx.Err())
		}
		if err != nil {
			if beyond := load.refused[snapshot.Root]; beyond != nil {
				x.refused[snapshot.Root] = beyond
			}
			root, snapshot = prev.standing(t.id)
			x.problems = append(x.problems, Problem{t.Name, fmt.Errorf("load site %s: %w", t.Name, err), root != nil})
		}
		if root != nil {
			t.snapshot = snapshot
			t.hierarchy = &hierarchy{root: root}
		}
	}
	if failed := x.problems; len(failed) > 0 && !x.any() {
		return nil, fmt.Errorf("of %d sites none could be loaded: %w", len(failed), failed[0].Err)
	}
	if err := x.resolveLinks(ctx, prev); err != nil {
		return nil, err
	}
	if err := x.connect(ctx, prev); err != nil {
		return nil, err
	}
	x.addrs = newAddresses(x.sites)
	return x, nil
}

// roster returns that of the previous index if the sites are the same.
func (s state) roster(prev *Index) *Roster {
	if prev != nil && slices.EqualFunc(prev.roster.Sites, s.sites, sameSite) {
		return prev.roster
	}
	return &Roster{s.sites}
}

// standing returns what an index has of a site.
func (x *Index) standing(id mirror.SiteID) (*node, store.Snapshot) {
	if x == nil || x.byID[id] == nil || x.byID[id].hierarchy == nil {
		return nil, store.Snapshot{}
	}
	return x.byID[id].hierarchy.root, x.byID[id].snapshot
}

// any reports whether any site has a root.
func (x *Index) any() bool {
	return slices.ContainsFunc(x.sites, func(t *site) bool { return t.hierarchy != nil })
}

// resolveLinks gives every site that has a root the hierarchy of it, shared
// with other sites and with the previous index where root and base are equal.
func (x *Index) resolveLinks(ctx context.Context, prev *Index) error {
	type key struct {
		root *node
		base string
	}
	done := map[key]*hierarchy{}
	if prev != nil {
		for _, t := range prev.sites {
			if t.hierarchy != nil {
				done[key{t.hierarchy.root, t.URL.Base}] = t.hierarchy
			}
		}
	}
	for _, t := range x.sites {
		if t.hierarchy == nil {
			continue
		}
		k := key{t.hierarchy.root, t.URL.Base}
		if done[k] == nil {
			h, err := newHierarchy(ctx, k.root, k.base, x.opts.bounds)
			if err != nil {
				return fmt.Errorf("resolve the links of site %s: %w", t.Name, err)
			}
			done[k] = h
		}
		t.hierarchy = done[k]
	}
	return nil
}

// connect makes the graph of all roots, or takes over that of the previous
// index where the roots are the same.
func (x *Index) connect(ctx context.Context, prev *Index) error {
	var roots []*node
	seen := map[*node]bool{}
	for _, t := range x.sites {
		if t.hierarchy != nil && !seen[t.hierarchy.root] {
			seen[t.hierarchy.root] = true
			roots = append(roots, t.hierarchy.root)
		}
	}
	if prev != nil && prev.graph.hasRoots(roots) {
		x.graph = prev.graph
	} else {
		g, err := newGraph(ctx, roots)
		if err != nil {
			return fmt.Errorf("connect the trees: %w", err)
		}
		x.graph = g
	}
	x.bytes = x.graph.bytes
	x.at = make(map[int32][]*site, len(roots))
	counted := map[*hierarchy]bool{}
	for _, t := range x.sites {
		if t.hierarchy == nil {
			continue
		}
		n := x.graph.roots[t.hierarchy.root]
		x.at[n] = append(x.at[n], t)
		if !counted[t.hierarchy] {
			counted[t.hierarchy] = true
			x.bytes += t.hierarchy.bytes()
		}
	}
	return nil
}

// Sites returns all sites, sorted by name. A site's position in it is its
// number in answers.
func (x *Index) Sites() []Tracked {
	tracked := make([]Tracked, len(x.sites))
	for i, t := range x.sites {
		tracked[i] = Tracked{&t.Site, t.snapshot, t.hierarchy != nil && t.hierarchy.crowded}
	}
	return tracked
}

// Len returns the number of sites.
func (x *Index) Len() int { return len(x.sites) }

// Site returns the site of a position in Sites.
func (x *Index) Site(i int) *mirror.Site { return &x.sites[i].Site }

// Number returns the position of a site in Sites, or -1 if it is not tracked.
func (x *Index) Number(id mirror.SiteID) int {
	if t := x.byID[id]; t != nil {
		return t.number
	}
	return -1
}

// A Roster is the tracked sites, in the order of [Index.Sites]. Indexes share it
// for as long as nothing about any site changes but its snapshot, so that equal
// pointers mean equal sites of equal numbers.
type Roster struct{ Sites []mirror.Site }

// Roster returns the sites of the index.
func (x *Index) Roster() *Roster { return x.roster }

// Problems returns the sites whose current snapshot is not in the index, sorted
// by name.
func (x *Index) Problems() []Problem { return x.problems }

// retriable reports whether there are problems that another try may solve.
func (x *Index) retriable() bool {
	return slices.ContainsFunc(x.problems, func(p Problem) bool { return !final(p.Err) })
}

// Trees returns the number of distinct trees.
func (x *Index) Trees() int { return len(x.graph.nodes) }

// Bytes returns about how much memory the trees and the resolved links take.
func (x *Index) Bytes() int64 { return x.bytes }
