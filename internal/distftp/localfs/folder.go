// Package localfs shows a folder of the local disk to FTP sessions, read-only.
//
// Every look-up starts at the folder and goes through [os.Root], so neither ".."
// nor a symbolic link leads out of it, also when somebody changes the folder at the
// same moment. Links that stay inside are followed (relative ones; a link with an
// absolute target always counts as leading out); the others exist, can be listed as
// links, and are refused when used.
//
// Owners and groups of files are the machine's business, so that all entries belong
// to "ftp". Reading needs whatever rights the process has; a folder or file that it
// may not read is refused with [fs.ErrPermission], never shown as empty.
package localfs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"mirrortracker/internal/distftp/data"
	"mirrortracker/internal/distftp/vfs"
	"mirrortracker/internal/mirror"
)

// A Folder is a folder being served. Its methods may be called concurrently.
type Folder struct {
	root *os.Root
}

// Open opens a folder for serving.
func Open(dir string) (*Folder, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("serve folder: %w", err)
	}
	return &Folder{root: root}, nil
}

// Close gives the folder back. Sessions that still use it get errors.
func (f *Folder) Close() error { return f.root.Close() }

// Lstat describes the entry at p itself, be it a link.
func (f *Folder) Lstat(_ context.Context, p mirror.Path) (vfs.Entry, error) {
	info, err := f.root.Lstat(inside(p))
	if err != nil {
		return vfs.Entry{}, kind(err)
	}
	return describe(f.root, inside(p), info)
}

// Stat describes what p leads to, through links inside the folder.
func (f *Folder) Stat(_ context.Context, p mirror.Path) (vfs.Entry, error) {
	info, err := f.root.Stat(inside(p))
	if err != nil {
		return vfs.Entry{}, kind(err)
	}
	return describe(f.root, inside(p), info)
}

// OpenDir opens the directory that p leads to.
func (f *Folder) OpenDir(_ context.Context, p mirror.Path) (vfs.Dir, error) {
	return openDir(f.root, inside(p))
}

// OpenFile opens the plain file that p leads to.
func (f *Folder) OpenFile(_ context.Context, p mirror.Path) (data.File, error) {
	// The first look keeps us from opening devices, which can have effects; a pipe
	// that takes the file's place in between does not block an O_NONBLOCK open, and
	// is found by the second look.
	info, err := f.root.Stat(inside(p))
	if err != nil {
		return nil, kind(err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("open %s: %w", p, vfs.ErrNotRegular)
	}
	file, err := f.root.OpenFile(inside(p), os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, kind(err)
	}
	info, err = file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("open %s: %w", p, vfs.ErrNotRegular)
	}
	if err != nil {
		file.Close()
		return nil, kind(err)
	}
	return file, nil
}

// inside turns a path into the form that os.Root wants.
func inside(p mirror.Path) string {
	if p == mirror.Root {
		return "."
	}
	return strings.TrimPrefix(string(p), "/")
}

// kind gives a system error the kind that the control connection knows.
func kind(err error) error {
	var path *fs.PathError
	var errno syscall.Errno
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission):
		return err
	case errors.Is(err, syscall.ENOTDIR):
		return fmt.Errorf("%w: %w", vfs.ErrNotDir, err)
	case errors.Is(err, syscall.ENAMETOOLONG):
		return fmt.Errorf("%w: %w", fs.ErrNotExist, err)
	case errors.Is(err, syscall.ELOOP):
		return fmt.Errorf("%w: %w", fs.ErrPermission, err)
	case errors.As(err, &path) && !errors.As(err, &errno) && !errors.Is(err, fs.ErrClosed):
		// os.Root's own refusals (the path leads out of the folder, too many links)
		// have no exported value.
		return fmt.Errorf("%w: %w", fs.ErrPermission, err)
	}
	return err
}
