package storage

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
)

// unsettledName is there while intents change the disks, and after a stop in their midst.
const unsettledName = ownDir + "/unsettled"

// unknown is how far intents may be half done after such a stop: nobody wrote it down.
const unknown = math.MaxUint64

// ErrUnsettled says that a slave was stopped in the midst of a change, of which the disks may
// have more than the index. Until it is done again, what stands on the disks says nothing.
var ErrUnsettled = errors.New("the slave was stopped in the midst of a change")

// settled reports whether the disks have what the index has. The caller holds applying.
func (s *Storage) settled() bool { return s.applied.Load() >= s.touched }

// unsettle writes down, before intents change the disks, that these may be ahead of the index
// from now on. It does so once: that they are in line again it leaves to Close. The caller
// holds applying.
func (s *Storage) unsettle(last uint64) error {
	if s.touched == 0 {
		f := s.folders[0]
		file, err := f.root.Create(unsettledName)
		if err == nil {
			err = errors.Join(file.Sync(), file.Close())
		}
		if err == nil {
			err = syncName(f.root, ownDir)
		}
		if err != nil {
			return fmt.Errorf("%s/%s: %w", f.path, unsettledName, err)
		}
	}
	s.touched = max(s.touched, last)
	return nil
}

// recallUnsettled finds out whether the last process stopped in the midst of a change.
func (s *Storage) recallUnsettled() error {
	_, err := s.folders[0].root.Lstat(unsettledName)
	switch {
	case err == nil:
		s.touched = unknown
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	return nil
}

// Settled is told when a master has brought all intents that there are for the storage: what
// was half done is done.
func (s *Storage) Settled() {
	s.applying.Lock()
	defer s.applying.Unlock()
	if s.touched == unknown {
		s.touched = max(1, s.applied.Load())
		s.changed.tell()
	}
}

// lockSettled locks applying as soon as the disks have what the index has.
func (s *Storage) lockSettled(ctx context.Context) error {
	for {
		s.applying.Lock()
		if s.settled() {
			return nil
		}
		changed := s.changed.next()
		s.applying.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// leaveSettled has the next process know that there is nothing half done, if that is so.
func (s *Storage) leaveSettled() error {
	s.applying.Lock()
	defer s.applying.Unlock()
	if s.touched == 0 || !s.settled() {
		return nil
	}
	return s.folders[0].root.Remove(unsettledName)
}
