package storage

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strconv"

	"mirrortracker/internal/distftp/wire"
)

// A prepared is content that was received, and is synced under a name that tells all of it.
type prepared struct {
	wire.Prepared
	folder *folder
}

// name is where prepared content is in its folder.
func (p *prepared) name() string {
	name := fmt.Sprintf("%s/%d-%d-%08x", preparedDir, p.Op, p.Size, p.CRC32)
	if p.SHA256 != nil {
		name += "-" + hex.EncodeToString(p.SHA256)
	}
	return name
}

// receivingName is where content is until it is prepared.
func receivingName(op uint64) string { return fmt.Sprintf("%s/receiving-%d", preparedDir, op) }

var preparedName = regexp.MustCompile(`^([0-9]{1,20})-([0-9]{1,19})-([0-9a-f]{8})(?:-([0-9a-f]{64}))?$`)

// parsePrepared reads a name as [prepared.name] makes it.
func parsePrepared(name string) (p wire.Prepared, ok bool) {
	m := preparedName.FindStringSubmatch(name)
	if m == nil {
		return p, false
	}
	var errs [3]error
	var crc uint64
	p.Op, errs[0] = strconv.ParseUint(m[1], 10, 64)
	p.Size, errs[1] = strconv.ParseInt(m[2], 10, 64)
	crc, errs[2] = strconv.ParseUint(m[3], 16, 32)
	p.CRC32 = uint32(crc)
	if m[4] != "" {
		p.SHA256, _ = hex.DecodeString(m[4]) // 64 digits, as the pattern has it
	}
	return p, errors.Join(errs[:]...) == nil
}

// findPrepared learns what is prepared in a folder, and removes what was not complete.
func (s *Storage) findPrepared(f *folder) error {
	entries, err := fs.ReadDir(f.root.FS(), preparedDir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if p, ok := parsePrepared(e.Name()); ok {
			s.prepared[p.Op] = &prepared{p, f}
			continue
		}
		if err := f.root.Remove(preparedDir + "/" + e.Name()); err != nil {
			return err
		}
	}
	return nil
}

// Operations lists what is prepared and not published.
func (s *Storage) Operations(context.Context) ([]wire.Prepared, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ops := make([]wire.Prepared, 0, len(s.prepared))
	for _, p := range s.prepared {
		if p != nil {
			ops = append(ops, p.Prepared)
		}
	}
	slices.SortFunc(ops, func(a, b wire.Prepared) int { return cmp.Compare(a.Op, b.Op) })
	return ops, nil
}

// Forget drops prepared content. What is unknown is dropped already, and what is being
// received is not touched.
func (s *Storage) Forget(_ context.Context, ops []uint64) error {
	s.applying.Lock() // none of them is being published
	defer s.applying.Unlock()
	var errs []error
	for _, op := range ops {
		if p := s.lookUpPrepared(op); p != nil {
			errs = append(errs, s.forget(p))
		}
	}
	s.changed.tell()
	return errors.Join(errs...)
}

// forget drops one. Should that not last, it is dropped again after the next start.
func (s *Storage) forget(p *prepared) error {
	s.mu.Lock()
	delete(s.prepared, p.Op)
	s.mu.Unlock()
	if err := p.folder.root.Remove(p.name()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return s.notWritten(err)
	}
	return nil
}

// lookUpPrepared returns what was prepared under a number, nil if nothing was.
func (s *Storage) lookUpPrepared(op uint64) *prepared {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.prepared[op]
}

// reserve takes a number for content that is being prepared, once.
func (s *Storage) reserve(op uint64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, taken := s.prepared[op]; taken {
		return &wire.Failure{Reason: wire.Invalid, Text: fmt.Sprintf("operation %d is there already", op)}
	}
	s.prepared[op] = nil
	return nil
}

// release gives a number back, or puts what was prepared under it.
func (s *Storage) release(op uint64, p *prepared) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p == nil {
		delete(s.prepared, op)
	} else {
		s.prepared[op] = p
	}
}
