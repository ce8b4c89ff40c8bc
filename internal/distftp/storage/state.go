package storage

import (
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"mirrortracker/internal/distftp/wire"
)

// State says how the storage is, in the fields that are its business.
func (s *Storage) State(ctx context.Context) (wire.State, error) {
	is := wire.State{Storage: s.id}
	var digest []byte
	var applied int64
	err := s.index.ro.QueryRowContext(ctx, `SELECT applied, digest, files, bytes FROM storage, dirs WHERE dirs.id = ?`, rootDir).
		Scan(&applied, &digest, &is.Files, &is.Bytes)
	if err != nil {
		return is, failure(wire.ReadError, err)
	}
	is.Applied = uint64(applied)
	copy(is.Digest[:], digest)
	spaces, err := s.spaces()
	if err != nil {
		is.Fault = err.Error()
		return is, nil
	}
	seen := map[unix.Fsid]bool{}
	readOnly := 0
	for _, sp := range spaces {
		if sp.readOnly {
			readOnly++
			sp.free = 0
		}
		if !seen[sp.id] {
			seen[sp.id] = true
			is.Free += max(sp.free-s.config.Reserve, 0)
			is.Total += sp.total
		}
	}
	switch {
	case readOnly == len(spaces):
		is.Fault = "read-only"
	case is.Free == 0:
		is.Fault = "disk is full"
	}
	return is, nil
}

// Changed returns a channel that is closed when State or Damaged have changed since.
func (s *Storage) Changed() <-chan struct{} { return s.changed.next() }

// spaces looks at all folders, and that they are still there. After something could not be
// written it tries whether they can be: not every file system says that it has become
// read-only.
func (s *Storage) spaces() ([]space, error) {
	all := make([]space, len(s.folders))
	doubted := s.doubted.Load()
	defer func() {
		if doubted && !slices.ContainsFunc(all, func(sp space) bool { return sp.readOnly }) {
			s.doubted.Store(false)
		}
	}()
	for i, f := range s.folders {
		if _, err := f.root.Lstat(markerName); err != nil {
			return nil, fmt.Errorf("folder %s is gone: %w", f.path, err)
		}
		var err error
		if all[i], err = f.space(); err != nil {
			return nil, err
		}
		if doubted {
			now := time.Now()
			all[i].readOnly = all[i].readOnly || f.root.Chtimes(markerName, now, now) != nil
		}
	}
	return all, nil
}

// roomiest returns the folder with the most room for new content.
func (s *Storage) roomiest() (*folder, error) {
	spaces, err := s.spaces()
	if err != nil {
		return nil, failure(wire.WriteError, err)
	}
	var best *folder
	room, readOnly := int64(0), true
	for i, sp := range spaces {
		if sp.readOnly {
			continue
		}
		readOnly = false
		if left := sp.free - s.config.Reserve; left > room {
			best, room = s.folders[i], left
		}
	}
	switch {
	case best != nil:
		return best, nil
	case readOnly:
		return nil, &wire.Failure{Reason: wire.WriteError, Text: "the disk is read-only"}
	}
	return nil, &wire.Failure{Reason: wire.Full, Text: "the disk is full"}
}
