package control

import (
	"errors"
	"fmt"
	"io/fs"

	"mirrortracker/internal/distftp/vfs"
	"mirrortracker/internal/mirror"
)

// A Right is something that a user may do at a path.
type Right uint8

// The rights. To replace a file takes Write and Delete, to rename something Rename at
// both paths, and Delete at the second if something is there.
const (
	List    Right = iota // see names and facts, enter a directory
	Read                 // fetch a file
	Write                // make a file or link; change the time or mode of anything
	Append               // add to a file that is there
	Delete               // remove a file or directory
	Rename               // give something another path, or take one that way
	MakeDir              // make a directory
)

// Access decides what a session may do. It is asked by name, before anything is done;
// where links lead is the file system's business. Its errors wrap [fs.ErrPermission].
// It may be called concurrently.
type Access interface {
	Allow(r Right, p mirror.Path) error
}

// The simple decisions: to look and fetch, and to do everything.
var (
	ReadOnly  Access = accessFunc(readOnly)
	ReadWrite Access = accessFunc(func(Right, mirror.Path) error { return nil })
)

type accessFunc func(Right, mirror.Path) error

// Allow implements [Access].
func (f accessFunc) Allow(r Right, p mirror.Path) error { return f(r, p) }

// errReadOnly says that nothing at all can be changed.
var errReadOnly = fmt.Errorf("read-only: %w", fs.ErrPermission)

func readOnly(r Right, _ mirror.Path) error {
	if r == List || r == Read {
		return nil
	}
	return errReadOnly
}

// allow asks for all of several rights at a path.
func (s *session) allow(p mirror.Path, rights ...Right) error {
	for _, r := range rights {
		if err := s.access.Allow(r, p); err != nil {
			return err
		}
	}
	return nil
}

// target finds the path that an argument names, if the user has the rights there.
func (s *session) target(arg string, rights ...Right) (mirror.Path, error) {
	p, err := resolve(s.cwd, arg)
	if err != nil {
		return p, err
	}
	return p, s.allow(p, rights...)
}

// mayReplace asks for the rights to put a file at p, of which the first keep bytes
// stay as they are. It returns what is there now, with an empty name if that is nothing.
func (s *session) mayReplace(p mirror.Path, keep int64) (vfs.Entry, error) {
	e, err := s.FS.Lstat(s.ctx, p)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return vfs.Entry{}, s.allow(p, Write)
	case err != nil:
		return vfs.Entry{}, err
	case keep != 0:
		return e, s.allow(p, Append)
	}
	return e, s.allow(p, Write, Delete)
}
