package control

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

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
	sortable    = 8192      // of one listing
	sortableAll = 256 << 10 // of all, but for the first ones of each
	sortableAny = 256       // for which there is always room
)

// errUnshowable says that a listing could not hold all names.
var errUnshowable = errors.New("name cannot be shown")

// A style is one way of showing entries.
type style struct {
	all    bool // also ".", ".." and names that begin with a dot
	line   func(b []byte, e vfs.Entry, role list.Role) []byte
	single func(b []byte, e vfs.Entry) []byte // what is not a directory; nil: refuse
}

// A listing is something to be listed, opened.
type listing struct {
	style
	ctx   context.Context // of the session
	path  mirror.Path
	self  vfs.Entry
	above vfs.Entry // of a directory, if style.all
	dir   vfs.Dir   // nil for what is not a directory

	head    []vfs.Entry // read by prefetch, sorted if that is all
	sorting *semaphore.Weighted
	room    int64 // taken from sorting
	fetched bool  // prefetch was called
	more    bool  // there is more in dir than head
	bad     error // a name was met that cannot be shown
}

// open finds what is to be listed. All refusals come to light here, before the client
// is told that a transfer begins.
func (s *session) open(arg string, style style) (*listing, error) {
	p, err := s.target(arg, List)
	if err != nil {
		return nil, err
	}
	l := &listing{style: style, ctx: s.ctx, path: p, sorting: s.sorting}
	if l.self, err = s.FS.Stat(s.ctx, p); err != nil {
		return nil, err
	}
	if l.self.Kind != vfs.Directory {
		if style.single == nil {
			return nil, fmt.Errorf("list %s: %w", p, vfs.ErrNotDir)
		}
		return l, nil
	}
	if style.all {
		if l.above, err = s.FS.Stat(s.ctx, parent(p)); err != nil {
			return nil, err
		}
	}
	l.dir, err = s.FS.OpenDir(s.ctx, p)
	return l, err
}

func (l *listing) close() error {
	if l.dir == nil {
		return nil
	}
	l.sorting.Release(l.room)
	l.room = 0
	return l.dir.Close()
}

// prefetch reads as much of the directory as is sorted.
func (l *listing) prefetch() error {
	if l.dir == nil || l.fetched {
		return nil
	}
	l.fetched = true
	for len(l.head) < sortable && l.roomForOneMore() {
		e, err := l.next()
		if err == io.EOF {
			slices.SortFunc(l.head, func(a, b vfs.Entry) int { return strings.Compare(a.Name, b.Name) })
			return nil
		}
		if err != nil {
			return err
		}
		l.head = append(l.head, e)
	}
	l.more = true
	return nil
}

// roomForOneMore takes room for more entries when it is used up.
func (l *listing) roomForOneMore() bool {
	const step = 1024
	if int64(len(l.head)) < sortableAny+l.room {
		return true
	}
	if !l.sorting.TryAcquire(step) {
		return false
	}
	l.room += step
	return true
}

// next returns the next entry that is to be shown. One whose name cannot be is left
// out and remembered.
func (l *listing) next() (vfs.Entry, error) {
	for {
		e, err := l.dir.Next()
		if err == nil {
			err = l.ctx.Err() // a listing on the control connection ends with the server
		}
		switch {
		case err == io.EOF:
			return e, err
		case err != nil:
			return e, fmt.Errorf("list %s: %w: %w", l.path, data.ErrSource, err)
		case e.Hidden() && !l.all:
		case !list.Showable(e.Name):
			l.bad = fmt.Errorf("list %s: %q: %w", l.path, e.Name, errUnshowable)
		default:
			return e, nil
		}
	}
}

// write writes the listing. If it could not be read to its end, or not all names
// could be shown, that is an error after all that could.
func (l *listing) write(w io.Writer) error {
	out := bufio.NewWriterSize(w, 32<<10)
	if err := l.lines(out); err != nil {
		return errors.Join(err, out.Flush())
	}
	if err := out.Flush(); err != nil {
		return err
	}
	return l.bad
}

func (l *listing) lines(w io.Writer) error {
	var line []byte
	put := func(e vfs.Entry, role list.Role) error {
		line = l.line(line[:0], e, role)
		_, err := w.Write(line)
		return err
	}
	if l.dir == nil {
		_, err := w.Write(l.single(nil, l.self))
		return err
	}
	if l.all {
		l.self.Name, l.above.Name = ".", ".."
		if err := errors.Join(put(l.self, list.Current), put(l.above, list.Parent)); err != nil {
			return err
		}
	}
	if err := l.prefetch(); err != nil {
		return err
	}
	for _, e := range l.head {
		if err := put(e, list.Member); err != nil {
			return err
		}
	}
	for l.more {
		e, err := l.next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := put(e, list.Member); err != nil {
			return err
		}
	}
	return nil
}
