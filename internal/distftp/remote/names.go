package remote

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"
	"maps"
	"slices"

	"mirrortracker/internal/distftp/mirrors"
	"mirrortracker/internal/distftp/vfs"
	"mirrortracker/internal/mirror"
)

// Lstat implements [control.FS].
func (o *Overlay) Lstat(ctx context.Context, p mirror.Path) (vfs.Entry, error) {
	l, err := o.link(p)
	switch {
	case err != nil:
		return vfs.Entry{}, err
	case l != nil:
		e, err := l.lstat(ctx)
		return o.orLeading(p, e, err)
	}
	e, err := o.Files.Lstat(ctx, p)
	return o.orLeading(p, e, err)
}

// Stat implements [control.FS].
func (o *Overlay) Stat(ctx context.Context, p mirror.Path) (vfs.Entry, error) {
	l, err := o.link(p)
	switch {
	case err != nil:
		return vfs.Entry{}, err
	case l != nil:
		_, e, err := l.stat(ctx)
		e.Name = p.Name()
		return o.orLeading(p, e, err)
	}
	e, err := o.Files.Stat(ctx, p)
	return o.orLeading(p, e, err)
}

// orLeading shows a directory that is not there, and leads to an alias, as if it were.
func (o *Overlay) orLeading(p mirror.Path, e vfs.Entry, err error) (vfs.Entry, error) {
	if errors.Is(err, fs.ErrNotExist) && len(o.View().Below(p)) > 0 {
		return directory(p), nil
	}
	return e, err
}

// OpenDir implements [control.FS].
func (o *Overlay) OpenDir(ctx context.Context, p mirror.Path) (vfs.Dir, error) {
	view := o.View()
	dir, err := o.openDir(ctx, p)
	below := view.Below(p)
	switch {
	case len(below) == 0:
		return dir, err
	case errors.Is(err, fs.ErrNotExist):
		dir, err = nothing{}, nil
	case err != nil:
		return nil, err
	}
	return &joined{Dir: dir, view: view, path: p, below: slices.Clone(below)}, nil
}

// openDir opens a directory without the aliases in it.
func (o *Overlay) openDir(ctx context.Context, p mirror.Path) (vfs.Dir, error) {
	l, err := o.link(p)
	switch {
	case err != nil:
		return nil, err
	case l == nil:
		return o.Files.OpenDir(ctx, p)
	}
	at, e, err := l.stat(ctx)
	switch {
	case err != nil:
		return nil, err
	case e.Kind != vfs.Directory:
		return nil, vfs.ErrNotDir
	}
	all, err := at.list(ctx, at.path)
	if err != nil {
		return nil, err
	}
	next, stop := iter.Pull(maps.Values(all))
	return listed{next, stop}, nil
}

// A listed directory is one whose entries are in memory.
type listed struct {
	next func() (vfs.Entry, bool)
	stop func()
}

// Next implements [vfs.Dir].
func (d listed) Next() (vfs.Entry, error) {
	e, ok := d.next()
	if !ok {
		return vfs.Entry{}, io.EOF
	}
	return e, nil
}

// Close implements [vfs.Dir].
func (d listed) Close() error {
	d.stop()
	return nil
}

// Nothing is in a directory that only leads to aliases.
type nothing struct{}

// Next implements [vfs.Dir].
func (nothing) Next() (vfs.Entry, error) { return vfs.Entry{}, io.EOF }

// Close implements [vfs.Dir].
func (nothing) Close() error { return nil }

// A joined directory has the aliases in it, too.
type joined struct {
	vfs.Dir
	view  *mirrors.View
	path  mirror.Path
	below []string // names that are, or lead to, aliases; those not yet shown
}

// Next implements [vfs.Dir]. An alias takes the place of what has its name; a directory
// that leads to one is shown if nothing has.
func (d *joined) Next() (vfs.Entry, error) {
	for {
		e, err := d.Dir.Next()
		if err == io.EOF && len(d.below) > 0 {
			name := d.below[0]
			d.below = d.below[1:]
			return directory(d.path.Join(name)), nil
		}
		if err != nil {
			return e, err
		}
		i, leads := slices.BinarySearch(d.below, e.Name)
		switch _, rest, _ := d.view.Alias(d.path.Join(e.Name)); {
		case !leads:
			return e, nil
		case rest != mirror.Root:
			d.below = slices.Delete(d.below, i, i+1)
			return e, nil
		}
	}
}
