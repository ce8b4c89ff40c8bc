package resolver

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/resolver/segment"
	"mirrortracker/internal/store"
)

// An Index is what all sites held at one moment. It may be used by any number
// of goroutines. It is immutable, but for what it remembers of answers.
type Index struct {
	opts     Options
	sites    []*site // sorted by name
	roster   *Roster
	byID     map[mirror.SiteID]*site
	addrs    *addresses
	trees    *segment.Stack
	roots    map[segment.Number][]int // the numbers of the sites whose root is that tree
	places   *places
	problems []Problem
	large    map[digest.ID]error // why trees of problems are beyond the bounds, by root
}

// A site is one hierarchy and where it is served.
type site struct {
	mirror.Site
	number    int // position in the index's sites
	id        mirror.SiteID
	base      string         // of the crawl URL, without the slash at its end
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

// A Roster is the tracked sites, in the order of [Index.Sites]. Indexes share it
// for as long as nothing about any site changes but its snapshot, so that equal
// pointers mean equal sites of equal numbers.
type Roster struct{ Sites []mirror.Site }

// newIndex makes an index of what is held of sites. The error is that of ctx.
func newIndex(ctx context.Context, r *Roster, held []holding, links *hierarchies, opts Options) (*Index, error) {
	x := &Index{
		opts:   opts,
		roster: r,
		byID:   make(map[mirror.SiteID]*site, len(r.Sites)),
		trees:  links.trees,
		roots:  map[segment.Number][]int{},
		places: newPlaces(maxPlaceBytes),
	}
	for i := range r.Sites {
		t := &site{Site: r.Sites[i], number: i, id: r.Sites[i].ID()}
		t.base = strings.TrimSuffix(t.URL.Base, "/")
		x.sites = append(x.sites, t)
		x.byID[t.id] = t
		if !held[i].whole {
			continue
		}
		t.snapshot = held[i].snapshot
		var err error
		if t.hierarchy, err = links.of(ctx, held[i].root, t.URL.Base); err != nil {
			return nil, fmt.Errorf("resolve the links of site %s: %w", t.Name, err)
		}
		x.roots[held[i].root] = append(x.roots[held[i].root], i)
	}
	x.addrs = newAddresses(x.sites)
	return x, nil
}

// A holding is what an index has of a site.
type holding struct {
	snapshot store.Snapshot
	root     segment.Number
	whole    bool // whether there is a snapshot, of which all trees are held
}

// standing returns what an index has of a site.
func (x *Index) standing(id mirror.SiteID) holding {
	if x == nil || x.byID[id] == nil || x.byID[id].hierarchy == nil {
		return holding{}
	}
	t := x.byID[id]
	return holding{t.snapshot, t.hierarchy.root, true}
}

// has reports whether a tree is the root of a site.
func (x *Index) has(root segment.Number) bool { return x != nil && x.roots[root] != nil }

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

// Roster returns the sites of the index.
func (x *Index) Roster() *Roster { return x.roster }

// Problems returns the sites whose current snapshot is not in the index, sorted
// by name.
func (x *Index) Problems() []Problem { return x.problems }

// retriable reports whether there are problems that another try may solve.
func (x *Index) retriable() bool {
	return slices.ContainsFunc(x.problems, func(p Problem) bool { return !final(p.Err) })
}

// Indexed returns the number of sites that have a snapshot in the index.
func (x *Index) Indexed() int {
	n := 0
	for _, t := range x.sites {
		if t.hierarchy != nil {
			n++
		}
	}
	return n
}

// Trees returns the number of distinct trees. Some of them may be of snapshots
// that are no longer in force.
func (x *Index) Trees() int { return x.trees.Len() }

// Bytes returns about how much memory the trees and the resolved links take.
func (x *Index) Bytes() int64 { return x.trees.Bytes() + x.linkBytes() }

func (x *Index) linkBytes() int64 {
	var total int64
	counted := map[*hierarchy]bool{}
	for _, t := range x.sites {
		if t.hierarchy != nil && !counted[t.hierarchy] {
			counted[t.hierarchy] = true
			total += t.hierarchy.bytes()
		}
	}
	return total
}
