package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/jmoiron/sqlx"

	"mirrortracker/internal/digest"
)

// Parts says which parts of a tree are wanted besides its summary.
type Parts uint8

// The parts of a tree; Branches|Leaves is all of it.
const (
	Branches Parts = 1 << iota
	Leaves
)

// maxHeld is how many bytes of stored parts are held, at most, before trees
// are handed out; a single tree may have more.
const maxHeld = 8 << 20

// Trees calls fn with each of the trees that is there, once, in no particular
// order, with the parts that are wanted; the others are nil. A missing tree is
// left out. No transaction is open while fn runs, which may thus call the store
// and take its time; its error ends the call and is returned as it is.
func (s *Store) Trees(ctx context.Context, ids []digest.ID, parts Parts, fn func(*digest.Tree) error) error {
	rest := slices.Clone(ids)
	slices.SortFunc(rest, compareIDs)
	rest = slices.Compact(rest)
	for len(rest) > 0 {
		var rows []treeRow
		var asked int
		err := s.db.use(ctx, func(p pools) (err error) {
			rows, asked, err = someTrees(ctx, p.ro, rest, parts)
			return err
		})
		if err != nil {
			return fmt.Errorf("read trees: %w", err)
		}
		rest = rest[asked:]
		for _, r := range rows {
			t, err := r.decode(parts)
			if err != nil {
				return fmt.Errorf("read tree %s: %w", r.ID, err)
			}
			if err := fn(t); err != nil {
				return err
			}
		}
	}
	return nil
}

// someTrees reads trees from the beginning of the sorted ids, and returns also
// how many of the ids were asked for.
func someTrees(ctx context.Context, db *sqlx.DB, ids []digest.ID, parts Parts) (trees []treeRow, asked int, err error) {
	ids = ids[:min(len(ids), maxRows)]
	rows, err := db.QueryxContext(ctx, `
		SELECT
			id,
			exact,
			blind,
			files,
			dirs,
			bytes,
			`+column(parts, Branches, "branches")+`,
			`+column(parts, Leaves, "leaves")+`
		FROM trees
		WHERE id IN (`+placeholders(len(ids))+`)
		ORDER BY id`,
		anyOf(ids)...)
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close()
	for held := 0; rows.Next(); {
		var r treeRow
		if err := rows.Scan(&r.ID, &r.Exact, &r.Blind, &r.Files, &r.Dirs, &r.Bytes, &r.branches, &r.leaves); err != nil {
			return nil, 0, err
		}
		trees = append(trees, r)
		if held += len(r.branches) + len(r.leaves); held > maxHeld {
			last, _ := slices.BinarySearchFunc(ids, r.ID, compareIDs)
			return trees, last + 1, nil
		}
	}
	return trees, len(ids), rows.Err()
}

// column returns the name of a part's column if the part is wanted.
func column(parts, part Parts, name string) string {
	if parts&part == 0 {
		return "NULL"
	}
	return name
}

// decode returns the tree with the parts that were read.
func (r treeRow) decode(parts Parts) (*digest.Tree, error) {
	t := &digest.Tree{Summary: r.Summary}
	var err error
	if parts&Branches != 0 {
		if t.Branches, err = decodePart(r.branches); err != nil {
			return nil, fmt.Errorf("branches: %w", err)
		}
	}
	if parts&Leaves != 0 {
		if t.Leaves, err = decodePart(r.leaves); err != nil {
			return nil, fmt.Errorf("leaves: %w", err)
		}
	}
	return t, nil
}

// requireTop returns [ErrNoTree] unless a directory's tree and those of the
// directories in it are there.
func requireTop(ctx context.Context, tx *sqlx.Tx, root digest.ID) error {
	var row treeRow
	err := tx.QueryRowxContext(ctx, `SELECT branches FROM trees WHERE id = ?`, root).Scan(&row.branches)
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("tree %s: %w", root, ErrNoTree)
	}
	if err != nil {
		return err
	}
	tree, err := row.decode(Branches)
	if err != nil {
		return fmt.Errorf("tree %s: %w", root, err)
	}
	var below []digest.ID
	for c := range tree.Children() {
		below = append(below, c.ID)
	}
	slices.SortFunc(below, compareIDs)
	below = slices.Compact(below)
	for some := range slices.Chunk(below, maxRows) {
		var there []digest.ID
		if err := tx.SelectContext(ctx, &there, `
			SELECT id
			FROM trees
			WHERE id IN (`+placeholders(len(some))+`)
			ORDER BY id`,
			anyOf(some)...,
		); err != nil {
			return err
		}
		for i, id := range some {
			if i >= len(there) || there[i] != id {
				return fmt.Errorf("tree %s in %s: %w", id, root, ErrNoTree)
			}
		}
	}
	return nil
}

// anyOf returns identities as a statement takes them.
func anyOf(ids []digest.ID) []any {
	args := make([]any, len(ids))
	for i, id := range ids {
		args[i] = id
	}
	return args
}

func compareIDs(a, b digest.ID) int { return bytes.Compare(a[:], b[:]) }
