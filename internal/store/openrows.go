package store

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/jmoiron/sqlx"

	"mirrortracker/internal/mirror"
)

// An openRow is an OpenDirectory as the database has it.
type openRow struct {
	Site    mirror.SiteID `db:"site"`
	Hash    []byte        `db:"path_hash"`
	Path    []byte        `db:"path"`
	Listed  int64         `db:"listed_at"`
	Listing []byte        `db:"listing"`
}

// openStatements encodes open directories and cuts them into what one statement may hold, in
// the order of their keys. It leaves out what the database cannot take.
func (s *Store) openStatements(site mirror.SiteID, all []OpenDirectory) iter.Seq2[[]openRow, error] {
	sorted := slices.Clone(all)
	hashes := make(map[mirror.Path][]byte, len(all))
	for _, o := range all {
		hashes[o.Path] = hashOf(o.Path)
	}
	slices.SortFunc(sorted, func(a, b OpenDirectory) int { return bytes.Compare(hashes[a.Path], hashes[b.Path]) })
	return func(yield func([]openRow, error) bool) {
		var rows []openRow
		size := 0
		for _, o := range sorted {
			listing, err := encodePart(o.Listing)
			if err != nil {
				yield(nil, fmt.Errorf("%s: %w", mirror.EscapePath(o.Path.Dir()), err))
				return
			}
			if len(o.Listing) > maxPart || len(listing) > s.maxPart {
				continue
			}
			if len(rows) == maxRows || len(rows) > 0 && size+len(listing) > maxBytes {
				if !yield(rows, nil) {
					return
				}
				rows, size = nil, 0
			}
			rows = append(rows, openRow{Site: site, Hash: hashes[o.Path], Path: []byte(o.Path), Listed: toUnix(o.Listed), Listing: listing})
			size += len(listing)
		}
		if len(rows) > 0 {
			yield(rows, nil)
		}
	}
}

// openRows returns the open directories that are kept of a site.
func openRows(ctx context.Context, tx *sqlx.Tx, site mirror.SiteID) (rows []openRow, err error) {
	err = tx.SelectContext(ctx, &rows, `
		SELECT
			site,
			path_hash,
			path,
			listed_at,
			listing
		FROM open_directories
		WHERE site = ?`,
		site)
	return rows, err
}

// putOpen writes rows, of which some may be there with other values.
func (s *Store) putOpen(ctx context.Context, tx *sqlx.Tx, rows []openRow) error {
	const columns = 5
	args := make([]any, 0, columns*len(rows))
	for _, r := range rows {
		args = append(args, r.Site, r.Hash, r.Path, r.Listed, r.Listing)
	}
	_, err := tx.ExecContext(ctx, `
		INSERT INTO open_directories (site, path_hash, path, listed_at, listing)
		VALUES `+tuples(len(rows), columns)+`
		`+s.dialect.upsert("site, path_hash", "path", "listed_at", "listing"),
		args...,
	)
	return err
}
