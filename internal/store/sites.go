package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"mirrortracker/internal/mirror"
)

// The widths of columns in MySQL, in bytes.
const (
	maxURL   = 2048
	maxVisit = 65535 // as JSON
	maxReach = 65535 // as JSON
)

// Changes names the sites that [Store.ReplaceSites] touched, each list sorted.
type Changes struct {
	Added   []string `json:"added"`
	Updated []string `json:"updated"`
	Removed []string `json:"removed"`
}

// PutSite adds a site, or updates the one with the same identity: its name, its
// further URLs, weight, schedule, zone, visit and reach, and whether it is learnt. It
// returns a [NameTakenError] if another site has the name that is not learnt; one that
// is gets another name.
func (s *Store) PutSite(ctx context.Context, site mirror.Site) error {
	if err := checkSite(site); err != nil {
		return err
	}
	return s.write(ctx, "put site "+site.Name, func(tx *sqlx.Tx) error {
		known, err := sites(ctx, tx)
		if err != nil {
			return err
		}
		for _, other := range known {
			if other.Name != site.Name || other.ID() == site.ID() {
				continue
			}
			if !other.Learnt {
				return &NameTakenError{Name: other.Name, URL: other.URL}
			}
			if err := rename(ctx, tx, other, namesOf(known)); err != nil {
				return err
			}
		}
		return putSite(ctx, tx, site, find(known, site.ID()))
	})
}

// ReplaceSites makes the given sites the only ones besides those that are learnt, in
// one transaction: it adds, updates and removes (see [Store.RemoveSite]) whatever
// differs. Names may be exchanged between sites; a learnt one whose name is wanted gets
// another.
func (s *Store) ReplaceSites(ctx context.Context, want []mirror.Site) (Changes, error) {
	if err := checkSites(want); err != nil {
		return Changes{}, err
	}
	var changes Changes
	var removed []mirror.SiteID
	err := s.write(ctx, "replace sites", func(tx *sqlx.Tx) (err error) {
		changes, removed, err = replaceSites(ctx, tx, want)
		return err
	})
	if err != nil {
		return Changes{}, err
	}
	for _, id := range removed {
		s.sweep(ctx, id)
	}
	return changes, nil
}

// RemoveSite removes a site and all that is known of it: snapshots, the crawl
// that is running or was cut short, the last attempt, what was set aside and
// what is remembered. A crawl of it that is running loses its lease. Trees stay,
// for they may be shared. It returns [ErrNoSite] if there is none.
func (s *Store) RemoveSite(ctx context.Context, id mirror.SiteID) error {
	err := s.write(ctx, "remove site "+id.String(), func(tx *sqlx.Tx) error {
		if err := requireSite(ctx, tx, id); err != nil {
			return err
		}
		return removeSite(ctx, tx, id)
	})
	if err != nil {
		return err
	}
	s.sweep(ctx, id)
	return nil
}

// Sites returns all sites, sorted by name.
func (s *Store) Sites(ctx context.Context) ([]mirror.Site, error) {
	var all []mirror.Site
	err := s.read(ctx, "read sites", func(tx *sqlx.Tx) (err error) {
		all, err = sites(ctx, tx)
		return err
	})
	return all, err
}

// checkSites looks for what cannot be in a list of sites.
func checkSites(all []mirror.Site) error {
	byName := make(map[string]mirror.URL, len(all))
	byID := make(map[mirror.SiteID]string, len(all))
	for _, site := range all {
		if err := checkSite(site); err != nil {
			return err
		}
		if other, taken := byName[site.Name]; taken {
			return &NameTakenError{Name: site.Name, URL: other}
		}
		if other, twice := byID[site.ID()]; twice {
			return fmt.Errorf("sites %s and %s have the same URL %s", other, site.Name, site.URL)
		}
		byName[site.Name] = site.URL
		byID[site.ID()] = site.Name
	}
	return nil
}

func checkSite(site mirror.Site) error {
	if err := site.Validate(); err != nil {
		return err
	}
	for _, u := range site.URLs() {
		if n := len(u.String()); n > maxURL {
			return &TooLargeError{What: "a URL of site " + site.Name, Size: n, Max: maxURL}
		}
	}
	if n := len(site.Schedule); n > 255 {
		return &TooLargeError{What: "the schedule of site " + site.Name, Size: n, Max: 255}
	}
	visit, err := json.Marshal(site.Visit)
	if err != nil {
		return fmt.Errorf("how site %s is visited: %w", site.Name, err)
	}
	if n := len(visit); n > maxVisit {
		return &TooLargeError{What: "how site " + site.Name + " is visited", Size: n, Max: maxVisit}
	}
	reach, err := json.Marshal(site.Reach)
	if err != nil {
		return fmt.Errorf("where site %s is and whom it serves: %w", site.Name, err)
	}
	if n := len(reach); n > maxReach {
		return &TooLargeError{What: "where site " + site.Name + " is and whom it serves", Size: n, Max: maxReach}
	}
	return nil
}

func replaceSites(ctx context.Context, tx *sqlx.Tx, want []mirror.Site) (changes Changes, removed []mirror.SiteID, err error) {
	known, err := sites(ctx, tx)
	if err != nil {
		return Changes{}, nil, err
	}
	taken := namesOf(known, want)
	for _, old := range known {
		switch site := find(want, old.ID()); {
		case site == nil && old.Learnt:
			if slices.ContainsFunc(want, func(s mirror.Site) bool { return s.Name == old.Name }) {
				if err := rename(ctx, tx, old, taken); err != nil {
					return Changes{}, nil, err
				}
			}
		case site == nil:
			if err := removeSite(ctx, tx, old.ID()); err != nil {
				return Changes{}, nil, err
			}
			changes.Removed = append(changes.Removed, old.Name)
			removed = append(removed, old.ID())
		case site.Name != old.Name:
			// So that its old name is free for another one.
			if err := renameAside(ctx, tx, old.ID()); err != nil {
				return Changes{}, nil, err
			}
		}
	}
	for _, site := range want {
		old := find(known, site.ID())
		if old != nil && same(*old, site) {
			continue
		}
		if err := putSite(ctx, tx, site, old); err != nil {
			return Changes{}, nil, err
		}
		if old == nil {
			changes.Added = append(changes.Added, site.Name)
		} else {
			changes.Updated = append(changes.Updated, site.Name)
		}
	}
	changes.sort()
	return changes, removed, nil
}

// putSite inserts a site, or updates old, which has the same identity.
func putSite(ctx context.Context, tx *sqlx.Tx, site mirror.Site, old *mirror.Site) error {
	id := site.ID()
	visit, err := json.Marshal(site.Visit)
	if err != nil {
		return err
	}
	reach, err := json.Marshal(site.Reach)
	if err != nil {
		return err
	}
	if old == nil {
		if _, err := tx.ExecContext(ctx, `
			INSERT INTO sites (id, name, url, weight, schedule, zone, visit, reach, learnt, added_at)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			id, site.Name, site.URL.String(), site.Weight, site.Schedule, site.Zone, string(visit), string(reach), site.Learnt, time.Now().Unix(),
		); err != nil {
			return err
		}
	} else if _, err := tx.ExecContext(ctx, `
		UPDATE sites
		SET name = ?, weight = ?, schedule = ?, zone = ?, visit = ?, reach = ?, learnt = ?
		WHERE id = ?`,
		site.Name, site.Weight, site.Schedule, site.Zone, string(visit), string(reach), site.Learnt, id,
	); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM site_urls WHERE site = ?`, id); err != nil {
		return err
	}
	for i, u := range site.Serving {
		if _, err := tx.ExecContext(ctx, `
			INSERT INTO site_urls (site, position, url)
			VALUES (?, ?, ?)`,
			id, i, u.String(),
		); err != nil {
			return err
		}
	}
	return nil
}
