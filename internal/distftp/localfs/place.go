package localfs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"mirrortracker/internal/mirror"
)

// A place is a name in a directory that is held open: it stays the same place when
// directories above it are renamed.
type place struct {
	dir  *os.Root
	name string
}

// place finds where p is or would be. The served folder itself has no place that
// anything could be done to.
func (f *Folder) place(p mirror.Path) (place, error) {
	if p == mirror.Root {
		return place{}, fmt.Errorf("change %s: %w", p, fs.ErrPermission)
	}
	if _, err := inside(p); err != nil {
		return place{}, err
	}
	above, err := inside(p.Parent())
	if err != nil {
		return place{}, err
	}
	dir, err := f.root.OpenRoot(above + "/.")
	if err != nil {
		return place{}, kind(err)
	}
	names := p.Names()
	return place{dir: dir, name: names[len(names)-1]}, nil
}

// sync puts what was done to names in the directory on the disk.
func (at place) sync() error {
	dir, err := at.dir.Open(".")
	if err != nil {
		return kind(err)
	}
	err = errors.Join(dir.Sync(), dir.Close())
	if err != nil {
		return kind(err)
	}
	return nil
}

func (at place) close() error { return at.dir.Close() }
