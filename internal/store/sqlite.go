package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
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

var sqliteDialect = &dialect{
	goose:      goose.DialectSQLite3,
	migrations: sub(migrations.SQLite, "sqlite"),
	now:        `CAST(unixepoch('subsec') * 1000 AS INTEGER)`,
	size: `
		SELECT (page_count - freelist_count) * page_size
		FROM pragma_page_count(), pragma_freelist_count(), pragma_page_size()`,
	skip: func(string) string { return `ON CONFLICT DO NOTHING` },
	upsert: func(key string, set ...string) string {
		return "ON CONFLICT (" + key + ") DO UPDATE SET " + assignments(set, "excluded.%s")
	},
	lost: func(err error) bool {
		code := sqliteCode(err)
		return code&0xff == sqlite3.SQLITE_BUSY ||
			code == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY || code == sqlite3.SQLITE_CONSTRAINT_UNIQUE
	},
}

// sqliteFile is the path of a database file.
type sqliteFile string

func (path sqliteFile) open(ctx context.Context, create bool) (*Store, error) {
	if create {
		if err := os.MkdirAll(filepath.Dir(string(path)), 0o755); err != nil {
			return nil, fmt.Errorf("create its folder: %w", err)
		}
	}
	if _, err := os.Stat(string(path)); errors.Is(err, fs.ErrNotExist) {
		if !create {
			return nil, errors.New("there is no such file")
		}
		if err := path.create(ctx); err != nil {
			return nil, explainSQLite(err)
		}
	}
	file, err := path.use(ctx)
	if err != nil {
		return nil, err
	}
	return path.store(&sqliteDB{path: path, file: file}), nil
}

func (sqliteFile) store(db database) *Store {
	return &Store{dialect: sqliteDialect, db: db, pace: newPacer(), maxPart: maxPart}
}

// create makes an empty file, unless somebody else has just done it. All other
// connections are to a file that is there.
func (path sqliteFile) create(ctx context.Context) error {
	db, err := path.connect("mode=rwc")
	if err != nil {
		return err
	}
	return errors.Join(patiently(ctx, sqliteDialect.lost, db.PingContext), db.Close())
}

// connect prepares connections; options are those of the driver and of SQLite
// (https://www.sqlite.org/uri.html), which every connection needs anew.
func (path sqliteFile) connect(options ...string) (*sqlx.DB, error) {
	options = append([]string{"_pragma=busy_timeout(5000)"}, options...)
	return sqlx.Open("sqlite", "file:"+mirror.EscapePath(string(path))+"?"+strings.Join(options, "&"))
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
		return fmt.Errorf("it is damaged; restore a copy, or move it away and crawl again: %w", err)
	case sqlite3.SQLITE_FULL:
		return fmt.Errorf("its disk is full: %w", err)
	}
	return err
}
