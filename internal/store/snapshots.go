package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
)

// A Snapshot is what a site held at one crawl.
type Snapshot struct {
	Site              mirror.SiteID
	Seq               int64 // from 1; the highest of a site is in force
	Root              digest.ID
	Started, Finished time.Time // of the crawl
	digest.Totals               // of the root
	Incomplete        int64     // directories whose own listing is incomplete

	Origin string // name of the tracker that crawled; empty where that was this one
	Via    string // the peer's URL, or the name of the tracker whose file it was; empty where it was crawled here
}

// Publish makes a snapshot the one in force for its site and ends the site's
// crawl, whose facts and progress are no longer there, in one transaction; what
// was set aside of the site is dropped, and the attempt that runs there has published,
// so that nobody crawls the site again whose crawler is killed before it tells more of
// the attempt. The lease must be the one that
// [SiteLease] names. Seq is set in the snapshot that is returned.
//
// Nothing is changed if it fails: with [ErrLeaseLost] if the lease is no longer
// the caller's, with [ErrNoTree] if the tree of the root or of a directory in
// it was never put, with [ErrNoSite] if the site was removed. That the trees
// further below are there is not looked at: whoever holds the lease has put
// them, and what is put under a lease is not collected before it ends.
func (s *Store) Publish(ctx context.Context, lease Lease, snap Snapshot) (Snapshot, error) {
	op := "publish site " + snap.Site.String()
	if err := lease.mustBeFor(snap.Site); err != nil {
		return Snapshot{}, fmt.Errorf("%s: %w", op, err)
	}
	err := s.write(ctx, op, func(tx *sqlx.Tx) (err error) {
		if err := s.fence(ctx, tx, lease); err != nil {
			return err
		}
		if snap, err = publish(ctx, tx, snap); err != nil {
			return err
		}
		if err := endAttempt(ctx, tx, snap); err != nil {
			return err
		}
		return deleteCrawl(ctx, tx, snap.Site)
	})
	if err != nil {
		return Snapshot{}, err
	}
	s.sweep(ctx, snap.Site)
	return snap, nil
}

// publish adds a snapshot in place of a suspect, and returns it as it is stored.
func publish(ctx context.Context, tx *sqlx.Tx, snap Snapshot) (Snapshot, error) {
	snap, err := insertSnapshot(ctx, tx, snap)
	if err != nil {
		return Snapshot{}, err
	}
	_, err = deleteSuspect(ctx, tx, snap.Site)
	return snap, err
}

// insertSnapshot adds a snapshot, and returns it as it is stored.
func insertSnapshot(ctx context.Context, tx *sqlx.Tx, snap Snapshot) (Snapshot, error) {
	if err := requireSite(ctx, tx, snap.Site); err != nil {
		return Snapshot{}, err
	}
	if err := requireTop(ctx, tx, snap.Root); err != nil {
		return Snapshot{}, err
	}
	row := rowOf(snap)
	if err := tx.GetContext(ctx, &row.Seq, `
		SELECT COALESCE(MAX(seq), 0) + 1
		FROM snapshots
		WHERE site = ?`,
		snap.Site,
	); err != nil {
		return Snapshot{}, err
	}
	_, err := tx.NamedExecContext(ctx, `
		INSERT INTO snapshots (site, seq, root, started_at, finished_at, files, dirs, bytes, incomplete, origin, via)
		VALUES (:site, :seq, :root, :started_at, :finished_at, :files, :dirs, :bytes, :incomplete, :origin, :via)`,
		row,
	)
	return row.snapshot(), err
}

// Current returns the snapshot in force of every site that has one, sorted by
// site. It is cheap enough to be asked every few seconds.
func (s *Store) Current(ctx context.Context) ([]Snapshot, error) {
	return s.snapshots(ctx, "read current snapshots", `
		SELECT
			n.site,
			n.seq,
			n.root,
			n.started_at,
			n.finished_at,
			n.files,
			n.dirs,
			n.bytes,
			n.incomplete,
			n.origin,
			n.via
		FROM sites s
		JOIN snapshots n
			ON n.site = s.id
			AND n.seq = (SELECT MAX(m.seq) FROM snapshots m WHERE m.site = s.id)
		ORDER BY n.site`)
}

// History returns the newest snapshots of a site, at most limit, newest first.
func (s *Store) History(ctx context.Context, site mirror.SiteID, limit int) ([]Snapshot, error) {
	return s.snapshots(ctx, "read snapshots of site "+site.String(), `
		SELECT
			site,
			seq,
			root,
			started_at,
			finished_at,
			files,
			dirs,
			bytes,
			incomplete,
			origin,
			via
		FROM snapshots
		WHERE site = ?
		ORDER BY seq DESC
		LIMIT ?`,
		site, limit)
}

// A snapshotRow is a Snapshot as the database has it.
type snapshotRow struct {
	Site       mirror.SiteID `db:"site"`
	Seq        int64         `db:"seq"`
	Root       digest.ID     `db:"root"`
	Started    int64         `db:"started_at"`
	Finished   int64         `db:"finished_at"`
	Files      int64         `db:"files"`
	Dirs       int64         `db:"dirs"`
	Bytes      int64         `db:"bytes"`
	Incomplete int64         `db:"incomplete"`
	Origin     string        `db:"origin"`
	Via        string        `db:"via"`
}

func rowOf(n Snapshot) snapshotRow {
	return snapshotRow{
		Site:       n.Site,
		Root:       n.Root,
		Started:    toUnix(n.Started),
		Finished:   toUnix(n.Finished),
		Files:      n.Files,
		Dirs:       n.Dirs,
		Bytes:      n.Bytes,
		Incomplete: n.Incomplete,
		Origin:     n.Origin,
		Via:        n.Via,
	}
}

func (r snapshotRow) snapshot() Snapshot {
	return Snapshot{
		Site:       r.Site,
		Seq:        r.Seq,
		Root:       r.Root,
		Started:    fromUnix(r.Started),
		Finished:   fromUnix(r.Finished),
		Totals:     digest.Totals{Files: r.Files, Dirs: r.Dirs, Bytes: r.Bytes},
		Incomplete: r.Incomplete,
		Origin:     r.Origin,
		Via:        r.Via,
	}
}

func (s *Store) snapshots(ctx context.Context, op, query string, args ...any) ([]Snapshot, error) {
	var rows []snapshotRow
	if err := s.selectRows(ctx, op, &rows, query, args...); err != nil {
		return nil, err
	}
	all := make([]Snapshot, len(rows))
	for i, r := range rows {
		all[i] = r.snapshot()
	}
	return all, nil
}
