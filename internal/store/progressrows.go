package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"slices"

	"github.com/jmoiron/sqlx"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
)

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

func rowsOf(site mirror.SiteID, all []Progress) []progressRow {
	rows := make([]progressRow, len(all))
	for i, p := range all {
		rows[i] = progressRow{Site: site, Hash: hashOf(p.Path), Path: []byte(p.Path), Tree: p.Tree, Listed: toUnix(p.Listed)}
	}
	return rows
}

func (r progressRow) equal(o progressRow) bool {
	return bytes.Equal(r.Path, o.Path) && r.Tree == o.Tree && r.Listed == o.Listed
}

// difference returns the rows that are to be put, in order of their keys, and
// the keys of those that are to go, so that what is there becomes what is wanted.
func difference(have, want []progressRow) (put []progressRow, gone [][]byte) {
	old := make(map[pathHash]progressRow, len(have))
	for _, row := range have {
		old[pathHash(row.Hash)] = row
	}
	for _, row := range want {
		hash := pathHash(row.Hash)
		if there, ok := old[hash]; !ok || !there.equal(row) {
			put = append(put, row)
		}
		delete(old, hash)
	}
	for _, row := range old {
		gone = append(gone, row.Hash)
	}
	slices.SortFunc(put, func(a, b progressRow) int { return bytes.Compare(a.Hash, b.Hash) })
	slices.SortFunc(gone, bytes.Compare)
	return put, gone
}

// crawlFacts returns the facts of a site's crawl, if it has one.
func crawlFacts(ctx context.Context, tx *sqlx.Tx, site mirror.SiteID) (facts string, found bool, err error) {
	var raw []byte
	err = tx.GetContext(ctx, &raw, `SELECT facts FROM crawls WHERE site = ?`, site)
	if errors.Is(err, sql.ErrNoRows) {
		return "", false, nil
	}
	return string(raw), err == nil, err
}

// deleteCrawl makes a site's progress dead.
func deleteCrawl(ctx context.Context, tx *sqlx.Tx, site mirror.SiteID) error {
	_, err := tx.ExecContext(ctx, `DELETE FROM crawls WHERE site = ?`, site)
	return err
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

// putProgress writes rows, of which some may be there with other values.
func (s *Store) putProgress(ctx context.Context, tx *sqlx.Tx, site mirror.SiteID, rows []progressRow) error {
	const columns = 5
	args := make([]any, 0, columns*len(rows))
	hashes := make([][]byte, len(rows))
	for i, r := range rows {
		args = append(args, r.Site, r.Hash, r.Path, r.Tree, r.Listed)
		hashes[i] = r.Hash
	}
	if err := s.spare(ctx, tx, site, hashes); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `
		INSERT INTO progress (site, path_hash, path, tree, listed_at)
		VALUES `+tuples(len(rows), columns)+`
		`+s.dialect.upsert("site, path_hash", "path", "tree", "listed_at"),
		args...,
	)
	return err
}

// dropProgress deletes rows by their keys.
func (s *Store) dropProgress(ctx context.Context, tx *sqlx.Tx, site mirror.SiteID, hashes [][]byte) error {
	if err := s.spare(ctx, tx, site, hashes); err != nil {
		return err
	}
	args := []any{site}
	for _, hash := range hashes {
		args = append(args, hash)
	}
	_, err := tx.ExecContext(ctx, `
		DELETE FROM progress
		WHERE site = ? AND path_hash IN (`+placeholders(len(hashes))+`)`,
		args...,
	)
	return err
}

// sweepSome deletes some of a site's progress if it is dead, and reports
// whether none of that is left.
func (s *Store) sweepSome(ctx context.Context, tx *sqlx.Tx, site mirror.SiteID) (swept bool, err error) {
	var dead [][]byte
	if err := tx.SelectContext(ctx, &dead, `
		SELECT path_hash
		FROM progress
		WHERE site = ? AND NOT EXISTS (SELECT * FROM crawls WHERE site = ?)
		LIMIT ?`,
		site, site, maxRows,
	); err != nil {
		return false, err
	}
	if len(dead) > 0 {
		err = s.dropProgress(ctx, tx, site, dead)
	}
	return len(dead) < maxRows, err
}
