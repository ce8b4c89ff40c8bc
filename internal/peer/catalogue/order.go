package catalogue

import (
	"context"
	"errors"
	"slices"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/pack"
	"mirrortracker/internal/store"
)

// An Order is a pack that somebody asks for.
type Order struct {
	Site mirror.SiteID
	Root digest.ID
	Have []digest.ID // roots that the one who asks has, the likest first
}

// ErrNotOffered says that there is no such snapshot, or none any more.
var ErrNotOffered = errors.New("no such snapshot is offered")

// maxHistory is how many snapshots of a site are looked at.
const maxHistory = 100

// Header returns the header of the pack that an order stands for. Of the roots that its
// reader has, those count that this tracker has too: the ones of the site's kept
// snapshots, and of the others that are offered. It is [ErrNotOffered] if the
// snapshot is not one of a site that is shared.
func (c *Catalogue) Header(ctx context.Context, state *State, order Order) (h pack.Header, err error) {
	site, shared := state.sites[order.Site]
	if !shared {
		return h, ErrNotOffered
	}
	history, err := c.Source.History(ctx, order.Site, maxHistory)
	if err != nil {
		return h, err
	}
	at := slices.IndexFunc(history, func(s store.Snapshot) bool { return s.Root == order.Root })
	if at < 0 {
		return h, ErrNotOffered
	}
	snap := history[at] // the newest of that root
	here := map[digest.ID]bool{}
	for _, s := range history {
		here[s.Root] = true
	}
	for i := range state.Offers {
		here[state.Offers[i].Root] = true
	}
	h = pack.Header{
		Tracker:    c.Name,
		Origin:     c.origin(snap),
		Site:       pack.SiteOf(site),
		Started:    snap.Started,
		Finished:   snap.Finished,
		Root:       snap.Root,
		Totals:     snap.Totals,
		Incomplete: snap.Incomplete,
	}
	for _, root := range order.Have {
		if here[root] && !slices.Contains(h.Bases, root) {
			h.Bases = append(h.Bases, root)
		}
	}
	found := false
	err = c.Source.Trees(ctx, []digest.ID{snap.Root}, 0, func(t *digest.Tree) error {
		found, h.Blind, h.Exact = true, t.Blind, t.Exact
		return nil
	})
	if err == nil && !found {
		err = ErrNotOffered // deleted meanwhile
	}
	return h, err
}
