package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/jmoiron/sqlx"

	"mirrortracker/internal/mirror"
)

// Adopt makes a snapshot that another tracker made the one in force for its site, as
// [Store.Publish] does with one that was crawled here: Origin and Via say whose it was.
// A site that is not known yet is added as a learnt one, and one that is learnt takes
// over what is said of it, both without its schedule, zone and visit; of a site of our
// own only the snapshot is added. If another site has the name, it gets one that is
// made from its URL.
//
// It returns the site and the snapshot as they are stored. What is crawled here goes on as if nothing had happened: the progress of a crawl, its
// attempt, and what is set aside stay.
func (s *Store) Adopt(ctx context.Context, lease Lease, site mirror.Site, snap Snapshot) (mirror.Site, Snapshot, error) {
	op := "adopt site " + site.URL.String()
	snap.Site = site.ID()
	if err := lease.mustBeFor(snap.Site); err != nil {
		return mirror.Site{}, Snapshot{}, fmt.Errorf("%s: %w", op, err)
	}
	if snap.Via == "" {
		return mirror.Site{}, Snapshot{}, fmt.Errorf("%s: %w", op, errors.New("it is not said who gave it"))
	}
	site.Learnt = true
	site.Schedule, site.Zone, site.Visit = "", "", mirror.Visit{}
	if err := checkSite(site); err != nil {
		return mirror.Site{}, Snapshot{}, fmt.Errorf("%s: %w", op, err)
	}
	var known mirror.Site
	err := s.write(ctx, op, func(tx *sqlx.Tx) error {
		if err := s.fence(ctx, tx, lease); err != nil {
			return err
		}
		var err error
		if known, err = learn(ctx, tx, site); err != nil {
			return err
		}
		snap, err = insertSnapshot(ctx, tx, snap)
		return err
	})
	if err != nil {
		return mirror.Site{}, Snapshot{}, err
	}
	return known, snap, nil
}

// learn adds or updates a learnt site, leaves one of our own as it is, and returns it.
func learn(ctx context.Context, tx *sqlx.Tx, site mirror.Site) (mirror.Site, error) {
	known, err := sites(ctx, tx)
	if err != nil {
		return mirror.Site{}, err
	}
	old := find(known, site.ID())
	switch {
	case old == nil:
		site.Name = freeName(site, namesOf(known))
	case !old.Learnt:
		return *old, nil
	default:
		site.Name = old.Name // so that links to it keep
		if same(*old, site) {
			return site, nil
		}
	}
	return site, putSite(ctx, tx, site, old)
}

// rename gives a learnt site a name that is not among those that are taken.
func rename(ctx context.Context, tx *sqlx.Tx, site mirror.Site, taken map[string]bool) error {
	name := freeName(site, taken)
	taken[name] = true
	_, err := tx.ExecContext(ctx, `UPDATE sites SET name = ? WHERE id = ?`, name, site.ID())
	return err
}

// freeName returns a name for a site that is not taken: its own, that of its host, or
// else that with a number.
func freeName(site mirror.Site, taken map[string]bool) string {
	host := nameOfHost(site.URL.Host)
	for n := 1; ; n++ {
		name := site.Name
		switch {
		case n == 2:
			name = host
		case n > 2:
			name = host + "-" + strconv.Itoa(n-1)
		}
		if mirror.ValidName(name) == nil && !taken[name] {
			return name
		}
	}
}

// nameOfHost makes of a host something that a site can be called.
func nameOfHost(host string) string {
	const most = 50 // leaves room for a number
	name := strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' || '0' <= r && r <= '9' || r == '.' || r == '-' {
			return r
		}
		return '-'
	}, host)
	if name = strings.Trim(name[:min(len(name), most)], ".-"); name == "" {
		return "site"
	}
	return name
}

// namesOf returns the names of sites.
func namesOf(lists ...[]mirror.Site) map[string]bool {
	names := map[string]bool{}
	for _, site := range slices.Concat(lists...) {
		names[site.Name] = true
	}
	return names
}
