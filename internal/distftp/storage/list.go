package storage

import (
	"context"
	"database/sql"
	"errors"
	"iter"
	"time"

	"mirrortracker/internal/distftp/wire"
)

// Directory goes through the entries of a directory, as they are at one moment; if deep
// through all that is below it, with names relative to it, each directory before its
// content. What does not exist has none. Within a directory, directories come first, and
// both are sorted.
func (s *Storage) Directory(ctx context.Context, p wire.Path, deep bool) iter.Seq2[wire.Entry, error] {
	return func(yield func(wire.Entry, error) bool) {
		err := s.index.list(ctx, p, deep, func(e wire.Entry) error {
			if !yield(e, nil) {
				return errStopped
			}
			return nil
		})
		if err != nil && err != errStopped {
			yield(wire.Entry{}, failure(wire.ReadError, err))
		}
	}
}

// errStopped ends a listing that nobody wants to see the rest of.
var errStopped = errors.New("stopped")

func (ix *index) list(ctx context.Context, p wire.Path, deep bool, tell func(wire.Entry) error) error {
	tx, err := ix.ls.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return err
	}
	defer tx.Rollback()
	id := int64(rootDir)
	for _, name := range names(p) {
		err := tx.QueryRowContext(ctx, `SELECT id FROM dirs WHERE parent = ? AND name = ?`, id, name).Scan(&id)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return listBelow(ctx, tx, id, "", deep, tell)
}

// listBelow tells the entries of a directory, with a prefix to their names.
func listBelow(ctx context.Context, tx *sql.Tx, id int64, prefix wire.Path, deep bool, tell func(wire.Entry) error) error {
	ids, dirs, err := subdirectories(ctx, tx, id)
	if err != nil {
		return err
	}
	for _, e := range dirs {
		e.Name = prefix + e.Name
		if err := tell(e); err != nil {
			return err
		}
	}
	if err := listFiles(ctx, tx, id, prefix, tell); err != nil || !deep {
		return err
	}
	for i, e := range dirs {
		if err := listBelow(ctx, tx, ids[i], prefix+e.Name+"/", deep, tell); err != nil {
			return err
		}
	}
	return nil
}

func subdirectories(ctx context.Context, tx *sql.Tx, id int64) (ids []int64, dirs []wire.Entry, err error) {
	rows, err := tx.QueryContext(ctx, `SELECT id, name, digest FROM dirs WHERE parent = ? AND files > 0 ORDER BY name`, id)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	for rows.Next() {
		e := wire.Entry{Kind: wire.Directory}
		var name string
		var digest []byte
		if err := rows.Scan(&id, &name, &digest); err != nil {
			return nil, nil, err
		}
		e.Name = wire.Path(name)
		copy(e.Sub[:], digest)
		ids, dirs = append(ids, id), append(dirs, e)
	}
	return ids, dirs, rows.Err()
}

func listFiles(ctx context.Context, tx *sql.Tx, id int64, prefix wire.Path, tell func(wire.Entry) error) error {
	rows, err := tx.QueryContext(ctx, `SELECT name, `+fileColumns+` FROM files WHERE dir = ? ORDER BY name`, id)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		var r record
		if err := r.read(rows, &name); err != nil {
			return err
		}
		e := wire.Entry{Name: prefix + wire.Path(name), Kind: wire.File, Size: r.size, Version: r.version, Sums: r.sums}
		if r.version == 0 {
			e.ModTime = time.Unix(0, r.mtime)
		}
		if err := tell(e); err != nil {
			return err
		}
	}
	return rows.Err()
}
