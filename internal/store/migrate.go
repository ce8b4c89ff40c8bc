package store

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"log/slog"

	"github.com/pressly/goose/v3"
)

// migrate brings the tables of a database up to date. Of several processes that start at
// once, one does it: in MySQL the others wait for goose's lock; in SQLite, where
// a migration is one transaction with the note that it ran, they fail, and try
// again for as long as that brings them further.
func (d *dialect) migrate(ctx context.Context, db *sql.DB) error {
	options := []goose.ProviderOption{
		goose.WithDisableGlobalRegistry(true),
		goose.WithSlog(slog.New(slog.DiscardHandler)),
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
		panic("store: internal error: " + err.Error())
	}
	return folder
}
