package localfs

import (
	"errors"
	"io"
	"io/fs"
	"os"

	"mirrortracker/internal/distftp/vfs"
)

// batch is how many names are read from the disk at once: enough to make the
// system calls for reading names vanish beside the one per entry, few enough that
// memory does not follow the size of the directory.
const batch = 512

// A dir reads names in batches and describes each when it is asked for.
type dir struct {
	root  *os.Root // of the directory itself, so that a look-up is one step
	file  *os.File // the same, as a stream of names
	names []string // read and not yet returned
}

func openDir(root *os.Root, name string) (*dir, error) {
	// With the trailing "/." the system refuses what is not a directory before
	// opening it; opening a pipe would block.
	sub, err := root.OpenRoot(name + "/.")
	if err != nil {
		return nil, kind(err)
	}
	file, err := sub.Open(".")
	if err != nil {
		sub.Close()
		return nil, kind(err)
	}
	return &dir{root: sub, file: file}, nil
}

func (d *dir) Next() (vfs.Entry, error) {
	for {
		if len(d.names) == 0 {
			names, err := d.file.Readdirnames(batch)
			if len(names) == 0 {
				return vfs.Entry{}, endOr(err)
			}
			d.names = names
		}
		name := d.names[0]
		d.names = d.names[1:]
		if isTemporary(name) {
			continue
		}
		info, err := d.root.Lstat(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue // deleted since its name was read
		}
		if err != nil {
			return vfs.Entry{}, kind(err)
		}
		return describe(d.root, name, info)
	}
}

// endOr keeps io.EOF, which callers compare, and gives other errors their kind.
func endOr(err error) error {
	if err == nil || err == io.EOF {
		return io.EOF
	}
	return kind(err)
}

func (d *dir) Close() error {
	return errors.Join(d.file.Close(), d.root.Close())
}
