package account

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/jmoiron/sqlx"
	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"mirrortracker/internal/mirror"
	"mirrortracker/migrations"
)

// sqlitePrefix begins the URL of a file.
const sqlitePrefix = "sqlite:"

// maxReaders is how many may read a file at once.
const maxReaders = 4

var sqliteDialect = &dialect{
	goose:      goose.DialectSQLite3,
	migrations: sub(migrations.FTPServerSQLite, "ftpd/sqlite"),
	lost: func(err error) bool {
		code := sqliteCode(err)
		return code&0xff == sqlite3.SQLITE_BUSY ||
			code == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY || code == sqlite3.SQLITE_CONSTRAINT_UNIQUE
	},
}

// openSQLite makes the file, for its owner alone, as it has the hashes of passwords.
func openSQLite(ctx context.Context, url string) (*Store, error) {
	path := filepath.Clean(strings.TrimPrefix(url, sqlitePrefix))
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
	rw, err := connectSQLite(path, 1, "_txlock=immediate", "_pragma=journal_mode(WAL)", "_pragma=synchronous(FULL)")
	if err != nil {
		return nil, err
	}
	ro, err := connectSQLite(path, maxReaders, "_pragma=query_only(1)")
	if err != nil {
		return nil, errors.Join(err, rw.Close())
	}
	s := &Store{dialect: sqliteDialect, rw: rw, ro: ro}
	// The first to come changes the file to WAL, for which others do not wait.
	err = sqliteDialect.patiently(ctx, rw.PingContext)
	if err == nil {
		err = sqliteDialect.migrate(ctx, rw.DB)
	}
	if err != nil {
		return nil, errors.Join(explainSQLite(err), s.Close())
	}
	return s, nil
}

func connectSQLite(path string, connections int, options ...string) (*sqlx.DB, error) {
	options = append([]string{"mode=rw", "_pragma=busy_timeout(5000)"}, options...)
	db, err := sqlx.Open("sqlite", "file:"+mirror.EscapePath(path)+"?"+strings.Join(options, "&"))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

func sqliteCode(err error) int {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code()
	}
	return 0
}

// explainSQLite says what to do about a file that cannot be used.
func explainSQLite(err error) error {
	switch sqliteCode(err) & 0xff {
	case sqlite3.SQLITE_NOTADB:
		return fmt.Errorf("it is a file of another kind; move it away or give another path: %w", err)
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN:
		return fmt.Errorf("it cannot be written; this user needs write permission on the file and on its folder: %w", err)
	case sqlite3.SQLITE_CORRUPT:
		return fmt.Errorf("it is damaged; restore a copy, or move it away and add users again: %w", err)
	case sqlite3.SQLITE_FULL:
		return fmt.Errorf("its disk is full: %w", err)
	}
	return err
}
