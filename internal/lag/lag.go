package lag

import (
	"context"
	"fmt"
	"slices"
	"time"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/forest"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/store"
)

// A Site is what is known of one site.
type Site struct {
	Name      string
	Snapshots []store.Snapshot // that are kept, oldest first
}

// A Place is a directory of a site that others have, too.
type Place struct {
	Site       string
	Path       mirror.Path
	State      digest.Sum // blind; absent where it is gone or not completely known now
	Since      time.Time  // when the first crawl ended that found State there
	Known      bool       // whether it is known how far it is behind
	Superseded time.Time  // when what it holds was superseded, zero if it is the newest
	Leads      bool       // whether it is where new states appear
	Snapshots  int        // of the site, that were looked at
}

// Behind returns how far a place is behind, if that is known.
func (p *Place) Behind(now time.Time) time.Duration {
	if p.Superseded.IsZero() {
		return 0
	}
	return max(now.Sub(p.Superseded), 0)
}

// Groups returns the groups of places that share states, each sorted as the
// sites are given and then by path. It looks at directories up to a depth below the
// root, which is at depth 0, and reads their trees without files.
func Groups(ctx context.Context, src forest.Source, sites []Site, depth int) ([][]Place, error) {
	nodes := map[digest.ID]*node{}
	tracks := make([]map[mirror.Path]*track, len(sites))
	for i, site := range sites {
		t := &tracker{src: src, site: i, depth: depth, nodes: nodes, tracks: map[mirror.Path]*track{}}
		if err := t.follow(ctx, site.Snapshots); err != nil {
			return nil, fmt.Errorf("site %s: %w", site.Name, err)
		}
		tracks[i] = t.tracks
	}
	var groups [][]Place
	for _, group := range grouped(tracks) {
		groups = append(groups, measured(sites, group))
	}
	return groups, nil
}

// measured returns the places of a group.
func measured(sites []Site, group []*track) []Place {
	seen := appearances(group)
	leads := leader(seen)
	var order []*appearance // of the group's states
	for _, a := range seen {
		if len(a.sites) > 1 || a.sites[leads] {
			order = append(order, a)
		}
	}
	slices.SortFunc(order, func(a, b *appearance) int { return a.at.Compare(b.at) })
	places := make([]Place, len(group))
	for i, t := range group {
		now := t.states[len(t.states)-1]
		p := Place{
			Site:      sites[t.site].Name,
			Path:      t.path,
			State:     now.blind,
			Since:     now.at,
			Leads:     t.site == leads,
			Snapshots: len(sites[t.site].Snapshots),
		}
		if own := seen[now.blind]; own != nil && slices.Contains(order, own) {
			p.Known = true
			next, _ := slices.BinarySearchFunc(order, own.at, func(a *appearance, at time.Time) int {
				if a.at.After(at) {
					return 1
				}
				return -1
			})
			if next < len(order) {
				p.Superseded = order[next].at
			}
		}
		places[i] = p
	}
	return places
}

// An appearance is when and where a state was seen.
type appearance struct {
	at    time.Time
	first int          // the site that had it at that time; nobody if that was several, or since its oldest snapshot
	sites map[int]bool // that have ever had it
}

// nobody is no site.
const nobody = -1

func appearances(group []*track) map[digest.Sum]*appearance {
	seen := map[digest.Sum]*appearance{}
	for _, t := range group {
		for i, s := range t.states {
			if s.blind.Absent() {
				continue
			}
			by := t.site
			if i == 0 {
				by = nobody
			}
			a := seen[s.blind]
			switch {
			case a == nil:
				a = &appearance{at: s.at, first: by, sites: map[int]bool{}}
				seen[s.blind] = a
			case s.at.Before(a.at):
				a.at, a.first = s.at, by
			case s.at.Equal(a.at) && a.first != t.site:
				a.first = nobody
			}
			a.sites[t.site] = true
		}
	}
	return seen
}

// leader returns the site that was first with more of the states that others
// have had too than any other site, or nobody.
func leader(seen map[digest.Sum]*appearance) int {
	count := map[int]int{}
	for _, a := range seen {
		if a.first != nobody && len(a.sites) > 1 {
			count[a.first]++
		}
	}
	leads, most := nobody, 0
	for site, n := range count {
		switch {
		case n > most:
			leads, most = site, n
		case n == most:
			leads = nobody
		}
	}
	return leads
}
