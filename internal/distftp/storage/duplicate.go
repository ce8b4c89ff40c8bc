package storage

import (
	"context"
	"io"

	"mirrortracker/internal/distftp/wire"
)

// Duplicate prepares a copy of a file, once: asked again it returns what it prepared.
func (s *Storage) Duplicate(ctx context.Context, d wire.Duplicate) (wire.Prepared, error) {
	if p := s.lookUpPrepared(d.Op); p != nil {
		return p.Prepared, nil
	}
	if err := s.await(ctx, d.After); err != nil {
		return wire.Prepared{}, err
	}
	file, r, err := s.open(ctx, d.Ref)
	if err != nil {
		return wire.Prepared{}, err
	}
	c, err := s.receive(d.Op)
	if err != nil {
		file.Close()
		return wire.Prepared{}, err
	}
	defer c.Close()
	c.old, c.keep = file, d.Ref.Size
	if r.sums == nil || c.sha != nil && r.sums.SHA256 == nil {
		if err := c.Begin(ctx); err != nil {
			return wire.Prepared{}, err
		}
		return c.Commit(ctx, nil)
	}
	if err := c.share(ctx); err != nil {
		return wire.Prepared{}, err
	}
	got := wire.Prepared{Op: d.Op, Size: d.Ref.Size, Sums: *r.sums}
	return got, c.keepAs(ctx, &prepared{got, c.folder})
}

// share copies the old content by the kernel, without moving bytes where the disk can share
// them (copy_file_range). Its checksums are known.
func (c *Content) share(ctx context.Context) error {
	for left := c.keep; left > 0; {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := io.Copy(c.file, io.LimitReader(c.old, min(left, copyStep)))
		if err == nil && n == 0 {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return c.storage.notWritten(err)
		}
		left -= n
	}
	return nil
}
