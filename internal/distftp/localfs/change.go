package localfs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"strings"
	"syscall"
	"time"

	"mirrortracker/internal/distftp/data"
	"mirrortracker/internal/distftp/vfs"
	"mirrortracker/internal/mirror"
)

// Remove deletes the entry at p, be it a link, but no directory, and returns what that
// took.
func (f *Folder) Remove(_ context.Context, p mirror.Path) (vfs.Usage, error) {
	at, err := f.place(p)
	if err != nil {
		return vfs.Usage{}, err
	}
	defer at.close()
	freed, err := f.remove(at)
	if err != nil {
		return vfs.Usage{}, fmt.Errorf("remove %s: %w", p, err)
	}
	return freed, at.sync()
}

func (f *Folder) remove(at place) (vfs.Usage, error) {
	f.naming.Lock()
	defer f.naming.Unlock()
	info, err := at.dir.Lstat(at.name)
	if err != nil {
		return vfs.Usage{}, kind(err)
	}
	if info.IsDir() {
		return vfs.Usage{}, vfs.ErrNotRegular
	}
	if err := at.dir.Remove(at.name); err != nil {
		return vfs.Usage{}, kind(err)
	}
	return taken(info), nil
}

// taken is what an entry takes.
func taken(info fs.FileInfo) vfs.Usage {
	if !info.Mode().IsRegular() {
		return vfs.Usage{}
	}
	return vfs.Usage{Bytes: info.Size(), Files: 1}
}

// taken is what the entry at a place takes, nothing if there is none.
func (at place) taken() (vfs.Usage, error) {
	info, err := at.dir.Lstat(at.name)
	if errors.Is(err, fs.ErrNotExist) {
		return vfs.Usage{}, nil
	}
	if err != nil {
		return vfs.Usage{}, kind(err)
	}
	return taken(info), nil
}

// RemoveDir deletes the empty directory at p. What killed uploads left in it, and
// nobody sees, does not keep it from being empty.
func (f *Folder) RemoveDir(ctx context.Context, p mirror.Path) error {
	at, err := f.place(p)
	if err != nil {
		return err
	}
	defer at.close()
	info, err := at.dir.Lstat(at.name)
	if err != nil {
		return kind(err)
	}
	if !info.IsDir() {
		return fmt.Errorf("remove directory %s: %w", p, vfs.ErrNotDir)
	}
	err = at.dir.Remove(at.name)
	if errors.Is(err, syscall.ENOTEMPTY) {
		if _, _, err := sweepOne(ctx, at.dir, at.name); err != nil {
			return kind(err)
		}
		err = at.dir.Remove(at.name)
	}
	if err != nil {
		return kind(err)
	}
	return at.sync()
}

// MakeDir makes a directory.
func (f *Folder) MakeDir(_ context.Context, p mirror.Path) error {
	at, err := f.place(p)
	if err != nil {
		return err
	}
	defer at.close()
	mode := 0o777 &^ f.Umask
	if err := at.dir.Mkdir(at.name, mode); err != nil {
		return nameKind(err)
	}
	if err := at.permit(mode); err != nil {
		return kind(err)
	}
	return at.sync()
}

// permit gives a new directory its mode where the process's umask has taken something
// away, and leaves to it what it has from the directory around it (setgid).
func (p place) permit(mode fs.FileMode) error {
	info, err := p.dir.Lstat(p.name)
	if err != nil || !info.IsDir() || info.Mode().Perm() == mode {
		return err
	}
	return p.dir.Chmod(p.name, mode|info.Mode()&fs.ModeSetgid)
}

// Rename gives what is at from, be it a link, the path to. A file takes the place of
// a file that is there, in one step, and an empty directory's place can be taken by a
// directory. It returns what was in the place.
func (f *Folder) Rename(_ context.Context, from, to mirror.Path) (vfs.Usage, error) {
	source, err := f.place(from)
	if err != nil {
		return vfs.Usage{}, err
	}
	defer source.close()
	target, err := f.place(to)
	if err != nil {
		return vfs.Usage{}, err
	}
	defer target.close()
	freed, err := f.rename(from, to, source, target)
	if err != nil {
		return vfs.Usage{}, err
	}
	return freed, errors.Join(target.sync(), source.sync())
}

func (f *Folder) rename(from, to mirror.Path, source, target place) (freed vfs.Usage, err error) {
	f.naming.Lock()
	defer f.naming.Unlock()
	info, err := source.dir.Lstat(source.name)
	if err != nil {
		return freed, kind(err)
	}
	if info.Mode()&fs.ModeSymlink != 0 {
		// The same target may lead out from another directory.
		link, err := source.dir.Readlink(source.name)
		if err != nil {
			return freed, kind(err)
		}
		if err := f.staysInside(to, link); err != nil {
			return freed, err
		}
	}
	a, errA := inside(from)
	b, errB := inside(to)
	if err := errors.Join(errA, errB); err != nil {
		return freed, err
	}
	there, err := target.dir.Lstat(target.name)
	if err == nil && !os.SameFile(there, info) { // otherwise nothing happens
		freed = taken(there)
	}
	if err := f.root.Rename(a, b); err != nil {
		return vfs.Usage{}, nameKind(err)
	}
	return freed, nil
}

// SetMode sets the permission bits of what p leads to.
func (f *Folder) SetMode(_ context.Context, p mirror.Path, mode fs.FileMode) error {
	name, err := inside(p)
	if err != nil {
		return err
	}
	if err := f.root.Chmod(name, mode.Perm()); err != nil {
		return kind(err)
	}
	return nil
}

// SetTime sets the modification time of what p leads to.
func (f *Folder) SetTime(_ context.Context, p mirror.Path, modified time.Time) error {
	name, err := inside(p)
	if err != nil {
		return err
	}
	if err := f.root.Chtimes(name, time.Time{}, modified); err != nil {
		return kind(err)
	}
	return nil
}

// Symlink makes a link at p. The target is a path from p's directory; one that leads
// out of the folder, or is absolute, is refused with [fs.ErrPermission]. It need not
// exist.
func (f *Folder) Symlink(_ context.Context, target string, p mirror.Path) error {
	at, err := f.place(p)
	if err != nil {
		return err
	}
	defer at.close()
	if err := f.staysInside(p, target); err != nil {
		return err
	}
	if err := at.dir.Symlink(target, at.name); err != nil {
		return nameKind(err)
	}
	return at.sync()
}

// staysInside looks where a link with this target would lead from p, through all the
// links on the way as they are now. ".." may stand at the beginning only: behind the
// name of a link that is not there yet it could later mean anything.
func (f *Folder) staysInside(p mirror.Path, target string) error {
	leadsOut := fmt.Errorf("link %s to %q: leads out of the folder: %w", p, target, fs.ErrPermission)
	if target == "" || strings.HasPrefix(target, "/") {
		return leadsOut
	}
	named := false
	for name := range strings.SplitSeq(target, "/") {
		if name == ".." && named || strings.HasPrefix(name, temporary) {
			return leadsOut
		}
		named = named || name != ".." && name != "." && name != ""
	}
	above, err := inside(p.Parent())
	if err != nil {
		return err
	}
	_, err = f.root.Stat(above + "/" + target)
	if err = kind(err); errors.Is(err, fs.ErrNotExist) || errors.Is(err, vfs.ErrNotDir) {
		return nil
	}
	return err
}

// copyStep is how much is copied between two looks at the context.
const copyStep = 64 << 20

// Copy makes a copy of the plain file that from leads to, in place of what is at to,
// with the content whole or not at all, and charges for it. The flow counts.
func (f *Folder) Copy(ctx context.Context, from, to mirror.Path, flow *data.Flow, charge data.Charge) error {
	file, err := f.openFile(from)
	if err != nil {
		return err
	}
	defer file.Close()
	up, err := f.CreateFile(ctx, to, 0)
	if err != nil {
		return err
	}
	defer up.Close()
	if err := copyAll(ctx, up, file, math.MaxInt64, flow.Count); err != nil {
		return err
	}
	return up.Commit(ctx, charge)
}

// copyAll copies up to limit bytes of a file, and tells after each step how many. The
// kernel does it, without moving bytes where the disk can share them (copy_file_range).
func copyAll(ctx context.Context, w io.Writer, file *os.File, limit int64, tell func(int64)) error {
	for limit > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		want := min(limit, copyStep)
		n, err := io.Copy(w, &io.LimitedReader{R: file, N: want})
		tell(n)
		if err != nil {
			return err
		}
		if n < want {
			return nil
		}
		limit -= n
	}
	return nil
}

// Free returns how many bytes can still be written where p is.
func (f *Folder) Free(_ context.Context, p mirror.Path) (int64, error) {
	name, err := inside(p)
	if err != nil {
		return 0, err
	}
	dir, err := f.root.OpenFile(name, os.O_RDONLY|syscall.O_DIRECTORY, 0)
	if err != nil {
		return 0, kind(err)
	}
	defer dir.Close()
	var disk syscall.Statfs_t
	if err := syscall.Fstatfs(int(dir.Fd()), &disk); err != nil {
		return 0, kind(fmt.Errorf("free space at %s: %w", p, err))
	}
	return int64(disk.Bavail) * disk.Bsize, nil
}

// nameKind is kind for errors of making a name, which can be too long for it.
func nameKind(err error) error {
	if errors.Is(err, syscall.ENAMETOOLONG) {
		return fmt.Errorf("%w: %w", vfs.ErrName, err)
	}
	return kind(err)
}
