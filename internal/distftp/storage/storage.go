package storage

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"

	"mirrortracker/internal/distftp/wire"
)

// Why a storage cannot be opened.
var (
	ErrNew    = errors.New("no folder is a slave's storage yet; is the disk mounted?")
	ErrFolder = errors.New("the folders are not those of one storage")
	ErrLocked = errors.New("another slave is using the folder")
)

// A Config says where a storage is.
type Config struct {
	Folders []string // the first has the index
	SHA256  bool     // compute SHA-256 of what is received, besides CRC-32
	Reserve int64    // bytes that are left free in each folder
	Verify  int64    // bytes a second that [Storage.Run] reads to verify what is at rest; 0: none
	Log     *slog.Logger
}

// A Storage is the files of one slave. Its methods may be called concurrently.
type Storage struct {
	config  Config
	id      string
	folders []*folder // by their numbers
	index   *index

	applied  atomic.Uint64
	changed  signal
	suspects chan wire.Path // to be checked soon
	doubted  atomic.Bool    // something could not be written

	// applying is held while names change, on the disk and in the index.
	applying sync.Mutex
	touched  uint64 // the last intent that may have changed the disks; 0: none has since the storage was opened

	mu       sync.Mutex
	prepared map[uint64]*prepared // by operation; nil while it is being received
}

// Init makes folders a slave's storage, or adds those to it that are new in the list, and
// takes the files that stand in them into the index. A new folder may take the place of one
// whose disk is lost, but for the first, which has the index. It returns the storage's identity.
// It is a step of its own, so that a disk that is not mounted is never taken for a new one.
func Init(ctx context.Context, config Config) (id string, err error) {
	if len(config.Folders) == 0 {
		return "", errors.New("a storage needs a folder")
	}
	markers, err := readMarkers(config.Folders)
	if err != nil {
		return "", err
	}
	if markers[0].Storage == "" {
		for i, m := range markers {
			if m.Storage != "" {
				return "", fmt.Errorf("%s is new, but %s belongs to a storage, whose first folder must come first: %w", config.Folders[0], config.Folders[i], ErrFolder)
			}
		}
	}
	if id = markers[0].Storage; id == "" {
		if id, err = createIndex(ctx, config.Folders[0]); err != nil {
			return "", fmt.Errorf("make %s a slave's storage: %w", config.Folders[0], err)
		}
	}
	for i, m := range markers {
		if m.Storage == "" {
			markers[i] = marker{id, freeNumber(markers)}
			if err := mark(config.Folders[i], markers[i]); err != nil {
				return "", fmt.Errorf("make %s a slave's storage: %w", config.Folders[i], err)
			}
		}
	}
	if err := countFolders(ctx, config.Folders[0], len(markers)); err != nil {
		return "", err
	}
	s, err := Open(ctx, config)
	if err != nil {
		return "", err
	}
	_, err = s.Scan(ctx, "/")
	if errors.Is(err, ErrUnsettled) {
		err = s.setVerifyPosition(ctx, position{}) // so that it is scanned when that is over
	}
	return id, errors.Join(err, s.Close())
}

// freeNumber finds a number that no folder has. It may have been that of a folder whose disk is
// lost, so that what was there is found missing.
func freeNumber(markers []marker) int {
	number := 0
	for slices.ContainsFunc(markers, func(m marker) bool { return m.Storage != "" && m.Folder == number }) {
		number++
	}
	return number
}

// readMarkers reads those of all folders; a folder that has none has an empty one.
func readMarkers(paths []string) ([]marker, error) {
	markers := make([]marker, len(paths))
	for i, path := range paths {
		f, err := openFolder(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue // it, or its marker: mark tells
		}
		if err != nil {
			return nil, err
		}
		markers[i] = f.marker
		if err := f.close(); err != nil {
			return nil, err
		}
	}
	return markers, nil
}

// createIndex makes the index of a new storage, before its first marker, and returns the
// storage's identity. One that is there stays: only its marker was lost.
func createIndex(ctx context.Context, folder string) (id string, err error) {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return "", err
	}
	defer root.Close()
	if err := makeOwnDirs(root); err != nil {
		return "", err
	}
	ix, err := openIndex(ctx, filepath.Join(folder, indexName), rand.Text())
	if err != nil {
		return "", err
	}
	err = ix.ro.QueryRowContext(ctx, `SELECT id FROM storage`).Scan(&id)
	return id, errors.Join(err, ix.close())
}

// countFolders writes down how many folders there are, so that one that is left out is missed.
func countFolders(ctx context.Context, folder string, count int) error {
	ix, err := openIndex(ctx, filepath.Join(folder, indexName), "")
	if err != nil {
		return err
	}
	_, err = ix.rw.ExecContext(ctx, `UPDATE storage SET folders = ?`, count)
	return errors.Join(err, ix.close())
}

// Open opens a storage, for this process alone.
func Open(ctx context.Context, config Config) (_ *Storage, err error) {
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	s := &Storage{
		config: config, folders: make([]*folder, len(config.Folders)),
		prepared: map[uint64]*prepared{}, suspects: make(chan wire.Path, 1000),
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.closeFolders())
		}
	}()
	if err := s.openFolders(); err != nil {
		return nil, err
	}
	for _, f := range s.folders {
		if err := s.findPrepared(f); err != nil {
			return nil, fmt.Errorf("what is prepared in %s: %w", f.path, err)
		}
	}
	if s.index, err = openIndex(ctx, filepath.Join(s.folders[0].path, indexName), ""); err != nil {
		return nil, err
	}
	if err := errors.Join(s.recall(ctx), s.recallUnsettled()); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", s.folders[0].path, err), s.index.close())
	}
	return s, nil
}

// recall reads from the index who the storage is.
func (s *Storage) recall(ctx context.Context) error {
	var folders int
	var applied int64
	if err := s.index.ro.QueryRowContext(ctx, `SELECT id, folders, applied FROM storage`).Scan(&s.id, &folders, &applied); err != nil {
		return err
	}
	s.applied.Store(uint64(applied))
	switch {
	case s.id != s.folders[0].Storage:
		return fmt.Errorf("its index is another storage's: %w", ErrFolder)
	case folders != len(s.folders):
		return fmt.Errorf("its index has %d folders, not %d: %w", folders, len(s.folders), ErrFolder)
	}
	return nil
}

// openFolders opens all folders, and sees that they belong together.
func (s *Storage) openFolders() error {
	fresh := 0
	for _, path := range s.config.Folders {
		f, err := openFolder(path)
		if errors.Is(err, fs.ErrNotExist) {
			fresh++
			if fresh == len(s.config.Folders) {
				return fmt.Errorf("%s: %w", path, ErrNew)
			}
			continue
		}
		if err != nil {
			return err
		}
		if f.Folder < 0 || f.Folder >= len(s.folders) || s.folders[f.Folder] != nil {
			return errors.Join(fmt.Errorf("%s is folder %d, of %d: another is missing, or named twice: %w", path, f.Folder+1, len(s.folders), ErrFolder), f.close())
		}
		s.folders[f.Folder] = f
	}
	if fresh > 0 {
		return fmt.Errorf("%d of %d have no %s; are all disks mounted?: %w", fresh, len(s.folders), markerName, ErrFolder)
	}
	for _, f := range s.folders {
		if f.Storage != s.folders[0].Storage {
			return fmt.Errorf("%s and %s: %w", s.folders[0].path, f.path, ErrFolder)
		}
	}
	return nil
}

// Close ends the use of the storage, after all that uses it has ended.
func (s *Storage) Close() error {
	return errors.Join(s.index.close(), s.leaveSettled(), s.closeFolders())
}

func (s *Storage) closeFolders() error {
	var errs []error
	for _, f := range s.folders {
		if f != nil {
			errs = append(errs, f.close())
		}
	}
	return errors.Join(errs...)
}
