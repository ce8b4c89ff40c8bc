package storage

import (
	"context"
	"fmt"
	"os"
	"syscall"
	"time"

	"mirrortracker/internal/distftp/wire"
)

// patience is how long a request waits for intents that it needs.
const patience = 2 * time.Second

// await returns when the intents up to one are applied. It waits a little.
func (s *Storage) await(ctx context.Context, after uint64) error {
	if s.applied.Load() >= after {
		return nil
	}
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	for {
		changed := s.changed.next()
		applied := s.applied.Load()
		if applied >= after {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		case <-timeout.C:
			return &wire.Failure{Reason: wire.Behind, Text: fmt.Sprintf("intent %d has not arrived, the last was %d", after, applied), Applied: applied}
		}
	}
}

// Open opens a file for reading, when the intents up to after have been applied. It is the
// content that ref names, or an error: [wire.Absent], [wire.Behind], or [wire.ReadError].
func (s *Storage) Open(ctx context.Context, ref wire.Ref, after uint64) (*os.File, error) {
	if err := s.await(ctx, after); err != nil {
		return nil, err
	}
	file, _, err := s.open(ctx, ref)
	return file, err
}

// open opens a file, and says what is known of it.
func (s *Storage) open(ctx context.Context, ref wire.Ref) (*os.File, record, error) {
	absent := func(format string, args ...any) (*os.File, record, error) {
		return nil, record{}, &wire.Failure{Reason: wire.Absent, Text: fmt.Sprintf(format, args...), Applied: s.applied.Load()}
	}
	if reserved(ref.Path) {
		return absent("no file can have the path %q", ref.Path)
	}
	r, found, err := s.index.find(ctx, ref.Path)
	switch {
	case err != nil:
		return nil, r, failure(wire.ReadError, err)
	case !found:
		return absent("there is no file %s", ref.Path)
	case r.version != ref.Version || r.size != ref.Size:
		return absent("%s is version %d of %d bytes, not %d of %d", ref.Path, r.version, r.size, ref.Version, ref.Size)
	}
	file, is, err := s.folders[r.folder].openFile(ref.Path)
	switch {
	case err != nil:
		s.suspect(ref.Path)
		return absent("%s could not be opened: %v", ref.Path, err)
	case is != r.facts:
		// Either it is being replaced at this moment, or somebody else changed it.
		file.Close()
		s.suspect(ref.Path)
		return absent("%s on the disk is another file than the one that was published", ref.Path)
	}
	return file, r, nil
}

// openFile opens what stands at a path, and tells what it is.
func (f *folder) openFile(p wire.Path) (*os.File, facts, error) {
	// A pipe that somebody put there does not block the open, and is found by the facts.
	file, err := f.root.OpenFile(inside(p), os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return nil, facts{}, err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is no plain file", p)
	}
	if err != nil {
		file.Close()
		return nil, facts{}, err
	}
	return file, factsOf(info), nil
}
