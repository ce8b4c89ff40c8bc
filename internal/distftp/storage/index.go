package storage

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"strings"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"mirrortracker/internal/distftp/wire"
	"mirrortracker/internal/mirror"
)

//go:embed index.sql
var schema string

// rootDir is the row of the root directory.
const rootDir = 1

// An index is the database of what stands on the disks.
type index struct {
	rw *sql.DB // one connection: changes come one after the other
	ro *sql.DB // look-ups
	ls *sql.DB // listings, which can take as long as who reads them

	getDir, get, set, unset *sql.Stmt // of rw
	dir, file               *sql.Stmt // of ro

	knownDirs  memory[int64]
	knownFiles memory[record]
}

// openIndex opens the index. With an identity it makes one for that storage, where there is
// none.
func openIndex(ctx context.Context, path string, id string) (*index, error) {
	mode := "mode=rw"
	if id != "" {
		mode = "mode=rwc"
	}
	// What is committed has reached the disk. A reader's cache is small: there are several.
	rw, err := connect(path, 1, mode, "_txlock=immediate", "_pragma=journal_mode(WAL)", "_pragma=synchronous(FULL)", "_pragma=cache_size(-16384)")
	if err != nil {
		return nil, err
	}
	ix := &index{rw: rw}
	if err := ix.open(ctx, path, id); err != nil {
		return nil, errors.Join(fmt.Errorf("index %s: %w", path, explain(err)), ix.close())
	}
	return ix, nil
}

func (ix *index) open(ctx context.Context, path, id string) (err error) {
	if err := ix.create(ctx, id); err != nil {
		return err
	}
	if ix.ro, err = connect(path, 4, "mode=ro", "_pragma=cache_size(-1024)"); err != nil {
		return err
	}
	if ix.ls, err = connect(path, 4, "mode=ro", "_pragma=cache_size(-1024)"); err != nil {
		return err
	}
	for _, s := range []struct {
		into  **sql.Stmt
		db    *sql.DB
		query string
	}{
		{&ix.getDir, ix.rw, `SELECT id, digest, files, bytes FROM dirs WHERE parent = ? AND name = ?`},
		{&ix.get, ix.rw, `SELECT ` + fileColumns + ` FROM files WHERE dir = ? AND name = ?`},
		{&ix.set, ix.rw, `INSERT OR REPLACE INTO files (dir, name, ` + fileColumns + `) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`},
		{&ix.unset, ix.rw, `DELETE FROM files WHERE dir = ? AND name = ?`},
		{&ix.dir, ix.ro, `SELECT id FROM dirs WHERE parent = ? AND name = ?`},
		{&ix.file, ix.ro, `SELECT ` + fileColumns + ` FROM files WHERE dir = ? AND name = ?`},
	} {
		if *s.into, err = s.db.PrepareContext(ctx, s.query); err != nil {
			return err
		}
	}
	return nil
}

// explain says what to do about an index that cannot be used.
func explain(err error) error {
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return err
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT:
		return fmt.Errorf("it is damaged; move %s away in every folder and make a new storage of them, into which all files come again: %w", ownDir, err)
	case sqlite3.SQLITE_CANTOPEN:
		return fmt.Errorf("it is missing, or its disk is read-only; restore it, or move %s away in every folder and make a new storage of them, into which all files come again: %w", ownDir, err)
	}
	return err
}

// create makes the tables, where there are none, if there is an identity to write down.
func (ix *index) create(ctx context.Context, id string) error {
	tx, err := ix.rw.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	var tables int
	if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_schema`).Scan(&tables); err != nil || tables > 0 || id == "" {
		return err
	}
	if _, err := tx.ExecContext(ctx, schema); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO storage VALUES (?, 0, 0, 0, '', 0)`, id); err != nil {
		return err
	}
	return tx.Commit()
}

func (ix *index) close() error {
	var errs []error
	for _, db := range []*sql.DB{ix.ls, ix.ro, ix.rw} { // the last one closed tidies up
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(errs...)
}

func connect(path string, connections int, options ...string) (*sql.DB, error) {
	options = append(options, "_pragma=busy_timeout(5000)")
	db, err := sql.Open("sqlite", "file:"+mirror.EscapePath(path)+"?"+strings.Join(options, "&"))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

// A record is what the index says of a file.
type record struct {
	version uint64
	folder  int
	facts
	sums *wire.Sums // nil: not computed yet
}

const fileColumns = `version, folder, inode, size, mtime, crc32, sha256`

type scanner interface{ Scan(into ...any) error }

// read reads fileColumns.
func (r *record) read(row scanner, before ...any) error {
	var crc sql.NullInt64
	var sha []byte
	var inode int64
	if err := row.Scan(append(before, &r.version, &r.folder, &inode, &r.size, &r.mtime, &crc, &sha)...); err != nil {
		return err
	}
	r.inode = uint64(inode)
	r.sums = nil
	if crc.Valid {
		r.sums = &wire.Sums{CRC32: uint32(crc.Int64), SHA256: sha}
	}
	return nil
}

// values are those of fileColumns.
func (r *record) values() []any {
	var crc, sha any
	if r.sums != nil {
		crc = int64(r.sums.CRC32)
		if r.sums.SHA256 != nil {
			sha = r.sums.SHA256
		}
	}
	return []any{int64(r.version), r.folder, int64(r.inode), r.size, r.mtime, crc, sha}
}

// digest is what a file adds to that of its directory.
func (r *record) digest(name string) wire.SyncDigest {
	e := wire.Entry{Name: wire.Path(name), Kind: wire.File, Size: r.size, Version: r.version}
	return e.Digest()
}

// find looks a file up.
func (ix *index) find(ctx context.Context, p wire.Path) (r record, found bool, err error) {
	r, generation, found := ix.knownFiles.get(p)
	if found {
		return r, true, nil
	}
	above, name := split(p)
	dir, found, err := ix.findDir(ctx, above)
	if !found || err != nil {
		return r, false, err
	}
	err = r.read(ix.file.QueryRowContext(ctx, dir, name))
	if errors.Is(err, sql.ErrNoRows) {
		return r, false, nil
	}
	if err != nil {
		return r, false, err
	}
	ix.knownFiles.put(p, r, generation)
	return r, true, nil
}

// findDir looks a directory up.
func (ix *index) findDir(ctx context.Context, p wire.Path) (id int64, found bool, err error) {
	id, generation, found := ix.knownDirs.get(p)
	if found {
		return id, true, nil
	}
	id = rootDir
	for _, name := range names(p) {
		err := ix.dir.QueryRowContext(ctx, id, name).Scan(&id)
		if errors.Is(err, sql.ErrNoRows) {
			return 0, false, nil
		}
		if err != nil {
			return 0, false, err
		}
	}
	ix.knownDirs.put(p, id, generation)
	return id, true, nil
}

func names(p wire.Path) []string { return mirror.Path(p).Names() }

// split splits a path into its directory and the name in it.
func split(p wire.Path) (dir wire.Path, name string) {
	return parent(p), string(p[strings.LastIndexByte(string(p), '/')+1:])
}
