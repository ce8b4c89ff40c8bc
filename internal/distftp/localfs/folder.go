// Package localfs shows a folder of the local disk to FTP sessions and lets them
// change it.
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
//
// # Uploads
//
// An upload is written under a temporary name in the folder of its target, which no
// listing shows and no path reaches. When all bytes are there, the file is synced,
// renamed to its target, and the folder is synced. So a name always has either its old
// content, whole, or its new content, whole, whatever ends the process; and what
// [data.Upload.Commit] reported as done is on the disk.
//
// Resuming and appending do not touch the old file either: the new one begins as a
// copy of what is kept of it (which file systems with shared extents make for nothing)
// and takes its place at the end. If the old file was changed by then, the upload
// fails with [vfs.ErrChanged] and nobody's bytes are lost.
//
// An upload that is broken off removes its temporary file. That of a killed process
// stays; as every upload holds a lock (flock) on its file, [Folder.Sweep] can tell
// what nobody will finish from what is under way, also in another process.
//
// An upload to a link replaces the link, and does not write where it leads: rights by
// path would mean nothing otherwise. The mode of a replaced file is kept.
//
// Every other change is synced too before it is reported as done.
package localfs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync"
	"syscall"

	"mirrortracker/internal/distftp/data"
	"mirrortracker/internal/distftp/vfs"
	"mirrortracker/internal/mirror"
)

// A Folder is a folder being served. Its methods may be called concurrently.
type Folder struct {
	// Umask is what the modes of new files and directories lack, whatever the process's
	// own is. It is 022, unless it is set before the folder is used.
	Umask fs.FileMode

	root *os.Root

	// naming is held while it is decided what stands under a name, so that nothing
	// changes there between an upload's last look and its rename.
	naming sync.Mutex
}

// Open opens a folder for serving.
func Open(dir string) (*Folder, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("serve folder: %w", err)
	}
	return &Folder{Umask: 0o022, root: root}, nil
}

// Close gives the folder back. Sessions that still use it get errors.
func (f *Folder) Close() error { return f.root.Close() }

// Lstat describes the entry at p itself, be it a link.
func (f *Folder) Lstat(_ context.Context, p mirror.Path) (vfs.Entry, error) {
	name, err := inside(p)
	if err != nil {
		return vfs.Entry{}, err
	}
	info, err := f.root.Lstat(name)
	if err != nil {
		return vfs.Entry{}, kind(err)
	}
	return describe(f.root, name, info)
}

// Stat describes what p leads to, through links inside the folder.
func (f *Folder) Stat(_ context.Context, p mirror.Path) (vfs.Entry, error) {
	name, err := inside(p)
	if err != nil {
		return vfs.Entry{}, err
	}
	info, err := f.root.Stat(name)
	if err != nil {
		return vfs.Entry{}, kind(err)
	}
	return describe(f.root, name, info)
}

// OpenDir opens the directory that p leads to.
func (f *Folder) OpenDir(_ context.Context, p mirror.Path) (vfs.Dir, error) {
	name, err := inside(p)
	if err != nil {
		return nil, err
	}
	return openDir(f.root, name)
}

// OpenFile opens the plain file that p leads to.
func (f *Folder) OpenFile(_ context.Context, p mirror.Path) (data.File, error) {
	file, err := f.openFile(p)
	if err != nil {
		return nil, err
	}
	return file, nil
}

func (f *Folder) openFile(p mirror.Path) (*os.File, error) {
	name, err := inside(p)
	if err != nil {
		return nil, err
	}
	// The first look keeps us from opening devices, which can have effects; a pipe
	// that takes the file's place in between does not block an O_NONBLOCK open, and
	// is found by the second look.
	info, err := f.root.Stat(name)
	if err != nil {
		return nil, kind(err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("open %s: %w", p, vfs.ErrNotRegular)
	}
	file, err := f.root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
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

// inside turns a path into the form that os.Root wants. Temporary names do not exist
// for anybody.
func inside(p mirror.Path) (string, error) {
	if p == mirror.Root {
		return ".", nil
	}
	if strings.Contains(string(p), "/"+temporary) {
		return "", fmt.Errorf("%s: %w", p, fs.ErrNotExist)
	}
	return strings.TrimPrefix(string(p), "/"), nil
}

// kind gives a system error the kind that the control connection knows.
func kind(err error) error {
	var path *fs.PathError
	var link *os.LinkError // of Rename and Symlink
	var errno syscall.Errno
	switch {
	case errors.Is(err, syscall.ENOTEMPTY): // which the standard library counts as ErrExist
		return fmt.Errorf("%w: %w", vfs.ErrNotEmpty, err)
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission), errors.Is(err, fs.ErrExist):
		return err
	case errors.Is(err, syscall.EISDIR):
		return fmt.Errorf("%w: %w", vfs.ErrNotRegular, err)
	case errors.Is(err, syscall.EXDEV), errors.Is(err, syscall.EINVAL), errors.Is(err, syscall.EBUSY):
		return fmt.Errorf("%w: %w", vfs.ErrPlace, err)
	case errors.Is(err, syscall.EROFS):
		return fmt.Errorf("%w: %w", fs.ErrPermission, err)
	case errors.Is(err, syscall.ENOTDIR):
		return fmt.Errorf("%w: %w", vfs.ErrNotDir, err)
	case errors.Is(err, syscall.ENAMETOOLONG):
		return fmt.Errorf("%w: %w", fs.ErrNotExist, err)
	case errors.Is(err, syscall.ELOOP):
		return fmt.Errorf("%w: %w", fs.ErrPermission, err)
	case (errors.As(err, &path) || errors.As(err, &link)) && !errors.As(err, &errno) && !errors.Is(err, fs.ErrClosed):
		// os.Root's own refusals (the path leads out of the folder, too many links)
		// have no exported value.
		return fmt.Errorf("%w: %w", fs.ErrPermission, err)
	}
	return full(err)
}
