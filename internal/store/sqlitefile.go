package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"mirrortracker/internal/database"
)

// An openFile is a database file with connections to it, be it still at its
// path or not. Connections stay open, so that no other file gets its number
// (inode), by which it is known.
type openFile struct {
	pools
	info     os.FileInfo
	real     string      // its path when it was opened, without symbolic links
	wal, shm os.FileInfo // of the log beside it, and of the index to that
}

// use opens the file at the path, which must be there, and brings its tables up to date.
func (path sqliteFile) use(ctx context.Context) (*openFile, error) {
	info, err := os.Stat(string(path))
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return nil, errors.New("it is a directory; give the path of a file in it")
	}
	real, err := filepath.EvalSymlinks(string(path))
	if err != nil {
		return nil, err
	}
	// A write transaction takes the lock when it begins, because one that has
	// begun by reading cannot wait for it.
	rw, err := database.ConnectSQLite(string(path), "mode=rw", "_txlock=immediate", "_pragma=journal_mode(WAL)", "_pragma=synchronous(NORMAL)")
	if err != nil {
		return nil, err
	}
	rw.SetMaxOpenConns(1)
	ro, err := database.ConnectSQLite(string(path), "mode=rw", "_pragma=query_only(1)")
	if err != nil {
		return nil, errors.Join(err, rw.Close())
	}
	ro.SetMaxOpenConns(database.MaxReaders)
	ro.SetMaxIdleConns(database.MaxReaders)
	f := &openFile{pools: pools{rw: rw, ro: ro}, info: info, real: real}
	if err := f.prepare(ctx); err != nil {
		return nil, errors.Join(database.Tracker.Explain(err), f.close())
	}
	return f, nil
}

// prepare makes all connections. SQLite opens files and their logs by their
// paths, where there may be others later, and logs when it reads first.
func (f *openFile) prepare(ctx context.Context) (err error) {
	// The first to come changes the file to WAL, for which others do not wait.
	if err := database.SQLite.Patiently(ctx, f.rw.PingContext); err != nil {
		return err
	}
	if err := database.SQLite.Migrate(ctx, f.rw.DB, database.Tracker); err != nil {
		return err
	}
	for range database.MaxReaders {
		conn, err := f.ro.Connx(ctx)
		if err != nil {
			return err
		}
		defer conn.Close() // which gives it back
		var version int
		if err := conn.GetContext(ctx, &version, `PRAGMA schema_version`); err != nil {
			return err
		}
	}
	if f.wal, err = os.Stat(f.real + "-wal"); err != nil {
		return err
	}
	f.shm, err = os.Stat(f.real + "-shm")
	return err
}

func (f *openFile) close() error { return errors.Join(f.ro.Close(), f.rw.Close()) }

// leave closes a file that is no longer at its path. What is in its log goes
// into the file, wherever that is now. If the log is still at its place, which
// is now that of another file's log, it is removed: SQLite would take it for
// the other's and read both together, which is a damaged database
// (https://www.sqlite.org/howtocorrupt.html, 1.4). A log that came with the
// other file stays.
func (f *openFile) leave(ctx context.Context) error {
	// This may fail where another program uses the file, which does it then.
	_, _ = f.rw.ExecContext(context.WithoutCancel(ctx), `PRAGMA wal_checkpoint(PASSIVE)`)
	// It has not moved where a symbolic link points elsewhere now.
	if !isAt(f.real, f.info) {
		for path, info := range map[string]os.FileInfo{f.real + "-wal": f.wal, f.real + "-shm": f.shm} {
			if !isAt(path, info) {
				continue
			}
			if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
				return fmt.Errorf("what is left of the old one must go: %w", err)
			}
		}
	}
	// The old file is of no interest any more, and has all that it had.
	_ = f.close()
	return nil
}

// isAt reports whether a file is at a path.
func isAt(path string, file os.FileInfo) bool {
	there, err := os.Stat(path)
	return err == nil && os.SameFile(there, file)
}
