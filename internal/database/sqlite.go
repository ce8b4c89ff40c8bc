package database

import (
	"errors"
	"fmt"
	"strings"

	"github.com/jmoiron/sqlx"
	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"mirrortracker/internal/mirror"
)

// MaxReaders is how many may read a file of SQLite at once.
const MaxReaders = 4

// SQLite is the dialect of SQLite.
var SQLite = &Dialect{
	Now:    `CAST(unixepoch('subsec') * 1000 AS INTEGER)`,
	Ignore: func(string) string { return `ON CONFLICT DO NOTHING` },
	goose:  goose.DialectSQLite3,
	lost: func(err error) bool {
		code := SQLiteCode(err)
		return code&0xff == sqlite3.SQLITE_BUSY ||
			code == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY || code == sqlite3.SQLITE_CONSTRAINT_UNIQUE
	},
}

// ConnectSQLite prepares connections to a file; options are those of the driver and of
// SQLite (https://www.sqlite.org/uri.html), which every connection needs anew.
func ConnectSQLite(path string, options ...string) (*sqlx.DB, error) {
	options = append([]string{"_pragma=busy_timeout(5000)"}, options...)
	return sqlx.Open("sqlite", "file:"+mirror.EscapePath(path)+"?"+strings.Join(options, "&"))
}

// SQLiteCode returns SQLite's own code of an error, 0 if it is not one of those.
func SQLiteCode(err error) int {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code()
	}
	return 0
}

// Explain says what to do about a file that cannot be used.
func (s Schema) Explain(err error) error {
	switch SQLiteCode(err) & 0xff {
	case sqlite3.SQLITE_NOTADB:
		return fmt.Errorf("it is a file of another kind; move it away or give another path: %w", err)
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN:
		return fmt.Errorf("it cannot be written; this user needs write permission on the file and on its folder: %w", err)
	case sqlite3.SQLITE_CORRUPT:
		return fmt.Errorf("it is damaged; restore a copy, or %s: %w", s.Remedy, err)
	case sqlite3.SQLITE_FULL:
		return fmt.Errorf("its disk is full: %w", err)
	}
	return err
}
