package database

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/jmoiron/sqlx"
)

// A DB is an open database. Its methods may be called by several goroutines at a time, and
// several processes may have the same database open.
type DB struct {
	*Dialect
	rw *sqlx.DB // for transactions that write; one connection in SQLite
	ro *sqlx.DB // for those that only read; the same as rw in MySQL
}

// Open opens the database that a URL names, creates what is missing, and brings the tables
// of a schema up to date. URLs are written as for the tracker's database
// ([mirrortracker/internal/store.Open]): the file of SQLite and its folders are created,
// as is MySQL's database if the user may. No error shows the password.
//
// What is committed to SQLite has reached the disk; MySQL does as it is configured
// (innodb_flush_log_at_trx_commit).
func Open(ctx context.Context, url string, s Schema) (*DB, error) {
	where, err := Locate(url)
	if err != nil {
		return nil, err
	}
	var db *DB
	if where.Server != nil {
		db, err = openMySQL(ctx, where, s)
	} else {
		db, err = openSQLite(ctx, where.File, s)
	}
	if err != nil {
		return nil, fmt.Errorf("open database %s: %w", Redact(url), err)
	}
	return db, nil
}

func openMySQL(ctx context.Context, where Location, s Schema) (*DB, error) {
	db, err := ConnectMySQL(ctx, where.Server, true)
	if err != nil {
		return nil, err
	}
	if err := MySQL.Migrate(ctx, db.DB, s); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &DB{Dialect: MySQL, rw: db, ro: db}, nil
}

// openSQLite makes the file, for its owner alone: databases have the hashes of passwords.
func openSQLite(ctx context.Context, path string, s Schema) (*DB, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("create its folder: %w", err)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	// A write transaction takes the lock when it begins, because one that has begun by
	// reading cannot wait for it. What is committed has reached the disk.
	rw, err := ConnectSQLite(path, "mode=rw", "_txlock=immediate", "_pragma=journal_mode(WAL)", "_pragma=synchronous(FULL)")
	if err != nil {
		return nil, err
	}
	rw.SetMaxOpenConns(1)
	ro, err := ConnectSQLite(path, "mode=rw", "_pragma=query_only(1)")
	if err != nil {
		return nil, errors.Join(err, rw.Close())
	}
	ro.SetMaxOpenConns(MaxReaders)
	ro.SetMaxIdleConns(MaxReaders)
	db := &DB{Dialect: SQLite, rw: rw, ro: ro}
	// The first to come changes the file to WAL, for which others do not wait.
	err = SQLite.Patiently(ctx, rw.PingContext)
	if err == nil {
		err = SQLite.Migrate(ctx, rw.DB, s)
	}
	if err != nil {
		return nil, errors.Join(s.Explain(err), db.Close())
	}
	return db, nil
}

// Close closes all connections.
func (db *DB) Close() error {
	if db.ro == db.rw {
		return db.rw.Close()
	}
	return errors.Join(db.ro.Close(), db.rw.Close())
}

// Write runs fn in a transaction, and again from its beginning where it lost against
// another one. fn must not keep anything from a run that failed. op is what errors say
// was tried.
func (db *DB) Write(ctx context.Context, op string, fn func(tx *sqlx.Tx) error) error {
	return db.transact(ctx, db.rw, op, fn)
}

// Read runs fn in a transaction that sees one state of the database. It must be short: an
// open one keeps SQLite from clearing its log.
func (db *DB) Read(ctx context.Context, op string, fn func(tx *sqlx.Tx) error) error {
	return db.transact(ctx, db.ro, op, fn)
}

func (db *DB) transact(ctx context.Context, pool *sqlx.DB, op string, fn func(tx *sqlx.Tx) error) error {
	if err := db.Patiently(ctx, func(ctx context.Context) error { return Once(ctx, pool, fn) }); err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	return nil
}

// Reader has the connections for single statements that only read.
func (db *DB) Reader() *sqlx.DB { return db.ro }

// Forgets says why what was committed may be lost when the database's machine fails; "" if
// it is not. SQLite is opened so that it is not.
func (db *DB) Forgets(ctx context.Context) (string, error) {
	if db.Dialect == SQLite {
		return "", nil
	}
	var flush int
	if err := db.ro.GetContext(ctx, &flush, `SELECT @@innodb_flush_log_at_trx_commit`); err != nil {
		return "", fmt.Errorf("ask the database server how it writes: %w", err)
	}
	if flush == 1 {
		return "", nil
	}
	return fmt.Sprintf("innodb_flush_log_at_trx_commit is %d: what was committed in the last second is lost if the server's machine fails", flush), nil
}
