package foreign

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"mirrortracker/internal/mirror"
)

// MakeDir makes a directory. Where the server does not do this, or one of the other
// changes, the error is a [*RefusedError].
func (p *Pool) MakeDir(ctx context.Context, path mirror.Path) error {
	return p.change(ctx, "MKD", string(path))
}

// RemoveDir removes a directory that is empty.
func (p *Pool) RemoveDir(ctx context.Context, path mirror.Path) error {
	return p.change(ctx, "RMD", string(path))
}

// Delete removes a file.
func (p *Pool) Delete(ctx context.Context, path mirror.Path) error {
	return p.change(ctx, "DELE", string(path))
}

// SetModTime sets when a file was modified, to the second: by MFMT, or as is done where
// there was no such command yet, by MDTM with a time (vsftpd).
func (p *Pool) SetModTime(ctx context.Context, path mirror.Path, t time.Time) error {
	argument := t.UTC().Format("20060102150405") + " " + string(path)
	return p.with(ctx, func(c *Conn) error {
		err := c.order(ctx, "MFMT", argument)
		if !errors.Is(err, errors.ErrUnsupported) {
			return err
		}
		reply, asked := c.Cmd(ctx, "MDTM "+argument)
		if asked != nil {
			return asked
		}
		if reply.Negative() || !timeOf(reply).IsZero() {
			return err // it was taken for a question, about a file of that name
		}
		return nil
	})
}

// Chmod sets the permission bits of a file or directory (SITE CHMOD).
func (p *Pool) Chmod(ctx context.Context, path mirror.Path, mode fs.FileMode) error {
	return p.change(ctx, "SITE CHMOD", fmt.Sprintf("%03o %s", mode.Perm(), path))
}

// Rename renames a file or directory, perhaps to another directory of the server.
func (p *Pool) Rename(ctx context.Context, from, to mirror.Path) error {
	return p.with(ctx, func(c *Conn) error {
		reply, err := c.Cmd(ctx, "RNFR "+string(from))
		if err != nil {
			return err
		}
		if reply.Negative() {
			return c.refusal("RNFR", reply, fs.ErrNotExist)
		}
		return c.order(ctx, "RNTO", string(to))
	})
}

func (p *Pool) change(ctx context.Context, command, argument string) error {
	return p.with(ctx, func(c *Conn) error { return c.order(ctx, command, argument) })
}

// order has the server change something.
func (c *Conn) order(ctx context.Context, command, argument string) error {
	reply, err := c.Cmd(ctx, command+" "+argument)
	if err != nil {
		return err
	}
	if reply.Negative() {
		return c.refusal(command, reply, fs.ErrPermission)
	}
	return nil
}
