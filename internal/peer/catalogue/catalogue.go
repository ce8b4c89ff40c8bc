// Package catalogue says which snapshots a tracker offers to others.
package catalogue

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"mirrortracker/internal/mirror"
	"mirrortracker/internal/pack"
	"mirrortracker/internal/peer"
	"mirrortracker/internal/peer/trust"
	"mirrortracker/internal/store"
)

// A Source knows the sites. It is a [store.Store].
type Source interface {
	pack.Source
	Sites(ctx context.Context) ([]mirror.Site, error)
	Current(ctx context.Context) ([]store.Snapshot, error)
	History(ctx context.Context, site mirror.SiteID, limit int) ([]store.Snapshot, error)
}

// A Catalogue is what one tracker offers.
type Catalogue struct {
	Source Source
	Name   string      // of the tracker
	Share  trust.Sites // what others are told of
}

// A State is what is offered at a moment.
type State struct {
	Offers []peer.Offer // sorted by site
	Tag    string       // differs between states that differ
	sites  map[mirror.SiteID]mirror.Site
}

// State reads what is offered: the snapshot in force of each site that is shared. Of a
// site that is crawled in the name of a user nobody is told, as what is seen there
// may not be for everybody.
func (c *Catalogue) State(ctx context.Context) (*State, error) {
	sites, err := c.Source.Sites(ctx)
	if err != nil {
		return nil, err
	}
	current, err := c.Source.Current(ctx)
	if err != nil {
		return nil, err
	}
	s := &State{sites: make(map[mirror.SiteID]mirror.Site, len(sites))}
	for _, site := range sites {
		if site.Visit.User == "" && c.Share.Have(site.URL) {
			s.sites[site.ID()] = site
		}
	}
	hash := sha256.New()
	tag := json.NewEncoder(hash)
	for _, snap := range current {
		site, shared := s.sites[snap.Site]
		if !shared {
			continue
		}
		offer := peer.Offer{
			Site:     snap.Site,
			URL:      site.URL,
			Name:     site.Name,
			Root:     snap.Root,
			Started:  snap.Started,
			Finished: snap.Finished,
			Origin:   c.origin(snap),
			Totals:   snap.Totals,
		}
		if err := tag.Encode(&offer); err != nil {
			return nil, fmt.Errorf("offer %s: %w", site.URL, err)
		}
		s.Offers = append(s.Offers, offer)
	}
	s.Tag = hex.EncodeToString(hash.Sum(nil)[:16])
	return s, nil
}

// origin is who crawled for a snapshot.
func (c *Catalogue) origin(snap store.Snapshot) string {
	if snap.Origin == "" {
		return c.Name
	}
	return snap.Origin
}
