package storage

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"mirrortracker/internal/distftp/wire"
	"mirrortracker/internal/mirror"
)

// What stands in a folder besides files.
const (
	ownDir      = ".ftpd-slave"
	markerName  = ownDir + "/identity"
	preparedDir = ownDir + "/prepared"
	damagedDir  = ownDir + "/damaged"
	indexName   = ownDir + "/index.db"
)

// A marker says whose a folder is, so that a disk that is not mounted is noticed, and
// one of another slave.
type marker struct {
	Storage string `json:"storage"`
	Folder  int    `json:"folder"` // its number in the index
}

// A folder is one of those that hold the files.
type folder struct {
	marker
	path   string // as configured
	root   *os.Root
	lock   *os.File // the marker, locked
	device uint64   // of its file system
}

// openFolder opens a folder that has a marker, and locks it. Without a marker the error is
// [fs.ErrNotExist].
func openFolder(path string) (*folder, error) {
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, err
	}
	f := &folder{path: path, root: root}
	if err := f.open(); err != nil {
		f.close()
		return nil, err
	}
	return f, nil
}

func (f *folder) open() error {
	text, err := f.root.ReadFile(markerName)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, &f.marker); err != nil || f.Storage == "" {
		return fmt.Errorf("%s/%s is damaged; write again what `cat` shows in the other folders, with this one's number: %w", f.path, markerName, err)
	}
	if f.lock, err = f.root.Open(markerName); err != nil {
		return err
	}
	info, err := f.lock.Stat()
	if err != nil {
		return err
	}
	f.device = device(info)
	err = syscall.Flock(int(f.lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return fmt.Errorf("%s: %w", f.path, ErrLocked)
	}
	return err
}

func (f *folder) close() error {
	var errs []error
	if f.lock != nil {
		errs = append(errs, f.lock.Close())
	}
	return errors.Join(append(errs, f.root.Close())...)
}

// mark makes a folder one of a storage.
func mark(path string, m marker) error {
	root, err := os.OpenRoot(path)
	if err != nil {
		return err
	}
	defer root.Close()
	if err := makeOwnDirs(root); err != nil {
		return err
	}
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	const fresh = markerName + ".new"
	if err := root.WriteFile(fresh, append(text, '\n'), 0o600); err != nil {
		return err
	}
	for _, name := range []string{fresh, ownDir, "."} {
		if name == ownDir {
			if err := root.Rename(fresh, markerName); err != nil {
				return err
			}
		}
		if err := syncName(root, name); err != nil {
			return err
		}
	}
	return nil
}

func makeOwnDirs(root *os.Root) error {
	for _, dir := range []string{ownDir, preparedDir, damagedDir} {
		if err := root.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	return nil
}

// syncName puts a file, or the names in a directory, on the disk.
func syncName(root *os.Root, name string) error {
	file, err := root.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}

// inside turns a path into the form that [os.Root] wants.
func inside(p wire.Path) string {
	if p == "/" {
		return "."
	}
	return string(p[1:])
}

// reserved reports whether a path belongs to the storage itself, or is none.
func reserved(p wire.Path) bool {
	return p.Check() != nil || p == "/"+ownDir || strings.HasPrefix(string(p), "/"+ownDir+"/")
}

func parent(p wire.Path) wire.Path { return wire.Path(path.Dir(string(p))) }

func join(dir wire.Path, name string) wire.Path { return wire.Path(mirror.Path(dir).Join(name)) }

// facts are by what a file on the disk is recognised.
type facts struct {
	inode uint64
	size  int64
	mtime int64 // Unix nanoseconds
}

// inodes are looked at, but in tests that make what was on a disk anew.
var inodes = true

func factsOf(info fs.FileInfo) facts {
	is := facts{size: info.Size(), mtime: info.ModTime().UnixNano()}
	if sys, ok := info.Sys().(*syscall.Stat_t); ok && inodes {
		is.inode = sys.Ino
	}
	return is
}

// device is on which file system a file is.
func device(info fs.FileInfo) uint64 {
	if sys, ok := info.Sys().(*syscall.Stat_t); ok {
		return sys.Dev
	}
	return 0
}

// look describes what stands at a path, nil if nothing does, be it because a file stands
// where a directory should.
func (f *folder) look(p wire.Path) (fs.FileInfo, error) {
	info, err := f.root.Lstat(inside(p))
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return nil, nil
	}
	return info, err
}

// space is how much room a folder's file system has.
type space struct {
	id          unix.Fsid
	free, total int64
	readOnly    bool
}

func (f *folder) space() (space, error) {
	var disk unix.Statfs_t
	if err := unix.Fstatfs(int(f.lock.Fd()), &disk); err != nil {
		return space{}, fmt.Errorf("free space of %s: %w", f.path, err)
	}
	return space{
		id:       disk.Fsid,
		free:     int64(disk.Bavail) * disk.Bsize,
		total:    int64(disk.Blocks) * disk.Bsize,
		readOnly: disk.Flags&unix.ST_RDONLY != 0,
	}, nil
}
