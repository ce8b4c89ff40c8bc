package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"time"

	"github.com/jmoiron/sqlx"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
)

// A Progress is a subtree that a crawl has finished while its parent is not:
// where it stands, what it is, and when it was listed.
type Progress struct {
	Path   mirror.Path
	Tree   digest.ID
	Listed time.Time
}

// SaveProgress replaces what is kept of a site's running crawl, in one
// transaction that touches only the rows that differ. The lease must be the
// one that [SiteLease] names; it returns [ErrLeaseLost] if it is no longer the
// caller's. Paths must be distinct.
func (s *Store) SaveProgress(ctx context.Context, lease Lease, all []Progress) error {
	site, err := lease.site()
	if err != nil {
		return err
	}
	want := make(map[pathHash]progressRow, len(all))
	for _, p := range all {
		row := progressRow{Site: site, Hash: hashOf(p.Path), Path: []byte(p.Path), Tree: p.Tree, Listed: toUnix(p.Listed)}
		want[pathHash(row.Hash)] = row
	}
	return s.write(ctx, "save progress of site "+site.String(), func(tx *sqlx.Tx) error {
		if err := s.fence(ctx, tx, lease); err != nil {
			return err
		}
		return s.replaceProgress(ctx, tx, site, want)
	})
}

// Progress returns what was kept of a site's crawl that is running or was cut
// short, in no particular order.
func (s *Store) Progress(ctx context.Context, site mirror.SiteID) ([]Progress, error) {
	var rows []progressRow
	err := s.read(ctx, "read progress of site "+site.String(), func(tx *sqlx.Tx) (err error) {
		rows, err = progressRows(ctx, tx, site)
		return err
	})
	if err != nil {
		return nil, err
	}
	all := make([]Progress, len(rows))
	for i, r := range rows {
		all[i] = Progress{Path: mirror.Path(r.Path), Tree: r.Tree, Listed: fromUnix(r.Listed)}
	}
	return all, nil
}

// A pathHash stands for a path in a key: the first 16 bytes of its SHA-256.
type pathHash [16]byte

func hashOf(p mirror.Path) []byte {
	sum := sha256.Sum256([]byte(p))
	return sum[:len(pathHash{})]
}

// A progressRow is a Progress as the database has it.
type progressRow struct {
	Site   mirror.SiteID `db:"site"`
	Hash   []byte        `db:"path_hash"`
	Path   []byte        `db:"path"`
	Tree   digest.ID     `db:"tree"`
	Listed int64         `db:"listed_at"`
}

func (r progressRow) equal(o progressRow) bool {
	return bytes.Equal(r.Path, o.Path) && r.Tree == o.Tree && r.Listed == o.Listed
}

func progressRows(ctx context.Context, tx *sqlx.Tx, site mirror.SiteID) (rows []progressRow, err error) {
	err = tx.SelectContext(ctx, &rows, `
		SELECT
			site,
			path_hash,
			path,
			tree,
			listed_at
		FROM progress
		WHERE site = ?`,
		site)
	return rows, err
}

func (s *Store) replaceProgress(ctx context.Context, tx *sqlx.Tx, site mirror.SiteID, want map[pathHash]progressRow) error {
	have, err := progressRows(ctx, tx, site)
	if err != nil {
		return err
	}
	unchanged := make(map[pathHash]bool, len(have))
	for _, old := range have {
		hash := pathHash(old.Hash)
		row, keep := want[hash]
		if unchanged[hash] = keep && old.equal(row); keep {
			continue
		}
		if _, err := tx.ExecContext(ctx, `
			DELETE FROM progress
			WHERE site = ? AND path_hash = ?`,
			site, old.Hash,
		); err != nil {
			return err
		}
	}
	for hash, row := range want {
		if unchanged[hash] {
			continue
		}
		if _, err := tx.NamedExecContext(ctx, `
			INSERT INTO progress (site, path_hash, path, tree, listed_at)
			VALUES (:site, :path_hash, :path, :tree, :listed_at)
			`+s.dialect.upsert("site, path_hash", "path", "tree", "listed_at"),
			row,
		); err != nil {
			return err
		}
	}
	return nil
}
