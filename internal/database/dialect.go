package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"github.com/sethvargo/go-retry"
)

// A Dialect is what differs between the two kinds of database, but for how they are
// opened.
type Dialect struct {
	// Now is the database's clock, in Unix milliseconds, as an expression.
	Now string

	// ForUpdate ends a SELECT whose rows are about to be written: nobody else may write
	// them until the transaction ends. In SQLite nobody can anyway.
	ForUpdate string

	// Ignore follows the rows of an INSERT whose key is the given column: those that are
	// there already stay as they are and are not counted.
	Ignore func(key string) string

	goose  goose.Dialect
	locker func(table string) (lock.Locker, error) // of migrations; nil where every one is a transaction
	lost   func(error) bool
}

// ErrOutrun makes a transaction run again, for it has read what is no longer so.
var ErrOutrun = errors.New("somebody else was faster")

// Lost reports whether a transaction failed because of another one, and should be run
// again. A duplicate key is such a case: every INSERT is to follow a look whether the row
// is there, or to have [Dialect.Ignore].
func (d *Dialect) Lost(err error) bool { return errors.Is(err, ErrOutrun) || d.lost(err) }

// Patiently calls fn until it does not lose against somebody else, at most thirteen times
// in about three seconds, not counting the time that fn takes.
func (d *Dialect) Patiently(ctx context.Context, fn func(ctx context.Context) error) error {
	backoff := retry.NewExponential(2 * time.Millisecond)
	backoff = retry.WithCappedDuration(500*time.Millisecond, backoff)
	backoff = retry.WithJitterPercent(50, backoff)
	backoff = retry.WithMaxRetries(12, backoff)
	return retry.Do(ctx, backoff, func(ctx context.Context) error {
		err := fn(ctx)
		if d.Lost(err) {
			return retry.RetryableError(err)
		}
		return err
	})
}

// Once runs fn in a transaction.
func Once(ctx context.Context, db *sqlx.DB, fn func(tx *sqlx.Tx) error) error {
	tx, err := db.BeginTxx(ctx, nil)
	if err != nil {
		return err
	}
	if err := fn(tx); err != nil {
		// What made fn fail is what matters; a connection that cannot roll back is
		// closed, which does.
		_ = tx.Rollback()
		return err
	}
	return tx.Commit()
}

// A Schema is the tables of one program. Several may stand in one database.
type Schema struct {
	SQLite, MySQL  fs.FS  // the migrations
	Versions, Lock string // the tables in which it is written down which of them ran, and who runs them
	Remedy         string // what else to do about a file that is damaged than to restore a copy
}

// Migrate brings the tables up to date. Of several processes that start at once, one does
// it: in MySQL the others wait for goose's lock; in SQLite, where a migration is one
// transaction with the note that it ran, they fail, and try again for as long as that
// brings them further.
func (d *Dialect) Migrate(ctx context.Context, db *sql.DB, s Schema) error {
	options := []goose.ProviderOption{
		goose.WithDisableGlobalRegistry(true),
		goose.WithSlog(slog.New(slog.DiscardHandler)),
		goose.WithTableName(s.Versions),
	}
	migrations := s.SQLite
	if d == MySQL {
		migrations = s.MySQL
	}
	if d.locker != nil {
		locker, err := d.locker(s.Lock)
		if err != nil {
			return fmt.Errorf("migrate: %w", err)
		}
		options = append(options, goose.WithLocker(locker))
	}
	provider, err := goose.NewProvider(d.goose, db, migrations, options...)
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	for reached := int64(-1); ; {
		_, err := provider.Up(ctx)
		if err == nil {
			return nil
		}
		version, _, again := provider.GetVersions(ctx)
		if again != nil || version <= reached {
			return fmt.Errorf("migrate: %w", err)
		}
		reached = version
	}
}
