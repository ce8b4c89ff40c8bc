package store

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"mirrortracker/internal/database"
)

// OpenLater returns a store whose database is opened, as [OpenPresent] does it, by the
// first use that finds it there. Until then every use fails and says why. It is for
// a program that has something to do while its database is away, and that stores no
// trees. An error is about the URL.
func OpenLater(url string) (*Store, error) {
	where, err := locate(url)
	if err != nil {
		return nil, err
	}
	return where.store(&laterDB{where: where, name: database.Redact(url)}), nil
}

// A laterDB is a database that is opened when it is used.
type laterDB struct {
	where location
	name  string // for errors

	mu     sync.Mutex  // held while it is opened, guards the following
	opened connections // nil before
	closed bool
}

func (db *laterDB) use(ctx context.Context, fn func(pools) error) error {
	opened, err := db.open(ctx)
	if err != nil {
		return err
	}
	return opened.use(ctx, fn)
}

func (db *laterDB) open(ctx context.Context) (connections, error) {
	db.mu.Lock()
	defer db.mu.Unlock()
	switch {
	case db.closed:
		return nil, errors.New("the database is closed")
	case db.opened != nil:
		return db.opened, nil
	}
	s, err := db.where.open(ctx, false)
	if err != nil {
		return nil, fmt.Errorf("open database %s: %w", db.name, err)
	}
	db.opened = s.db
	return db.opened, nil
}

func (db *laterDB) Close() error {
	db.mu.Lock()
	defer db.mu.Unlock()
	db.closed = true
	if db.opened == nil {
		return nil
	}
	return db.opened.Close()
}
