package store

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"
)

// MarkFlapping notes why a site is thought to answer differently from visit to
// visit, or with an empty reason that it does no longer. At is when that was
// noticed; while a site is marked already, the first time stays. The reason is
// cut to 1024 bytes. The lease must be the one that [SiteLease] names, under
// which an attempt is recorded; it returns [ErrLeaseLost] if the lease is no
// longer the caller's.
func (s *Store) MarkFlapping(ctx context.Context, lease Lease, reason string, at time.Time) error {
	site, err := lease.site()
	if err != nil {
		return err
	}
	return s.write(ctx, "mark site "+site.String(), func(tx *sqlx.Tx) error {
		if err := s.fence(ctx, tx, lease); err != nil {
			return err
		}
		last, err := attemptAt(ctx, tx, site)
		if err != nil {
			return err
		}
		since := toUnix(at)
		switch {
		case reason == "":
			since = 0
		case last.Flapping != "":
			since = last.FlappingSince
		}
		_, err = tx.ExecContext(ctx, `
			UPDATE attempts
			SET flapping = ?, flapping_since = ?
			WHERE site = ?`,
			cutText(reason, maxReason), since, site,
		)
		return err
	})
}
