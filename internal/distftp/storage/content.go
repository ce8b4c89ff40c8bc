package storage

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"syscall"

	"mirrortracker/internal/distftp/wire"
)

// copyStep is how much is copied between two looks at the context.
const copyStep = 64 << 20

// publishedMode is the mode of files: an operator and other programs may read them.
const publishedMode = 0o644

// A Content is a file that is being received. It is used by one goroutine, and is to be
// closed.
type Content struct {
	storage *Storage
	op      uint64
	folder  *folder
	file    *os.File
	size    int64
	crc     uint32
	sha     hash.Hash // nil: not wanted

	old  *os.File // whose beginning is kept; nil: nothing is
	keep int64
	done bool
}

// Prepare begins to receive the content of a file, which goes on from the first bytes of
// keep, if that is not nil.
func (s *Storage) Prepare(ctx context.Context, op uint64, keep *wire.Ref, first int64, after uint64) (*Content, error) {
	var old *os.File
	if keep != nil && first > 0 {
		if first > keep.Size {
			return nil, &wire.Failure{Reason: wire.Offset, Text: fmt.Sprintf("%d bytes of %s, which has %d", first, keep.Path, keep.Size)}
		}
		var err error
		if old, err = s.Open(ctx, *keep, after); err != nil {
			return nil, err
		}
	}
	c, err := s.receive(op)
	if err != nil {
		if old != nil {
			old.Close()
		}
		return nil, err
	}
	c.old, c.keep = old, first
	return c, nil
}

// receive makes an empty file for content, where there is the most room.
func (s *Storage) receive(op uint64) (*Content, error) {
	f, err := s.roomiest()
	if err != nil {
		return nil, err
	}
	return s.receiveIn(f, op)
}

func (s *Storage) receiveIn(f *folder, op uint64) (*Content, error) {
	if err := s.reserve(op); err != nil {
		return nil, err
	}
	file, err := f.root.OpenFile(receivingName(op), os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		s.release(op, nil)
		return nil, s.notWritten(err)
	}
	c := &Content{storage: s, op: op, folder: f, file: file}
	if s.config.SHA256 {
		c.sha = sha256.New()
	}
	return c, nil
}

// Begin copies what is kept of the old content, which can take a while. It comes before the
// first Write.
func (c *Content) Begin(ctx context.Context) error {
	for left := c.keep; left > 0; {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := io.Copy(c, faults{io.LimitReader(c.old, min(left, copyStep))})
		if err != nil {
			return err
		}
		if n == 0 {
			return failure(wire.ReadError, io.ErrUnexpectedEOF)
		}
		left -= n
	}
	return nil
}

// faults are those of reading what is on the disk.
type faults struct{ io.Reader }

func (r faults) Read(b []byte) (int, error) {
	n, err := r.Reader.Read(b)
	if err != nil && err != io.EOF {
		err = failure(wire.ReadError, err)
	}
	return n, err
}

// Write adds bytes at the end.
func (c *Content) Write(b []byte) (int, error) {
	n, err := c.file.Write(b)
	c.size += int64(n)
	c.crc = crc32.Update(c.crc, crc32.IEEETable, b[:n])
	if c.sha != nil {
		c.sha.Write(b[:n])
	}
	if err != nil {
		return n, c.storage.notWritten(err)
	}
	return n, nil
}

// Commit keeps what was written, for good, under the number of its operation. It is not kept
// if it is not what is wanted, in size and in the checksums that both have. If ctx has ended
// nothing is kept.
func (c *Content) Commit(ctx context.Context, want *wire.Prepared) (wire.Prepared, error) {
	got := wire.Prepared{Op: c.op, Size: c.size, Sums: wire.Sums{CRC32: c.crc}}
	if c.sha != nil {
		got.SHA256 = c.sha.Sum(nil)
	}
	if want != nil && (want.Size != got.Size || !agree(want.Sums, got.Sums)) {
		return wire.Prepared{}, &wire.Failure{Reason: wire.Differs, Text: fmt.Sprintf(
			"received %d bytes with CRC-32 %08x, wanted are %d with %08x", got.Size, got.CRC32, want.Size, want.CRC32)}
	}
	err := c.keepAs(ctx, &prepared{got, c.folder})
	return got, err
}

// agree reports whether sums are of equal contents, as far as they can tell.
func agree(a, b wire.Sums) bool {
	return a.CRC32 == b.CRC32 && (a.SHA256 == nil || b.SHA256 == nil || hex.EncodeToString(a.SHA256) == hex.EncodeToString(b.SHA256))
}

// keepAs makes the file that of what is prepared.
func (c *Content) keepAs(ctx context.Context, p *prepared) error {
	err := errors.Join(c.file.Chmod(publishedMode), c.file.Sync())
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		err = c.folder.root.Rename(receivingName(c.op), p.name())
	}
	if err != nil {
		return c.storage.notWritten(err)
	}
	if err := syncName(c.folder.root, preparedDir); err != nil {
		return c.storage.notWritten(errors.Join(err, c.folder.root.Remove(p.name())))
	}
	c.done = true
	c.storage.release(c.op, p)
	return nil
}

// Close ends the receiving; what was not committed is gone.
func (c *Content) Close() error {
	errs := []error{c.file.Close()}
	if c.old != nil {
		errs = append(errs, c.old.Close())
	}
	if !c.done {
		c.done = true
		err := c.folder.root.Remove(receivingName(c.op))
		if errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
		errs = append(errs, err)
		c.storage.release(c.op, nil)
	}
	return errors.Join(errs...)
}

// notWritten tells an error of writing, after which the disks are looked at more closely.
func (s *Storage) notWritten(err error) error {
	s.doubted.Store(true)
	return failure(wire.WriteError, err)
}

// failure tells an error of the disk as one that the master knows.
func failure(reason wire.Reason, err error) error {
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		reason = wire.Full
	}
	if f, ok := errors.AsType[*wire.Failure](err); ok {
		return f
	}
	return &wire.Failure{Reason: reason, Text: err.Error()}
}
