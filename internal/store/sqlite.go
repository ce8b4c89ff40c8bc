package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"mirrortracker/internal/database"
)

var sqliteDialect = &dialect{
	Dialect: database.SQLite,
	size: `
		SELECT (page_count - freelist_count) * page_size
		FROM pragma_page_count(), pragma_freelist_count(), pragma_page_size()`,
	upsert: func(key string, set ...string) string {
		return "ON CONFLICT (" + key + ") DO UPDATE SET " + assignments(set, "excluded.%s")
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
			return nil, database.Tracker.Explain(err)
		}
	}
	file, err := path.use(ctx)
	if err != nil {
		return nil, err
	}
	return path.store(&sqliteDB{path: path, file: file}), nil
}

func (sqliteFile) store(db connections) *Store {
	return &Store{dialect: sqliteDialect, db: db, pace: newPacer(), maxPart: maxPart}
}

// create makes an empty file, unless somebody else has just done it. All other
// connections are to a file that is there.
func (path sqliteFile) create(ctx context.Context) error {
	db, err := database.ConnectSQLite(string(path), "mode=rwc")
	if err != nil {
		return err
	}
	return errors.Join(database.SQLite.Patiently(ctx, db.PingContext), db.Close())
}
