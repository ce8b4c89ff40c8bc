package store

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"

	"github.com/pressly/goose/v3"
)

// migrate brings the tables up to date. Of several processes that start at
// once, one does it: MySQL's wait for goose's lock; in SQLite, where a
// migration is one transaction with the note that it ran, the others fail, and
// find when they look again that there is less to do.
func (s *Store) migrate(ctx context.Context) error {
	options := []goose.ProviderOption{
		goose.WithDisableGlobalRegistry(true),
		goose.WithSlog(slog.New(slog.DiscardHandler)),
	}
	if s.dialect.locker != nil {
		locker, err := s.dialect.locker()
		if err != nil {
			return fmt.Errorf("migrate: %w", err)
		}
		options = append(options, goose.WithLocker(locker))
	}
	provider, err := goose.NewProvider(s.dialect.goose, s.rw.DB, s.dialect.migrations, options...)
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	for {
		before, target, err := provider.GetVersions(ctx)
		if err != nil {
			return fmt.Errorf("migrate: %w", err)
		}
		if before >= target {
			return nil
		}
		if _, err := provider.Up(ctx); err != nil {
			if now, _, again := provider.GetVersions(ctx); again != nil || now <= before {
				return fmt.Errorf("migrate: %w", err)
			}
		}
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
