package operator

import (
	"context"
	"errors"
	"log/slog"

	"mirrortracker/internal/database"
	"mirrortracker/internal/distftp/authority"
	"mirrortracker/internal/distftp/catalogue"
)

// A Database is what commands work on: a catalogue that is no master's.
type Database struct {
	*catalogue.Catalogue
	db *database.DB
}

// On returns what a database holds. It is closed with it, also in an error.
func On(ctx context.Context, db *database.DB) (*Database, error) {
	c, err := catalogue.Open(ctx, catalogue.Config{DB: db, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &Database{c, db}, nil
}

// Close closes the database.
func (d *Database) Close() error { return d.db.Close() }

// revoke shuts out a slave.
func (d *Database) revoke(ctx context.Context, slave string) error {
	a, err := authority.Open(ctx, d.db)
	if err == nil {
		err = a.Revoke(ctx, slave)
	}
	return err
}
