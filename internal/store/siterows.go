package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/jmoiron/sqlx"

	"mirrortracker/internal/mirror"
)

// sites reads all sites, sorted by name.
func sites(ctx context.Context, tx *sqlx.Tx) ([]mirror.Site, error) {
	var rows []struct {
		ID       mirror.SiteID `db:"id"`
		Name     string        `db:"name"`
		URL      string        `db:"url"`
		Weight   int           `db:"weight"`
		Schedule string        `db:"schedule"`
		Zone     string        `db:"zone"`
		Visit    []byte        `db:"visit"`
		Reach    []byte        `db:"reach"`
		Learnt   bool          `db:"learnt"`
	}
	if err := tx.SelectContext(ctx, &rows, `
		SELECT
			id,
			name,
			url,
			weight,
			schedule,
			zone,
			visit,
			reach,
			learnt
		FROM sites
		ORDER BY name`,
	); err != nil {
		return nil, err
	}
	serving, err := servingURLs(ctx, tx)
	if err != nil {
		return nil, err
	}
	all := make([]mirror.Site, len(rows))
	for i, r := range rows {
		u, err := mirror.ParseURL(r.URL)
		if err != nil {
			return nil, fmt.Errorf("site %s: %w", r.Name, err)
		}
		all[i] = mirror.Site{Name: r.Name, URL: u, Serving: serving[r.ID], Weight: r.Weight, Schedule: r.Schedule, Zone: r.Zone, Learnt: r.Learnt}
		// A word that only a later version knows is passed over.
		if err := json.Unmarshal(r.Visit, &all[i].Visit); err != nil {
			return nil, fmt.Errorf("site %s: how it is visited: %w", r.Name, err)
		}
		if err := json.Unmarshal(r.Reach, &all[i].Reach); err != nil {
			return nil, fmt.Errorf("site %s: where it is and whom it serves: %w", r.Name, err)
		}
	}
	return all, nil
}

func servingURLs(ctx context.Context, tx *sqlx.Tx) (map[mirror.SiteID][]mirror.URL, error) {
	var rows []struct {
		Site mirror.SiteID `db:"site"`
		URL  string        `db:"url"`
	}
	if err := tx.SelectContext(ctx, &rows, `
		SELECT
			site,
			url
		FROM site_urls
		ORDER BY site, position`,
	); err != nil {
		return nil, err
	}
	bySite := make(map[mirror.SiteID][]mirror.URL)
	for _, r := range rows {
		u, err := mirror.ParseURL(r.URL)
		if err != nil {
			return nil, fmt.Errorf("site %s: %w", r.Site, err)
		}
		bySite[r.Site] = append(bySite[r.Site], u)
	}
	return bySite, nil
}

func requireSite(ctx context.Context, tx *sqlx.Tx, id mirror.SiteID) error {
	var n int
	if err := tx.GetContext(ctx, &n, `SELECT COUNT(*) FROM sites WHERE id = ?`, id); err != nil {
		return err
	}
	if n == 0 {
		return ErrNoSite
	}
	return nil
}

// renameAside gives a site a name that no site can have, until putSite gives
// it its new one.
func renameAside(ctx context.Context, tx *sqlx.Tx, id mirror.SiteID) error {
	_, err := tx.ExecContext(ctx, `UPDATE sites SET name = ? WHERE id = ?`, "~"+id.String(), id)
	return err
}

// removeSite leaves the site's progress, dead, for [Store.sweep].
func removeSite(ctx context.Context, tx *sqlx.Tx, id mirror.SiteID) error {
	for _, statement := range []string{
		`DELETE FROM sites WHERE id = ?`,
		`DELETE FROM site_urls WHERE site = ?`,
		`DELETE FROM snapshots WHERE site = ?`,
		`DELETE FROM crawls WHERE site = ?`,
		`DELETE FROM attempts WHERE site = ?`,
		`DELETE FROM memories WHERE site = ?`,
		`DELETE FROM suspects WHERE site = ?`,
		`DELETE FROM health WHERE site = ?`,
	} {
		if _, err := tx.ExecContext(ctx, statement, id); err != nil {
			return err
		}
	}
	_, err := tx.ExecContext(ctx, `
		UPDATE leases
		SET version = version + 1, expires_at = 0
		WHERE name = ?`,
		SiteLease(id),
	)
	return err
}

func find(all []mirror.Site, id mirror.SiteID) *mirror.Site {
	if i := slices.IndexFunc(all, func(s mirror.Site) bool { return s.ID() == id }); i >= 0 {
		return &all[i]
	}
	return nil
}

// same reports whether two sites of the same identity need no update.
func same(a, b mirror.Site) bool {
	return a.Name == b.Name && a.Weight == b.Weight && a.Schedule == b.Schedule && a.Zone == b.Zone && a.Visit == b.Visit &&
		slices.Equal(a.Serving, b.Serving) && a.Reach.Equal(b.Reach) && a.Learnt == b.Learnt
}

func (c *Changes) sort() {
	slices.Sort(c.Added)
	slices.Sort(c.Updated)
	slices.Sort(c.Removed)
}
