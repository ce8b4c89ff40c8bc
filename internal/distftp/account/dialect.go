package account

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"log/slog"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// A dialect holds what differs between the two databases, but for how they are opened.
type dialect struct {
	goose      goose.Dialect
	migrations fs.FS
	locker     func() (lock.Locker, error) // of migrations; nil where every one is a transaction

	// locked follows a SELECT whose rows are about to be written: nobody else may
	// write them until the transaction ends.
	locked string

	// lost reports whether a transaction failed because of another one, and should be
	// run again. A duplicate key is such a case: every INSERT here follows a look
	// whether the row is there.
	lost func(error) bool
}

// The tables in which it is written down which migrations ran; not those of the tracker,
// whose tables may stand in the same database.
const (
	versionTable = "ftp_db_version"
	lockTable    = "ftp_db_lock"
)

// migrate brings the tables up to date. Of several processes that start at once, one does
// it: in MySQL the others wait for goose's lock; in SQLite, where a migration is one
// transaction with the note that it ran, they fail, and try again for as long as that
// brings them further.
func (d *dialect) migrate(ctx context.Context, db *sql.DB) error {
	options := []goose.ProviderOption{
		goose.WithDisableGlobalRegistry(true),
		goose.WithSlog(slog.New(slog.DiscardHandler)),
		goose.WithTableName(versionTable),
	}
	if d.locker != nil {
		locker, err := d.locker()
		if err != nil {
			return fmt.Errorf("migrate: %w", err)
		}
		options = append(options, goose.WithLocker(locker))
	}
	provider, err := goose.NewProvider(d.goose, db, d.migrations, options...)
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

// sub returns a folder of embedded files, which is there because it was embedded.
func sub(fsys fs.FS, dir string) fs.FS {
	folder, err := fs.Sub(fsys, dir)
	if err != nil {
		panic("account: internal error: " + err.Error())
	}
	return folder
}
