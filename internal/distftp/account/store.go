package account

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/sethvargo/go-retry"

	"mirrortracker/internal/store"
)

// A Store is the FTP server's database, as far as it is about users. Its methods may be
// called by several goroutines at a time, and several processes may have the same
// database open.
type Store struct {
	dialect *dialect
	rw      *sqlx.DB // for transactions that write; one connection in SQLite
	ro      *sqlx.DB // for those that only read; the same as rw in MySQL
}

// Open opens the database that a URL names, creates what is missing, and brings its
// tables up to date. URLs are written as for the tracker's database ([store.Open]): the
// file of SQLite and its folders are created, as is MySQL's database if the user may. The
// tables are others, and may stand in the same database. No error shows the password.
func Open(ctx context.Context, url string) (*Store, error) {
	if err := store.CheckURL(url); err != nil {
		return nil, err
	}
	open := openMySQL
	if strings.HasPrefix(url, sqlitePrefix) {
		open = openSQLite
	}
	s, err := open(ctx, url)
	if err != nil {
		return nil, fmt.Errorf("open database %s: %w", store.Redact(url), err)
	}
	return s, nil
}

// Close closes all connections.
func (s *Store) Close() error {
	if s.ro == s.rw {
		return s.rw.Close()
	}
	return errors.Join(s.ro.Close(), s.rw.Close())
}

// write runs fn in a transaction, and again from its beginning where it lost against
// another one. fn must not keep anything from a run that failed.
func (s *Store) write(ctx context.Context, op string, fn func(tx *sqlx.Tx) error) error {
	return s.transact(ctx, s.rw, op, fn)
}

// read runs fn in a transaction that sees one state of the database.
func (s *Store) read(ctx context.Context, op string, fn func(tx *sqlx.Tx) error) error {
	return s.transact(ctx, s.ro, op, fn)
}

func (s *Store) transact(ctx context.Context, db *sqlx.DB, op string, fn func(tx *sqlx.Tx) error) error {
	if err := s.dialect.patiently(ctx, func(ctx context.Context) error { return once(ctx, db, fn) }); err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	return nil
}

func once(ctx context.Context, db *sqlx.DB, fn func(tx *sqlx.Tx) error) error {
	tx, err := db.BeginTxx(ctx, nil)
	if err != nil {
		return err
	}
	if err := fn(tx); err != nil {
		_ = tx.Rollback() // what made fn fail is what matters
		return err
	}
	return tx.Commit()
}

// patiently calls fn until it does not lose against somebody else, for about three
// seconds, not counting the time that fn takes.
func (d *dialect) patiently(ctx context.Context, fn func(ctx context.Context) error) error {
	backoff := retry.NewExponential(2 * time.Millisecond)
	backoff = retry.WithCappedDuration(500*time.Millisecond, backoff)
	backoff = retry.WithJitterPercent(50, backoff)
	backoff = retry.WithMaxRetries(12, backoff)
	return retry.Do(ctx, backoff, func(ctx context.Context) error {
		err := fn(ctx)
		if d.lost(err) {
			return retry.RetryableError(err)
		}
		return err
	})
}
