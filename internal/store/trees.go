package store

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"

	"mirrortracker/internal/digest"
)

// Bounds of one statement; the second is for those that write trees.
const (
	maxRows  = 500
	maxBytes = 1 << 20 // of parts as stored, unless one tree has more
)

// PutTrees writes those of the trees that are not yet there, and returns how
// many it wrote. The order does not matter, and the same tree may be given
// twice. A tree that is too large is a [TooLargeError]; then, and after any
// other error, some of the others may have been written, which does no harm.
func (s *Store) PutTrees(ctx context.Context, trees []*digest.Tree) (written int, err error) {
	sorted := slices.Clone(trees)
	slices.SortFunc(sorted, func(a, b *digest.Tree) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	sorted = slices.CompactFunc(sorted, func(a, b *digest.Tree) bool { return a.ID == b.ID })
	for some := range slices.Chunk(sorted, maxRows) {
		missing, err := s.missing(ctx, some)
		if err != nil {
			return written, err
		}
		for rows, err := range s.statements(missing) {
			if err != nil {
				return written, fmt.Errorf("put trees: %w", err)
			}
			n, err := s.insertTrees(ctx, rows)
			written += n
			if err != nil {
				return written, err
			}
		}
	}
	return written, nil
}

// missing returns the trees that are not there. Of the others, those that a
// collection has condemned are pardoned.
func (s *Store) missing(ctx context.Context, trees []*digest.Tree) ([]*digest.Tree, error) {
	ids := make([]any, len(trees))
	for i, t := range trees {
		ids[i] = t.ID
	}
	for {
		var there []struct {
			ID        digest.ID `db:"id"`
			Condemned bool      `db:"condemned"`
		}
		// One statement, so that both tables are seen in one state.
		if err := s.selectRows(ctx, "look for trees", &there, `
			SELECT
				t.id,
				c.id IS NOT NULL AS condemned
			FROM trees t
			LEFT JOIN condemned c ON c.id = t.id
			WHERE t.id IN (`+placeholders(len(ids))+`)
			ORDER BY t.id`,
			ids...,
		); err != nil {
			return nil, err
		}
		known := make(map[digest.ID]bool, len(there))
		var condemned []digest.ID
		for _, row := range there {
			known[row.ID] = true
			if row.Condemned {
				condemned = append(condemned, row.ID)
			}
		}
		pardoned, err := s.pardon(ctx, condemned)
		if err != nil {
			return nil, err
		}
		if pardoned {
			return slices.DeleteFunc(slices.Clone(trees), func(t *digest.Tree) bool { return known[t.ID] }), nil
		}
	}
}

// A treeRow is a tree with its parts as they are stored.
type treeRow struct {
	digest.Summary
	branches, leaves []byte
}

// statements encodes trees and cuts them into what one statement may hold.
func (s *Store) statements(trees []*digest.Tree) iter.Seq2[[]treeRow, error] {
	return func(yield func([]treeRow, error) bool) {
		var rows []treeRow
		size := 0
		for _, t := range trees {
			row, err := s.encode(t)
			if err != nil {
				yield(nil, err)
				return
			}
			more := len(row.branches) + len(row.leaves)
			if len(rows) > 0 && size+more > maxBytes {
				if !yield(rows, nil) {
					return
				}
				rows, size = nil, 0
			}
			rows = append(rows, row)
			size += more
		}
		if len(rows) > 0 {
			yield(rows, nil)
		}
	}
}

func (s *Store) encode(t *digest.Tree) (row treeRow, err error) {
	row.Summary = t.Summary
	if row.branches, err = s.encodePart(t.ID, "branches", t.Branches); err != nil {
		return treeRow{}, err
	}
	row.leaves, err = s.encodePart(t.ID, "leaves", t.Leaves)
	return row, err
}

func (s *Store) encodePart(id digest.ID, part string, text []byte) ([]byte, error) {
	what := fmt.Sprintf("the text of the %s of tree %s", part, id)
	if len(text) > maxPart {
		return nil, &TooLargeError{What: what, Size: len(text), Max: maxPart}
	}
	stored, err := encodePart(text)
	if err == nil && len(stored) > s.maxPart {
		err = &TooLargeError{What: what + ", compressed,", Size: len(stored), Max: s.maxPart, Hint: "raise max_allowed_packet of the server"}
	}
	return stored, err
}

// insertTrees writes trees in one transaction and returns how many were new.
func (s *Store) insertTrees(ctx context.Context, rows []treeRow) (written int, err error) {
	const columns = 8
	args := make([]any, 0, columns*len(rows))
	for _, r := range rows {
		args = append(args, r.ID, r.Exact, r.Blind, r.Files, r.Dirs, r.Bytes, r.branches, r.leaves)
	}
	query := `
		INSERT INTO trees (id, exact, blind, files, dirs, bytes, branches, leaves)
		VALUES ` + tuples(len(rows), columns) + `
		` + s.dialect.Ignore("id")
	err = s.pace.do(ctx, func() error {
		return s.write(ctx, fmt.Sprintf("write %d trees", len(rows)), func(tx *sqlx.Tx) error {
			inserted, err := tx.ExecContext(ctx, query, args...)
			if err != nil {
				return err
			}
			n, err := inserted.RowsAffected()
			written = int(n)
			return err
		})
	})
	if err != nil {
		return 0, err
	}
	return written, nil
}

// tuples returns n rows of question marks, each in parentheses.
func tuples(n, columns int) string {
	return strings.TrimPrefix(strings.Repeat(", ("+placeholders(columns)+")", n), ", ")
}

// placeholders returns n question marks.
func placeholders(n int) string {
	return strings.TrimPrefix(strings.Repeat(", ?", n), ", ")
}
