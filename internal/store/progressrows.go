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

// hashOf returns what stands for a path in a key: the first 16 bytes of its SHA-256.
func hashOf(p mirror.Path) []byte {
	sum := sha256.Sum256([]byte(p))
	return sum[:16]
}

// A progressRow is a Progress as the database has it.
type progressRow struct {
	Site   mirror.SiteID `db:"site"`
	Hash   []byte        `db:"path_hash"`
	Path   []byte        `db:"path"`
	Tree   digest.ID     `db:"tree"`
	Listed int64         `db:"listed_at"`
}

// sortedRows returns rows in the order of their keys, so that two writers do not
// deadlock.
func sortedRows(site mirror.SiteID, all []Progress) []progressRow {
	rows := make([]progressRow, len(all))
	for i, p := range all {
		rows[i] = progressRow{Site: site, Hash: hashOf(p.Path), Path: []byte(p.Path), Tree: p.Tree, Listed: toUnix(p.Listed)}
	}
	slices.SortFunc(rows, func(a, b progressRow) int { return bytes.Compare(a.Hash, b.Hash) })
	return rows
}

func sortedHashes(paths []mirror.Path) [][]byte {
	hashes := make([][]byte, len(paths))
	for i, p := range paths {
		hashes[i] = hashOf(p)
	}
	slices.SortFunc(hashes, bytes.Compare)
	return hashes
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

// dropProgress deletes finished subtrees by their keys.
func (s *Store) dropProgress(ctx context.Context, tx *sqlx.Tx, site mirror.SiteID, hashes [][]byte) error {
	if err := s.spare(ctx, tx, site, hashes); err != nil {
		return err
	}
	return dropRows(ctx, tx, "progress", site, hashes)
}

// dropRows deletes rows of a table of progress by their keys.
func dropRows(ctx context.Context, tx *sqlx.Tx, table string, site mirror.SiteID, hashes [][]byte) error {
	args := []any{site}
	for _, hash := range hashes {
		args = append(args, hash)
	}
	_, err := tx.ExecContext(ctx, `
		DELETE FROM `+table+`
		WHERE site = ? AND path_hash IN (`+placeholders(len(hashes))+`)`,
		args...,
	)
	return err
}

// sweepSome deletes some of a site's progress if it is dead, and reports
// whether none of that is left.
func (s *Store) sweepSome(ctx context.Context, tx *sqlx.Tx, site mirror.SiteID) (swept bool, err error) {
	finished, err := deadRows(ctx, tx, "progress", site)
	if err == nil && len(finished) > 0 {
		err = s.dropProgress(ctx, tx, site, finished)
	}
	if err != nil || len(finished) == maxRows {
		return false, err
	}
	open, err := deadRows(ctx, tx, "open_directories", site)
	if err == nil && len(open) > 0 {
		err = dropRows(ctx, tx, "open_directories", site, open)
	}
	return len(open) < maxRows, err
}

// deadRows returns keys of a site's rows in a table of progress if they are dead.
func deadRows(ctx context.Context, tx *sqlx.Tx, table string, site mirror.SiteID) (dead [][]byte, err error) {
	err = tx.SelectContext(ctx, &dead, `
		SELECT path_hash
		FROM `+table+`
		WHERE site = ? AND NOT EXISTS (SELECT * FROM crawls WHERE site = ?)
		LIMIT ?`,
		site, site, maxRows,
	)
	return dead, err
}
