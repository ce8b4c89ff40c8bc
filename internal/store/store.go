package store

import (
	"context"
	"fmt"
	"time"

	"mirrortracker/internal/database"

	"github.com/jmoiron/sqlx"
)

// A Store is the tracker's database. Its methods may be called by several
// goroutines at a time, and several processes may have the same database open.
type Store struct {
	dialect *dialect
	db      connections
	pace    *pacer // between bulk writes; nil where writers need not wait for each other
	maxPart int    // of a tree, as stored, in bytes
}

// Connections are those to a database. They call fn with them and returns its error,
// or one of its own if there are none to be had; they are fn's until it returns.
// The functions it calls must not use the database again.
type connections interface {
	use(ctx context.Context, fn func(pools) error) error
	Close() error
}

// Pools are connections to one database.
type pools struct {
	rw *sqlx.DB // for transactions that write; one connection at most in SQLite
	ro *sqlx.DB // for those that only read; the same as rw in MySQL
}

func writers(p pools) *sqlx.DB { return p.rw }
func readers(p pools) *sqlx.DB { return p.ro }

// Open opens the database that a URL names, creates what is missing, and brings
// its tables up to date:
//
//	sqlite:PATH                            the file and its folders are created
//	mysql://user:password@host:3306/name   the database is created if the user may
//
// The path is taken as it stands, with no escapes. In the other URL, characters
// of the password that have a meaning there are written as %XX; its options are
// socket=PATH (instead of a host), tls=true, false, skip-verify or preferred,
// and timeout=DURATION for connecting, 10s unless told.
//
// A server that hangs is given up: a call fails if MySQL takes none of a
// statement for a minute, or answers nothing for two, which is plenty for the
// largest scan here. The connection is closed then, and the next call opens another.
//
// If the file of SQLite is taken away, calls fail until one is back; if another
// is there, it is opened in place of the old one. To restore a copy made with
// sqlite3's .backup, stop the programs that write, and mv the copy to the path;
// a copy of the files themselves takes tracker.db-wal with it. Never cp over a
// file that is in use: that cannot be noticed, and destroys it.
//
// Any number of processes may open the same database at once. No error shows
// the password.
func Open(ctx context.Context, url string) (*Store, error) { return open(ctx, url, true) }

// OpenPresent is [Open] for a program that has something to do without a database: one
// that is not there is an error, as it may be there again soon.
func OpenPresent(ctx context.Context, url string) (*Store, error) { return open(ctx, url, false) }

func open(ctx context.Context, url string, create bool) (*Store, error) {
	where, err := locate(url)
	if err != nil {
		return nil, err
	}
	s, err := where.open(ctx, create)
	if err != nil {
		return nil, fmt.Errorf("open database %s: %w", database.Redact(url), err)
	}
	return s, nil
}

// A location is what a database's URL names.
type location interface {
	open(ctx context.Context, create bool) (*Store, error) // create says whether to make one that is not there
	store(db connections) *Store                           // with a database that is there
}

func locate(url string) (location, error) {
	where, err := database.Locate(url)
	switch {
	case err != nil:
		return nil, err
	case where.Server != nil:
		return mysqlConfig{where.Server}, nil
	}
	return sqliteFile(where.File), nil
}

// Close closes all connections, once they are no longer in use.
func (s *Store) Close() error { return s.db.Close() }

// Ping asks whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	return s.db.use(ctx, func(p pools) error {
		var one int
		return p.ro.GetContext(ctx, &one, `SELECT 1`)
	})
}

// write runs fn in a transaction, and again from its beginning where it lost
// against another one. fn must not keep anything from a run that failed.
func (s *Store) write(ctx context.Context, op string, fn func(tx *sqlx.Tx) error) error {
	return s.transact(ctx, writers, op, fn)
}

// read runs fn in a transaction that sees one state of the database. It must be
// short: an open one keeps SQLite from clearing its log.
func (s *Store) read(ctx context.Context, op string, fn func(tx *sqlx.Tx) error) error {
	return s.transact(ctx, readers, op, fn)
}

func (s *Store) transact(ctx context.Context, pool func(pools) *sqlx.DB, op string, fn func(tx *sqlx.Tx) error) error {
	err := s.dialect.Patiently(ctx, func(ctx context.Context) error {
		return s.db.use(ctx, func(p pools) error { return database.Once(ctx, pool(p), fn) })
	})
	if err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	return nil
}

// selectRows reads all rows of one query into dest, a pointer to a slice of structs.
func (s *Store) selectRows(ctx context.Context, op string, dest any, query string, args ...any) error {
	if err := s.db.use(ctx, func(p pools) error { return p.ro.SelectContext(ctx, dest, query, args...) }); err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	return nil
}

// toUnix and fromUnix convert times; the zero time is 0.
func toUnix(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

func fromUnix(seconds int64) time.Time {
	if seconds == 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}
