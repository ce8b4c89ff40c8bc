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

// A Suspect is what a crawl of a site found and was hard to believe: a snapshot
// that is kept aside and is not in force. Its Seq is 0.
type Suspect struct {
	Snapshot
	Reason string    // for people; cut to 1024 bytes
	Since  time.Time // when the first in a row was finished: crawls have found nothing better since
}

// SetAside keeps a snapshot aside instead of publishing it, in place of one
// that was set aside before, and ends the site's crawl as [Store.Publish] does;
// it fails in the same cases and then changes nothing.
func (s *Store) SetAside(ctx context.Context, lease Lease, snap Snapshot, reason string) (Suspect, error) {
	op := "set aside a crawl of site " + snap.Site.String()
	if err := lease.mustBeFor(snap.Site); err != nil {
		return Suspect{}, fmt.Errorf("%s: %w", op, err)
	}
	var row suspectRow
	err := s.write(ctx, op, func(tx *sqlx.Tx) error {
		if err := s.fence(ctx, tx, lease); err != nil {
			return err
		}
		if err := requireSite(ctx, tx, snap.Site); err != nil {
			return err
		}
		if err := requireTop(ctx, tx, snap.Root); err != nil {
			return err
		}
		row = suspectRow{snapshotRow: rowOf(snap), Reason: cutText(reason, maxReason), Since: toUnix(snap.Finished)}
		switch last, err := suspectAt(ctx, tx, snap.Site); {
		case err == nil:
			row.Since = last.Since
		case !errors.Is(err, ErrNoSuspect):
			return err
		}
		if _, err := tx.NamedExecContext(ctx, `
			INSERT INTO suspects (site, root, started_at, finished_at, files, dirs, bytes, incomplete, reason, since)
			VALUES (:site, :root, :started_at, :finished_at, :files, :dirs, :bytes, :incomplete, :reason, :since)
			`+s.dialect.upsert("site", "root", "started_at", "finished_at", "files", "dirs", "bytes", "incomplete", "reason", "since"),
			row,
		); err != nil {
			return err
		}
		return deleteCrawl(ctx, tx, snap.Site)
	})
	if err != nil {
		return Suspect{}, err
	}
	s.sweep(ctx, snap.Site)
	return row.suspect(), nil
}

// Suspects returns what is set aside, sorted by site.
func (s *Store) Suspects(ctx context.Context) ([]Suspect, error) {
	var rows []suspectRow
	if err := s.selectRows(ctx, "read suspects", &rows, `
		SELECT`+suspectColumns+`
		FROM suspects
		ORDER BY site`,
	); err != nil {
		return nil, err
	}
	all := make([]Suspect, len(rows))
	for i, r := range rows {
		all[i] = r.suspect()
	}
	return all, nil
}

// Suspect returns what is set aside of a site, or [ErrNoSuspect].
func (s *Store) Suspect(ctx context.Context, site mirror.SiteID) (Suspect, error) {
	var row suspectRow
	err := s.read(ctx, "read suspect of site "+site.String(), func(tx *sqlx.Tx) (err error) {
		row, err = suspectAt(ctx, tx, site)
		return err
	})
	if err != nil {
		return Suspect{}, err
	}
	return row.suspect(), nil
}

// AcceptSuspect publishes what is set aside of a site, in one transaction, for
// which it has the site's lease; owner is who takes that. It returns a
// [LeaseHeldError] if the site is being crawled, [ErrNoSuspect] if nothing is
// set aside, and otherwise fails as [Store.Publish] does.
func (s *Store) AcceptSuspect(ctx context.Context, site mirror.SiteID, owner string) (Snapshot, error) {
	// The lease ends with the transaction, and nobody sees how long it would last.
	const ttl = time.Minute
	name := SiteLease(site)
	if err := checkLease(name, owner, ttl); err != nil {
		return Snapshot{}, err
	}
	var snap Snapshot
	err := s.write(ctx, "publish what is set aside of site "+site.String(), func(tx *sqlx.Tx) error {
		if err := s.take(ctx, tx, name, owner, ttl); err != nil {
			return err
		}
		row, err := suspectAt(ctx, tx, site)
		if err != nil {
			return err
		}
		if snap, err = publish(ctx, tx, row.snapshot()); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE leases SET expires_at = 0 WHERE name = ?`, name)
		return err
	})
	if err != nil {
		return Snapshot{}, err
	}
	return snap, nil
}

// DropSuspect forgets what is set aside of a site. It returns [ErrNoSuspect]
// if nothing is.
func (s *Store) DropSuspect(ctx context.Context, site mirror.SiteID) error {
	return s.write(ctx, "drop what is set aside of site "+site.String(), func(tx *sqlx.Tx) error {
		dropped, err := deleteSuspect(ctx, tx, site)
		return onlyIf(dropped, err, ErrNoSuspect)
	})
}

func deleteSuspect(ctx context.Context, tx *sqlx.Tx, site mirror.SiteID) (sql.Result, error) {
	return tx.ExecContext(ctx, `DELETE FROM suspects WHERE site = ?`, site)
}

// suspectColumns are those that make a suspectRow.
const suspectColumns = `
			site,
			root,
			started_at,
			finished_at,
			files,
			dirs,
			bytes,
			incomplete,
			reason,
			since`

func suspectAt(ctx context.Context, tx *sqlx.Tx, site mirror.SiteID) (row suspectRow, err error) {
	err = tx.GetContext(ctx, &row, `
		SELECT`+suspectColumns+`
		FROM suspects
		WHERE site = ?`,
		site)
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNoSuspect
	}
	return row, err
}

// A suspectRow is a Suspect as the database has it.
type suspectRow struct {
	snapshotRow
	Reason string `db:"reason"`
	Since  int64  `db:"since"`
}

func (r suspectRow) suspect() Suspect {
	return Suspect{Snapshot: r.snapshot(), Reason: r.Reason, Since: fromUnix(r.Since)}
}
