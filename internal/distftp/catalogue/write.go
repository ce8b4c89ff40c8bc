package catalogue

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"mirrortracker/internal/distftp/data"
	"mirrortracker/internal/distftp/vfs"
	"mirrortracker/internal/distftp/wire"
	"mirrortracker/internal/mirror"
)

// The modes of what comes into being.
const (
	newFile      = 0o644
	newDirectory = 0o755
	newLink      = 0o777
)

// find follows a path as the changes before have left it; see [look].
func (t *change) find(p mirror.Path) (spot, error)  { return look(t.look).find(p, true) }
func (t *change) free(p mirror.Path) (spot, error)  { return look(t.look).free(p) }
func (t *change) place(p mirror.Path) (spot, error) { return look(t.look).place(p) }

// there follows a path to something that can be taken away.
func (t *change) there(p mirror.Path) (spot, error) {
	at, err := t.place(p)
	if err == nil && at.node == nil {
		err = fmt.Errorf("%s: %w", p, fs.ErrNotExist)
	}
	return at, err
}

// add puts a new node where nothing is.
func (t *change) add(at spot, n node) error {
	if at.node != nil {
		return fmt.Errorf("%s: %w", at.path(), fs.ErrExist)
	}
	n.Parent, n.Name, n.ID = at.dir().ID, []byte(at.name), t.next()
	return t.insert(at, n)
}

func (t *change) insert(at spot, n node) error {
	t.touch(at)
	t.modify(at.dir())
	values := n.values()
	return t.exec(`INSERT INTO ftp_nodes (`+nodeColumns+`) VALUES `+tuples(1, len(values)), values...)
}

// drop takes a node away, with its copies, and returns who had those.
func (t *change) drop(at spot) ([]SlaveID, error) {
	t.touch(at)
	t.modify(at.dir())
	err := t.exec(`DELETE FROM ftp_nodes WHERE parent = ? AND name = ?`, at.dir().ID, []byte(at.name))
	if err != nil || at.node.Kind != fileKind {
		return nil, err
	}
	holders, err := t.held(at.node.ID)
	if err != nil {
		return nil, err
	}
	t.files[at.node.ID] = true
	return holders, t.exec(`DELETE FROM ftp_copies WHERE node = ?`, at.node.ID)
}

// unlink is drop, and has the slaves remove a file.
func (t *change) unlink(at spot) error {
	holders, err := t.drop(at)
	for _, slave := range holders {
		t.intend(slave, wire.Intent{Deed: wire.Remove, Path: wire.Path(at.path()), Version: at.node.Version})
	}
	return err
}

// Remove implements [mirrortracker/internal/distftp/control.Writer].
func (c *Catalogue) Remove(ctx context.Context, p mirror.Path) (vfs.Usage, error) {
	var freed vfs.Usage
	err := c.change(ctx, "remove", func(t *change) error {
		at, err := t.there(p)
		if err != nil {
			return err
		}
		if at.node.Kind == directoryKind {
			return fmt.Errorf("%s: %w", p, vfs.ErrNotRegular)
		}
		freed = at.node.usage()
		return t.unlink(at)
	})
	if err != nil {
		return vfs.Usage{}, err
	}
	return freed, nil
}

// RemoveDir implements [mirrortracker/internal/distftp/control.Writer].
func (c *Catalogue) RemoveDir(ctx context.Context, p mirror.Path) error {
	return c.change(ctx, "remove directory", func(t *change) error {
		at, err := t.there(p)
		if err != nil {
			return err
		}
		if at.node.Kind != directoryKind {
			return fmt.Errorf("%s: %w", p, vfs.ErrNotDir)
		}
		var one int
		full, err := t.get([]any{&one}, `SELECT 1 FROM ftp_nodes WHERE parent = ? LIMIT 1`, at.node.ID)
		if err != nil {
			return err
		}
		if full {
			return fmt.Errorf("%s: %w", p, vfs.ErrNotEmpty)
		}
		t.everywhere(wire.Intent{Deed: wire.RemoveDir, Path: wire.Path(at.path())})
		t.files[at.node.ID] = true
		return t.unlink(at)
	})
}

// MakeDir implements [mirrortracker/internal/distftp/control.Writer].
func (c *Catalogue) MakeDir(ctx context.Context, p mirror.Path) error {
	return c.change(ctx, "make directory", func(t *change) error {
		at, err := t.free(p)
		if err != nil {
			return err
		}
		return t.add(at, node{Kind: directoryKind, ModTime: time.Now().UnixNano(), Mode: newDirectory, Owner: vfs.User(ctx), CRC32: noSum})
	})
}

// Symlink implements [mirrortracker/internal/distftp/control.Writer].
func (c *Catalogue) Symlink(ctx context.Context, target string, p mirror.Path) error {
	return c.change(ctx, "link", func(t *change) error {
		at, err := t.free(p)
		if err != nil {
			return err
		}
		if err := t.staysInside(at, target); err != nil {
			return err
		}
		return t.add(at, node{Kind: linkKind, ModTime: time.Now().UnixNano(), Mode: newLink, Owner: vfs.User(ctx), Target: []byte(target), CRC32: noSum})
	})
}

// staysInside refuses a link that would lead above the root.
func (t *change) staysInside(at spot, target string) error {
	switch {
	case target == "", strings.HasPrefix(target, "/"):
		return fmt.Errorf("link to %q: %w", target, fs.ErrPermission)
	case len(target) > wire.MaxPath, strings.ContainsAny(target, "\x00\r\n"):
		return fmt.Errorf("link to %q: %w", target, vfs.ErrName)
	}
	_, err := look(t.look).walk(at.path().Parent().Join(target), true)
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("link to %q: %w", target, err)
	}
	if t.broken != nil {
		return err
	}
	return nil // it may lead nowhere
}

// Rename implements [mirrortracker/internal/distftp/control.Writer].
func (c *Catalogue) Rename(ctx context.Context, from, to mirror.Path) (vfs.Usage, error) {
	var freed vfs.Usage
	err := c.change(ctx, "rename", func(t *change) (err error) {
		freed, err = t.rename(from, to)
		return err
	})
	if err != nil {
		return vfs.Usage{}, err
	}
	return freed, nil
}

func (t *change) rename(from, to mirror.Path) (vfs.Usage, error) {
	source, err := t.there(from)
	if err != nil {
		return vfs.Usage{}, err
	}
	target, err := t.free(to)
	if err != nil {
		return vfs.Usage{}, err
	}
	n := source.node
	inItself := slices.ContainsFunc(target.above, func(d *node) bool { return d.ID == n.ID })
	switch {
	case n.Kind == directoryKind && inItself:
		return vfs.Usage{}, fmt.Errorf("%s to %s: into itself: %w", from, to, vfs.ErrPlace)
	case target.node != nil && target.node.ID == n.ID:
		return vfs.Usage{}, nil
	case target.node != nil && (target.node.Kind == directoryKind || n.Kind == directoryKind):
		return vfs.Usage{}, fmt.Errorf("%s: %w", to, fs.ErrExist)
	case n.Kind == linkKind:
		if err := t.staysInside(target, string(n.Target)); err != nil {
			return vfs.Usage{}, err
		}
	}
	freed := target.node.usage()
	var replaced []SlaveID
	if target.node != nil {
		if replaced, err = t.drop(target); err != nil {
			return vfs.Usage{}, err
		}
	}
	moved := wire.Intent{Deed: wire.Rename, Path: wire.Path(source.path()), To: wire.Path(target.path())}
	switch n.Kind {
	case directoryKind:
		t.everywhere(moved)
		if t.c.config.Settle != nil {
			t.jobs = append(t.jobs, Job{Kind: SweepJob})
		}
	case fileKind:
		holders, err := t.held(n.ID)
		if err != nil {
			return vfs.Usage{}, err
		}
		for _, slave := range holders {
			t.intend(slave, moved)
		}
		replaced = slices.DeleteFunc(replaced, func(s SlaveID) bool { return slices.Contains(holders, s) })
		t.settle(n.ID, target.path())
	}
	for _, slave := range replaced {
		t.intend(slave, wire.Intent{Deed: wire.Remove, Path: wire.Path(target.path()), Version: target.node.Version})
	}
	t.touch(source)
	t.touch(target)
	t.modify(source.dir())
	t.modify(target.dir())
	t.files[n.ID] = true
	return freed, t.exec(`UPDATE ftp_nodes SET parent = ?, name = ? WHERE id = ?`, target.dir().ID, []byte(target.name), n.ID)
}

// SetMode implements [mirrortracker/internal/distftp/control.Writer]. Modes are shown, and
// keep nobody from anything.
func (c *Catalogue) SetMode(ctx context.Context, p mirror.Path, mode fs.FileMode) error {
	return c.set(ctx, "change mode", p, "mode", uint32(mode.Perm()))
}

// SetTime implements [mirrortracker/internal/distftp/control.Writer].
func (c *Catalogue) SetTime(ctx context.Context, p mirror.Path, modified time.Time) error {
	return c.set(ctx, "change time", p, "mtime", modified.UnixNano())
}

func (c *Catalogue) set(ctx context.Context, op string, p mirror.Path, column string, value any) error {
	return c.change(ctx, op, func(t *change) error {
		at, err := t.find(p)
		if err != nil {
			return err
		}
		if at.node.ID == rootID {
			return fmt.Errorf("change %s: %w", p, fs.ErrPermission)
		}
		t.touch(at)
		return t.exec(`UPDATE ftp_nodes SET `+column+` = ? WHERE id = ?`, value, at.node.ID)
	})
}

// Free implements [mirrortracker/internal/distftp/control.Writer].
func (c *Catalogue) Free(ctx context.Context, p mirror.Path) (int64, error) {
	at, err := c.names(ctx).find(p, true)
	switch {
	case err != nil:
		return 0, err
	case at.node.Kind != directoryKind:
		return 0, fmt.Errorf("%s: %w", p, vfs.ErrNotDir)
	case c.config.Slaves == nil:
		return 0, nil
	}
	return c.config.Slaves.Free(ctx, at.path())
}

// Copy implements [mirrortracker/internal/distftp/control.Writer]: one of the slaves that
// have the file makes a copy of it.
func (c *Catalogue) Copy(ctx context.Context, from, to mirror.Path, flow *data.Flow, charge data.Charge) error {
	f, err := c.File(ctx, from)
	if err != nil {
		return err
	}
	if _, err := c.Target(ctx, to); err != nil {
		return err
	}
	if c.config.Slaves == nil {
		return fmt.Errorf("copy %s: there are no slaves: %w", from, vfs.ErrSpace)
	}
	op, err := c.Op(ctx)
	if err != nil {
		return err
	}
	defer c.Done(op)
	err = errors.New("no slave has it")
	for _, h := range f.Holders {
		var p wire.Prepared
		p, err = c.config.Slaves.Duplicate(ctx, h.Slave, wire.Duplicate{Op: op, Ref: f.Ref, After: h.After}, flow)
		if err == nil {
			_, err = c.Commit(ctx, Arrival{Path: to, Slave: h.Slave, Prepared: p, Owner: vfs.User(ctx)}, charge)
			return err
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	return fmt.Errorf("copy %s: %w", from, err)
}
