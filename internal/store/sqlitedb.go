package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"

	"mirrortracker/internal/database"
)

// A sqliteDB is whatever database file is at a path. Connections stay with a
// file that is moved or removed, and would never tell, so before each use the
// file at the path is compared with the open one.
type sqliteDB struct {
	path sqliteFile

	mu     sync.RWMutex // held for reading while connections are in use; guards the following
	file   *openFile    // nil if what came in its place could not be opened
	closed bool
}

// use calls fn with connections to the file at the path. If that is another
// one than before, it is opened when nobody uses the old one any more.
func (db *sqliteDB) use(ctx context.Context, fn func(pools) error) error {
	for {
		used, err := db.useOpen(fn)
		if used || err != nil {
			return err
		}
		if err := db.reopen(ctx); err != nil {
			return err
		}
	}
}

// useOpen calls fn if the open file is the one at the path.
func (db *sqliteDB) useOpen(fn func(pools) error) (used bool, err error) {
	db.mu.RLock()
	defer db.mu.RUnlock()
	current, err := db.current()
	if err != nil || !current {
		return false, err
	}
	err = fn(db.file.pools)
	if database.SQLiteCode(err) == 0 {
		return true, err
	}
	// SQLite's own words for a file that has just gone are of no help.
	switch current, gone := db.current(); {
	case gone != nil:
		err = fmt.Errorf("%w: %w", gone, err)
	case !current:
		err = fmt.Errorf("the database file %s was replaced meanwhile: %w", db.path, err)
	}
	return true, err
}

// current reports whether the open file is the one at the path. That there is
// none is an error; the open one is kept, for it may come back.
func (db *sqliteDB) current() (bool, error) {
	if db.closed {
		return false, errors.New("the database is closed")
	}
	info, err := os.Stat(string(db.path))
	if errors.Is(err, fs.ErrNotExist) {
		return false, fmt.Errorf("the database file %s is gone; put it back, or start the program again", db.path)
	}
	if err != nil {
		return false, fmt.Errorf("look for the database file: %w", err)
	}
	return db.file != nil && os.SameFile(info, db.file.info), nil
}

// reopen opens the file at the path instead of the open one. No connection to
// that is left then, as two files at one path would share a log.
func (db *sqliteDB) reopen(ctx context.Context) error {
	db.mu.Lock()
	defer db.mu.Unlock()
	if current, err := db.current(); err != nil || current {
		return err // somebody else was here first, maybe
	}
	if db.file != nil {
		if err := db.file.leave(ctx); err != nil {
			return fmt.Errorf("the database file %s is another one now: %w", db.path, err)
		}
		db.file = nil
	}
	file, err := db.path.use(ctx)
	if err != nil {
		return fmt.Errorf("the database file %s is another one now: %w", db.path, err)
	}
	db.file = file
	return nil
}

// Close waits until nobody uses the connections.
func (db *sqliteDB) Close() error {
	db.mu.Lock()
	defer db.mu.Unlock()
	file := db.file
	db.file, db.closed = nil, true
	if file == nil {
		return nil
	}
	return file.close()
}
