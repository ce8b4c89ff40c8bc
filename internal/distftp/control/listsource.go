package control

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"mirrortracker/internal/distftp/data"
	"mirrortracker/internal/distftp/list"
	"mirrortracker/internal/distftp/vfs"
	"mirrortracker/internal/mirror"
)

// How much LIST -R knows of directories that it has still to list.
const (
	maxPending      = 1 << 14
	maxPendingBytes = 1 << 20 // in their paths
)

// errTooMany says that a listing has more directories than can be remembered.
var errTooMany = errors.New("too many directories for one listing")

// errBarred says that a listing lacks a directory that may not be read.
var errBarred = errors.New("directory may not be read")

// A style is one way of showing entries.
type style struct {
	lsOptions
	line   func(b []byte, d *directory, e vfs.Entry, role list.Role) []byte
	single func(b []byte, e vfs.Entry) []byte // what is shown alone; nil: only directories are listed, and no patterns
}

// A listing is something to be listed, opened: one entry, or directories, the next of
// which is opened when the last is done.
type listing struct {
	style
	session      *session    // for what is its account's, which stays as it is while one is sent
	path         mirror.Path // what the command names
	alone        *vfs.Entry  // what is shown in place of directories
	now          *directory
	pending      []stop // the next one last
	pendingBytes int    // in those that were found on the way
	bad          error  // something could not be shown
}

// A stop is a directory that will be listed, or what matches in it.
type stop struct {
	path           mirror.Path
	shown, pattern string
}

func (s stop) size() int { return len(s.path) + len(s.shown) }

// open finds what is to be listed. All refusals of what the command names come to light
// here, before the client is told that a transfer begins.
func (s *session) open(arg string, style style) (*listing, error) {
	l := &listing{style: style, session: s}
	var err error
	if l.path, err = resolve(s.cwd, arg); err != nil {
		return nil, err
	}
	look := s.FS.Stat
	if style.self {
		look = s.FS.Lstat
	}
	var e vfs.Entry
	if err = s.allow(l.path, List); err == nil {
		e, err = look(s.ctx, l.path)
	}
	switch {
	case err != nil && style.single != nil && isPattern(arg):
		err = l.openMatches(arg)
	case err != nil:
	case style.self:
		e.Name = cmp.Or(arg, ".")
		l.alone = &e
	case e.Kind == vfs.Directory:
		l.now, err = l.enter(stop{path: l.path, shown: arg}, e)
	case style.single == nil:
		err = fmt.Errorf("list %s: %w", l.path, vfs.ErrNotDir)
	default:
		l.alone = &e
	}
	if err != nil {
		return nil, errors.Join(err, l.close())
	}
	return l, nil
}

// visit opens a directory that the command does not name.
func (l *listing) visit(at stop) (*directory, error) {
	s := l.session
	if err := s.allow(at.path, List); err != nil {
		return nil, err
	}
	e, err := s.FS.Stat(s.ctx, at.path)
	if err != nil {
		return nil, err
	}
	return l.enter(at, e)
}

// enter opens a directory, which e describes.
func (l *listing) enter(at stop, e vfs.Entry) (*directory, error) {
	s := l.session
	d := &directory{path: at.path, shown: at.shown, pattern: at.pattern, self: e, options: &l.lsOptions, ctx: s.ctx, sorting: s.sorting}
	var err error
	if l.dots {
		if d.above, err = s.FS.Stat(s.ctx, parent(at.path)); err != nil {
			return nil, err
		}
	}
	if d.dir, err = s.FS.OpenDir(s.ctx, at.path); err != nil {
		return nil, err
	}
	return d, nil
}

// close gives back what is open.
func (l *listing) close() error {
	if l.now == nil {
		return nil
	}
	d := l.now
	l.now = nil
	return d.close()
}

// prefetch reads what is sorted of the first directory.
func (l *listing) prefetch() error {
	if l.now == nil {
		return nil
	}
	err := l.now.prefetch()
	l.bad = cmp.Or(l.bad, l.now.bad)
	return err
}

// write writes the listing. If it could not be read to its end, or not all names
// could be shown, that is an error after all that could.
//
// Only few listings are read at a time: it takes the processor, and hundreds would make
// every other session wait for it.
func (l *listing) write(w io.Writer) error {
	busy := l.session.listing
	busy <- struct{}{}
	defer func() { <-busy }()
	out := bufio.NewWriterSize(aside{w, busy}, 32<<10)
	if err := l.lines(out); err != nil {
		return errors.Join(err, out.Flush())
	}
	if err := out.Flush(); err != nil {
		return err
	}
	return l.bad
}

// An aside writer lets others go on while it waits for its client.
type aside struct {
	w    io.Writer
	busy chan struct{}
}

func (a aside) Write(b []byte) (int, error) {
	<-a.busy
	defer func() { a.busy <- struct{}{} }()
	return a.w.Write(b)
}

func (l *listing) lines(w *bufio.Writer) error {
	if l.alone != nil {
		_, err := w.Write(l.single(nil, *l.alone))
		return err
	}
	for first := true; l.now != nil; first = false {
		if l.recursive {
			if !first {
				w.WriteString("\r\n")
			}
			w.WriteString(cmp.Or(l.now.shown, ".") + ":\r\n")
		}
		if err := l.directory(w); err != nil {
			return err
		}
		if err := l.advance(); err != nil {
			return err
		}
	}
	return nil
}

// directory writes the lines of one directory, and notes what is below it.
func (l *listing) directory(w io.Writer) error {
	d := l.now
	var line []byte
	var below []stop
	err := d.each(func(e vfs.Entry, role list.Role) error {
		if l.recursive && e.Kind == vfs.Directory && role == list.Member {
			at := stop{path: d.path.Join(e.Name), shown: under(cmp.Or(d.shown, "."), e.Name)}
			l.pendingBytes += at.size()
			if len(l.pending)+len(below) == maxPending || l.pendingBytes > maxPendingBytes {
				return fmt.Errorf("list %s: %w", l.path, errTooMany)
			}
			below = append(below, at)
		}
		line = l.line(line[:0], d, e, role)
		_, err := w.Write(line)
		return err
	})
	slices.Reverse(below)
	l.pending = append(l.pending, below...)
	l.bad = cmp.Or(l.bad, d.bad)
	return err
}

// under writes the path of a name in a directory.
func under(dir, name string) string { return strings.TrimSuffix(dir, "/") + "/" + name }

// advance goes on to the next directory, if there is one. What was deleted meanwhile is
// passed over; so is what may not be read, but the listing lacks it then, unless nothing
// but a pattern speaks of it.
func (l *listing) advance() error {
	if err := l.close(); err != nil {
		return err
	}
	for len(l.pending) > 0 {
		last := len(l.pending) - 1
		at := l.pending[last]
		l.pending = l.pending[:last]
		l.pendingBytes -= at.size()
		d, err := l.visit(at)
		switch {
		case err == nil:
			l.now = d
			return nil
		case errors.Is(err, fs.ErrPermission) && at.pattern != "":
		case errors.Is(err, fs.ErrPermission):
			l.bad = cmp.Or(l.bad, fmt.Errorf("list %s: %w: %w", at.path, errBarred, err))
		case !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, vfs.ErrNotDir):
			return fmt.Errorf("list %s: %w: %w", at.path, data.ErrSource, err)
		}
	}
	return nil
}
