package control

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"

	"golang.org/x/sync/semaphore"

	"mirrortracker/internal/distftp/data"
	"mirrortracker/internal/distftp/list"
	"mirrortracker/internal/distftp/vfs"
	"mirrortracker/internal/mirror"
)

// How many entries are held to be sorted by their names' bytes. A larger directory is
// sent in the order in which it is read, so that memory does not follow its size; so is
// one of which the entries find no room beside those of all other listings, so that it
// does not follow the number of clients that ask for listings and do not read them.
const (
	sortable    = 8192     // of one listing
	sortableAll = 64 << 10 // of all, but for the first ones of each
	sortableAny = 256      // for which there is always room
)

// errUnshowable says that a listing could not hold all names.
var errUnshowable = errors.New("name cannot be shown")

// A directory is one that is being listed.
type directory struct {
	path    mirror.Path
	shown   string // the path as the client wrote it, or "": what goes before names, or over them
	pattern string // that names must match to be shown, or ""

	self    vfs.Entry
	above   vfs.Entry // if there are dots to be shown
	dir     vfs.Dir
	options *lsOptions

	ctx     context.Context // of the session
	sorting *semaphore.Weighted
	room    int64       // taken from sorting
	head    []vfs.Entry // read by prefetch, sorted if that is all
	fetched bool        // prefetch was called
	more    bool        // there is more in dir than head
	bad     error       // a name was met that cannot be shown
}

func (d *directory) close() error {
	d.sorting.Release(d.room)
	d.room = 0
	return d.dir.Close()
}

// prefetch reads as much of the directory as is sorted.
func (d *directory) prefetch() error {
	if d.fetched {
		return nil
	}
	d.fetched = true
	for len(d.head) < sortable && d.roomForOneMore() {
		e, err := d.next()
		if err == io.EOF {
			slices.SortFunc(d.head, d.options.order)
			return nil
		}
		if err != nil {
			return err
		}
		d.head = append(d.head, e)
	}
	d.more = true
	return nil
}

// roomForOneMore takes room for more entries when it is used up.
func (d *directory) roomForOneMore() bool {
	const step = 1024
	if int64(len(d.head)) < sortableAny+d.room {
		return true
	}
	if !d.sorting.TryAcquire(step) {
		return false
	}
	d.room += step
	return true
}

// next returns the next entry that is to be shown. One whose name cannot be is left
// out and remembered.
func (d *directory) next() (vfs.Entry, error) {
	for {
		e, err := d.dir.Next()
		if err == nil {
			err = d.ctx.Err() // a listing on the control connection ends with the server
		}
		switch {
		case err == io.EOF:
			return e, err
		case err != nil:
			return e, fmt.Errorf("list %s: %w: %w", d.path, data.ErrSource, err)
		case !d.wanted(e):
		case !list.Showable(e.Name):
			d.bad = fmt.Errorf("list %s: %q: %w", d.path, e.Name, errUnshowable)
		default:
			return e, nil
		}
	}
}

// wanted reports whether an entry is to be shown. As in a shell, a pattern means hidden
// names only if it begins with a dot itself.
func (d *directory) wanted(e vfs.Entry) bool {
	if d.pattern != "" {
		matches, err := path.Match(d.pattern, e.Name)
		return matches && err == nil && (!e.Hidden() || d.options.hidden || d.pattern[0] == '.')
	}
	return !e.Hidden() || d.options.hidden
}

// each calls show with everything that is to be shown, until that fails.
func (d *directory) each(show func(e vfs.Entry, role list.Role) error) error {
	if d.options.dots && d.pattern == "" {
		d.self.Name, d.above.Name = ".", ".."
		if err := errors.Join(show(d.self, list.Current), show(d.above, list.Parent)); err != nil {
			return err
		}
	}
	if err := d.prefetch(); err != nil {
		return err
	}
	for _, e := range d.head {
		if err := show(e, list.Member); err != nil {
			return err
		}
	}
	for d.more {
		e, err := d.next()
		if err == io.EOF {
			return nil
		}
		if err == nil {
			err = show(e, list.Member)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
