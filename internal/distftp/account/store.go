package account

import (
	"context"

	"mirrortracker/internal/database"
)

// A Store is the FTP server's database, as far as it is about users. Its methods may be
// called by several goroutines at a time, and several processes may have the same
// database open.
type Store struct{ db *database.DB }

// Open opens the FTP server's database for its users alone, see [database.Open]. The
// tables may stand in the same database as the tracker's.
func Open(ctx context.Context, url string) (*Store, error) {
	db, err := database.Open(ctx, url, database.FTPServer)
	if err != nil {
		return nil, err
	}
	return On(db), nil
}

// On returns the users in a database that is open already, and that it is the caller's to
// close.
func On(db *database.DB) *Store { return &Store{db} }

// Close closes all connections.
func (s *Store) Close() error { return s.db.Close() }

// Forgets says why what was committed may be lost, see [database.DB.Forgets].
func (s *Store) Forgets(ctx context.Context) (string, error) { return s.db.Forgets(ctx) }
