package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"mirrortracker/internal/mirror"
)

// Keep says which snapshots of a site are kept: the newest ones, at least 1,
// and with them all that were finished after a moment.
type Keep struct {
	Newest int
	After  time.Time
}

// Prune deletes the snapshots that are not kept, and returns how many. Of a
// site the oldest go, so that numbers stay without gaps. Their trees stay until
// they are collected, see [Store.Collect].
func (s *Store) Prune(ctx context.Context, keep Keep) (removed int64, err error) {
	if keep.Newest < 1 {
		return 0, fmt.Errorf("prune snapshots: at least 1 of a site is kept, not %d", keep.Newest)
	}
	var sites []struct {
		Site  mirror.SiteID `db:"site"`
		First int64         `db:"first"`
		Last  int64         `db:"last"`
		Young sql.NullInt64 `db:"young"` // the first that was finished after it
	}
	if err := s.selectRows(ctx, "read ages of snapshots", &sites, `
		SELECT
			site,
			MIN(seq) AS first,
			MAX(seq) AS last,
			MIN(CASE WHEN finished_at > ? THEN seq END) AS young
		FROM snapshots
		GROUP BY site
		ORDER BY site`,
		toUnix(keep.After),
	); err != nil {
		return 0, err
	}
	for _, site := range sites {
		kept := site.Last - int64(keep.Newest) + 1
		if site.Young.Valid {
			kept = min(kept, site.Young.Int64)
		}
		for first := site.First; first < kept; first += maxRows {
			n, err := s.deleteSnapshots(ctx, site.Site, min(first+maxRows, kept))
			removed += n
			if err != nil {
				return removed, err
			}
		}
	}
	return removed, nil
}

// deleteSnapshots deletes those of a site with lower numbers.
func (s *Store) deleteSnapshots(ctx context.Context, site mirror.SiteID, below int64) (n int64, err error) {
	err = s.pace.do(ctx, func() error {
		return s.write(ctx, "prune snapshots of site "+site.String(), func(tx *sqlx.Tx) error {
			deleted, err := tx.ExecContext(ctx, `
				DELETE FROM snapshots
				WHERE site = ? AND seq < ?`,
				site, below,
			)
			if err != nil {
				return err
			}
			n, err = deleted.RowsAffected()
			return err
		})
	})
	return n, err
}
