package localfs

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"mirrortracker/internal/distftp/data"
	"mirrortracker/internal/distftp/vfs"
	"mirrortracker/internal/mirror"
)

// temporary is how the names of unfinished uploads begin.
const temporary = ".ftpd-upload-"

func isTemporary(name string) bool { return strings.HasPrefix(name, temporary) }

// unfinishedMode is the mode of a file until it is complete: it is nobody else's
// business.
const unfinishedMode = 0o600

// An upload is a file that is being written under a temporary name.
type upload struct {
	folder *Folder
	path   mirror.Path
	at     place // of the target, and of the temporary file
	file   *os.File
	temp   string // its name; empty when there is nothing to remove
	mode   fs.FileMode

	old  *os.File    // the file whose beginning is kept; nil if nothing is
	was  fs.FileInfo // what it was then
	keep int64
}

// CreateFile begins an upload to p. It keeps the first keep bytes of the file that is
// there, all of them for [data.KeepAll].
func (f *Folder) CreateFile(_ context.Context, p mirror.Path, keep int64) (data.Upload, error) {
	at, err := f.place(p)
	if err != nil {
		return nil, err
	}
	u := &upload{folder: f, path: p, at: at, mode: 0o666 &^ f.Umask}
	if err := errors.Join(u.regard(keep), u.create()); err != nil {
		u.Close()
		return nil, fmt.Errorf("upload to %s: %w", p, err)
	}
	return u, nil
}

// regard looks at what is under the target's name.
func (u *upload) regard(keep int64) error {
	name, err := inside(u.path)
	if err != nil {
		return err
	}
	info, err := u.folder.root.Stat(name)
	err = nameKind(err)
	switch {
	case errors.Is(err, fs.ErrNotExist) && keep > 0:
		return data.ErrOffset
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return vfs.ErrNotRegular
	}
	u.mode = info.Mode().Perm()
	if keep == 0 {
		return nil
	}
	if u.old, err = u.folder.openFile(u.path); err != nil {
		return err
	}
	if u.was, err = u.old.Stat(); err != nil {
		return kind(err)
	}
	if keep == data.KeepAll {
		keep = u.was.Size()
	}
	if keep > u.was.Size() {
		return data.ErrOffset
	}
	u.keep = keep
	return nil
}

// create makes the temporary file and locks it. A sweep may come between the two and
// take the file for a dead one: then another is made.
func (u *upload) create() error {
	for {
		temp := temporary + rand.Text()
		file, err := u.at.dir.OpenFile(temp, os.O_RDWR|os.O_CREATE|os.O_EXCL, unfinishedMode)
		if err != nil {
			return kind(err)
		}
		if mine, err := lock(file); !mine {
			file.Close()
			if err != nil {
				return errors.Join(kind(err), u.at.dir.Remove(temp))
			}
			continue
		}
		u.file, u.temp = file, temp
		return nil
	}
}

// Prepare copies what is kept of the old file.
func (u *upload) Prepare(ctx context.Context) error {
	if u.keep == 0 {
		return nil
	}
	return copyAll(ctx, u, u.old, u.keep, func(int64) {})
}

// Write adds bytes at the end.
func (u *upload) Write(b []byte) (int, error) {
	n, err := u.file.Write(b)
	return n, full(err)
}

// ReadFrom adds bytes at the end, moved by the kernel where r is a connection or a
// file.
func (u *upload) ReadFrom(r io.Reader) (int64, error) {
	n, err := u.file.ReadFrom(r)
	return n, full(err)
}

// full marks the errors of a write that came from a lack of space. It leaves the
// others as they are: some are those of the connection that was read.
func full(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG) {
		return fmt.Errorf("%w: %w", vfs.ErrSpace, err)
	}
	return err
}

// Commit makes the file appear under its name, for good.
func (u *upload) Commit(ctx context.Context, charge data.Charge) error {
	if err := u.file.Chmod(u.mode); err != nil {
		return kind(err)
	}
	if err := u.file.Sync(); err != nil {
		return kind(err)
	}
	if err := u.appear(ctx, charge); err != nil {
		return fmt.Errorf("upload to %s: %w", u.path, err)
	}
	return u.at.sync()
}

// appear charges for what the file takes more than what it replaces, and renames it. If
// something else came to be replaced meanwhile, it does so again: names are not held while
// somebody's quota is asked.
func (u *upload) appear(ctx context.Context, charge data.Charge) error {
	if charge == nil {
		_, err := u.rename(ctx, nil)
		return err
	}
	info, err := u.file.Stat()
	if err != nil {
		return kind(err)
	}
	var charged vfs.Usage
	for {
		old, err := u.at.taken()
		if err == nil {
			grown := taken(info).Less(old)
			more, less := vfs.Usage{Bytes: max(grown.Bytes, 0), Files: grown.Files}, vfs.Usage{Bytes: min(grown.Bytes, 0)}
			err = charge(ctx, more.Less(charged))
			if err == nil {
				charged = more
				var done bool
				if done, err = u.rename(ctx, &old); done {
					return charge(ctx, less)
				}
			}
		}
		if err != nil {
			return errors.Join(err, charge(ctx, charged.Negative()))
		}
	}
}

// rename gives the file its name, unless that is not what it was charged for.
func (u *upload) rename(ctx context.Context, old *vfs.Usage) (done bool, err error) {
	u.folder.naming.Lock()
	defer u.folder.naming.Unlock()
	// Syncing took time, in which the client may have been found to be gone.
	if err := ctx.Err(); err != nil {
		return false, err
	}
	if u.was != nil {
		name, err := inside(u.path)
		if err != nil {
			return false, err
		}
		is, err := u.folder.root.Stat(name)
		if err != nil || !os.SameFile(is, u.was) || is.Size() != u.was.Size() || !is.ModTime().Equal(u.was.ModTime()) {
			return false, vfs.ErrChanged
		}
	}
	if old != nil {
		if is, err := u.at.taken(); err != nil || is != *old {
			return false, err
		}
	}
	if err := u.at.dir.Rename(u.temp, u.at.name); err != nil {
		return false, nameKind(err)
	}
	u.temp = ""
	return true, nil
}

// Close ends the upload; what was not committed is gone.
func (u *upload) Close() error {
	var errs []error
	if u.temp != "" {
		errs = append(errs, u.at.dir.Remove(u.temp))
		u.temp = ""
	}
	for _, file := range []*os.File{u.file, u.old} {
		if file != nil {
			errs = append(errs, file.Close())
		}
	}
	return errors.Join(append(errs, u.at.close())...)
}

// lock takes the lock that tells an upload under way from a dead one. It reports
// false if somebody else has it, or had it and removed the file.
func lock(file *os.File) (bool, error) {
	err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("lock %s: %w", file.Name(), err)
	}
	info, err := file.Stat()
	if err != nil {
		return false, err
	}
	sys, ok := info.Sys().(*syscall.Stat_t)
	return !ok || sys.Nlink > 0, nil
}
