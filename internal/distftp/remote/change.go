package remote

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"mirrortracker/internal/distftp/control"
	"mirrortracker/internal/distftp/data"
	"mirrortracker/internal/distftp/vfs"
	"mirrortracker/internal/mirror"
)

// change does something to what is at a path: beneath, or at a foreign server.
func (o *Overlay) change(p mirror.Path, beneath func(control.Writer) error, there func(*link) error) error {
	l, err := o.link(p)
	switch {
	case err != nil:
		return err
	case l == nil:
		w, ok := o.Files.(control.Writer)
		if !ok {
			return fmt.Errorf("change %s: %w", p, fs.ErrPermission)
		}
		return beneath(w)
	}
	return there(l)
}

// at has the foreign server do something to the entry that a path names, and forgets what is
// remembered of it. The alias itself is not among what can be changed.
func (l *link) at(ctx context.Context, do func(ctx context.Context, at *link) error) error {
	if l.path == l.alias.Root {
		return fmt.Errorf("change %s, which is an alias: %w", l.alias.Path, fs.ErrPermission)
	}
	ctx, cancel := context.WithTimeout(ctx, asking)
	defer cancel()
	at, err := l.real(ctx)
	if err != nil {
		return err
	}
	defer at.forget()
	if err := do(ctx, at); err != nil {
		return fmt.Errorf("change %s of %s: %w", at.path, l.alias.Path, reason(err))
	}
	return nil
}

// forget drops what is remembered of an entry, and of the directory that it is in.
func (l *link) forget() {
	above := where{l.server, l.path.Parent()}
	l.listings.drop(above, l.where)
	l.looks.drop(l.where)
	l.ways.drop(l.where)
}

// Remove implements [control.Writer]. What is stored elsewhere counts against no quota.
func (o *Overlay) Remove(ctx context.Context, p mirror.Path) (freed vfs.Usage, err error) {
	err = o.change(p, func(w control.Writer) error {
		freed, err = w.Remove(ctx, p)
		return err
	}, func(l *link) error {
		return l.at(ctx, func(ctx context.Context, at *link) error { return at.server.Delete(ctx, at.path) })
	})
	return freed, err
}

// RemoveDir implements [control.Writer]. A directory that leads to an alias is not empty.
func (o *Overlay) RemoveDir(ctx context.Context, p mirror.Path) error {
	return o.change(p, func(w control.Writer) error {
		if len(o.View().Below(p)) > 0 {
			return fmt.Errorf("remove directory %s: it leads to an alias: %w", p, vfs.ErrNotEmpty)
		}
		return w.RemoveDir(ctx, p)
	}, func(l *link) error {
		return l.at(ctx, func(ctx context.Context, at *link) error { return at.server.RemoveDir(ctx, at.path) })
	})
}

// MakeDir implements [control.Writer].
func (o *Overlay) MakeDir(ctx context.Context, p mirror.Path) error {
	return o.change(p, func(w control.Writer) error {
		return w.MakeDir(ctx, p)
	}, func(l *link) error {
		return l.at(ctx, func(ctx context.Context, at *link) error { return at.server.MakeDir(ctx, at.path) })
	})
}

// Rename implements [control.Writer]. Nothing is renamed into what another server has, and no
// directory that leads to an alias.
func (o *Overlay) Rename(ctx context.Context, from, to mirror.Path) (freed vfs.Usage, err error) {
	elsewhere := fmt.Errorf("rename %s to %s: %w", from, to, vfs.ErrPlace)
	target, err := o.link(to)
	if err != nil {
		return freed, err
	}
	err = o.change(from, func(w control.Writer) error {
		if view := o.View(); target != nil || len(view.Below(from)) > 0 || len(view.Below(to)) > 0 {
			return elsewhere
		}
		freed, err = w.Rename(ctx, from, to)
		return err
	}, func(l *link) error {
		if target == nil || target.alias != l.alias {
			return elsewhere
		}
		return target.at(ctx, func(ctx context.Context, target *link) error {
			return l.at(ctx, func(ctx context.Context, at *link) error { return at.server.Rename(ctx, at.path, target.path) })
		})
	})
	return freed, err
}

// SetMode implements [control.Writer].
func (o *Overlay) SetMode(ctx context.Context, p mirror.Path, mode fs.FileMode) error {
	return o.change(p, func(w control.Writer) error {
		return w.SetMode(ctx, p, mode)
	}, func(l *link) error {
		return l.at(ctx, func(ctx context.Context, at *link) error { return at.server.Chmod(ctx, at.path, mode) })
	})
}

// SetTime implements [control.Writer].
func (o *Overlay) SetTime(ctx context.Context, p mirror.Path, modified time.Time) error {
	return o.change(p, func(w control.Writer) error {
		return w.SetTime(ctx, p, modified)
	}, func(l *link) error {
		return l.at(ctx, func(ctx context.Context, at *link) error { return at.server.SetModTime(ctx, at.path, modified) })
	})
}

// Symlink implements [control.Writer]. There is no command for it that foreign servers have.
func (o *Overlay) Symlink(ctx context.Context, target string, p mirror.Path) error {
	return o.change(p, func(w control.Writer) error {
		return w.Symlink(ctx, target, p)
	}, func(*link) error {
		return fmt.Errorf("link %s: not at a foreign server: %w", p, fs.ErrPermission)
	})
}

// Copy implements [control.Writer]. Nothing is copied from, to or at foreign servers.
func (o *Overlay) Copy(ctx context.Context, from, to mirror.Path, flow *data.Flow, charge data.Charge) error {
	elsewhere := fmt.Errorf("copy %s to %s: %w", from, to, vfs.ErrPlace)
	if _, _, ok := o.View().Alias(from); ok {
		return elsewhere
	}
	return o.change(to, func(w control.Writer) error {
		return w.Copy(ctx, from, to, flow, charge)
	}, func(*link) error { return elsewhere })
}

// Free implements [control.Writer]. Below an alias it is what the foreign server tells.
func (o *Overlay) Free(ctx context.Context, p mirror.Path) (free int64, err error) {
	l, err := o.link(p)
	switch {
	case err != nil:
		return 0, err
	case l != nil:
		return l.free(ctx)
	}
	err = o.change(p, func(w control.Writer) error {
		free, err = w.Free(ctx, p)
		return err
	}, nil)
	return free, err
}

func (l *link) free(ctx context.Context) (int64, error) {
	at, _, err := l.stat(ctx)
	if err != nil {
		return 0, err
	}
	free, err := at.server.Free(ctx, at.path)
	if err != nil && !errors.Is(err, errors.ErrUnsupported) {
		err = fmt.Errorf("room in %s of %s: %w", at.path, l.alias.Path, reason(err))
	}
	return free, err
}
