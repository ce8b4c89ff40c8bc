package localfs

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// Sweep removes what killed uploads left anywhere in the folder, and returns how many
// files that were. Uploads under way, of this or another process, are not touched. It
// reads every directory once; those that cannot be read are passed over and show in
// the error.
func (f *Folder) Sweep(ctx context.Context) (int, error) {
	return sweepBelow(ctx, f.root, ".", true)
}

// sweepBelow sweeps the directory of that name, and those below it if deep is set.
func sweepBelow(ctx context.Context, above *os.Root, name string, deep bool) (int, error) {
	root, err := above.OpenRoot(name)
	if err != nil {
		return 0, unlessGone(err)
	}
	defer root.Close()
	dir, err := root.Open(".")
	if err != nil {
		return 0, unlessGone(err)
	}
	defer dir.Close()
	removed := 0
	var errs []error
	for {
		if err := ctx.Err(); err != nil {
			return removed, err
		}
		entries, err := dir.ReadDir(batch)
		for _, e := range entries {
			switch {
			case e.Type().IsRegular() && isTemporary(e.Name()):
				gone, err := removeDead(root, e.Name())
				if gone {
					removed++
				}
				errs = append(errs, err)
			case e.IsDir() && deep:
				n, err := sweepBelow(ctx, root, e.Name(), deep)
				removed += n
				errs = append(errs, err)
			}
		}
		if err == io.EOF {
			return removed, errors.Join(errs...)
		}
		if err != nil {
			return removed, errors.Join(append(errs, err)...)
		}
	}
}

// removeDead removes a temporary file unless its upload is under way.
func removeDead(root *os.Root, name string) (bool, error) {
	file, err := root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return false, unlessGone(err)
	}
	defer file.Close()
	if mine, err := lock(file); !mine || err != nil {
		return false, err
	}
	if err := root.Remove(name); err != nil {
		return false, unlessGone(err)
	}
	return true, nil
}

// unlessGone passes over what ended or went away while it was looked at.
func unlessGone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
