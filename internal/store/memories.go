package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"mirrortracker/internal/mirror"
)

// maxMemory bounds what is remembered of a site, in bytes.
const maxMemory = 64 << 10

// Remember replaces what crawls of a site tell later ones, as a text of their
// own making of at most 64 KiB; more is a [TooLargeError]. Unlike the facts of
// [Store.SaveProgress] it stays when a crawl ends, until the site is removed.
// The lease must be the one that [SiteLease] names; it returns [ErrLeaseLost]
// if that is no longer the caller's, and [ErrNoSite] if there is no such site.
func (s *Store) Remember(ctx context.Context, lease Lease, text string) error {
	site, err := lease.site()
	if err != nil {
		return err
	}
	op := "remember of site " + site.String()
	if n := len(text); n > maxMemory {
		return fmt.Errorf("%s: %w", op, &TooLargeError{What: "what is to be remembered", Size: n, Max: maxMemory})
	}
	return s.write(ctx, op, func(tx *sqlx.Tx) error {
		if err := s.fence(ctx, tx, lease); err != nil {
			return err
		}
		if err := requireSite(ctx, tx, site); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `
			INSERT INTO memories (site, text, saved_at)
			VALUES (?, ?, ?)
			`+s.dialect.upsert("site", "text", "saved_at"),
			site, []byte(text), time.Now().Unix(),
		)
		return err
	})
}

// Memory returns what was remembered of a site last, and when; nothing and the
// zero time if nothing ever was.
func (s *Store) Memory(ctx context.Context, site mirror.SiteID) (text string, saved time.Time, err error) {
	var row struct {
		Text  []byte `db:"text"`
		Saved int64  `db:"saved_at"`
	}
	err = s.read(ctx, "read what is remembered of site "+site.String(), func(tx *sqlx.Tx) error {
		err := tx.GetContext(ctx, &row, `
			SELECT
				text,
				saved_at
			FROM memories
			WHERE site = ?`,
			site)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return err
	})
	if err != nil {
		return "", time.Time{}, err
	}
	return string(row.Text), fromUnix(row.Saved), nil
}
