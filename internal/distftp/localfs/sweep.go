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
// the error. However deep the folder is, it holds one directory open at a time.
func (f *Folder) Sweep(ctx context.Context) (int, error) {
	removed := 0
	var errs []error
	for ahead := []string{"."}; len(ahead) > 0; {
		dir := ahead[len(ahead)-1]
		ahead = ahead[:len(ahead)-1]
		n, below, err := sweepOne(ctx, f.root, dir)
		if ctx.Err() != nil {
			return removed, ctx.Err()
		}
		for _, name := range below {
			ahead = append(ahead, dir+"/"+name)
		}
		removed += n
		errs = append(errs, err)
	}
	return removed, errors.Join(errs...)
}

// sweepOne sweeps the directory of that name, and returns the names of those below it.
func sweepOne(ctx context.Context, above *os.Root, name string) (removed int, below []string, err error) {
	root, err := above.OpenRoot(name)
	if err != nil {
		return 0, nil, unlessGone(err)
	}
	defer root.Close()
	dir, err := root.Open(".")
	if err != nil {
		return 0, nil, unlessGone(err)
	}
	defer dir.Close()
	var errs []error
	for ctx.Err() == nil {
		entries, err := dir.ReadDir(batch)
		for _, e := range entries {
			switch {
			case e.Type().IsRegular() && isTemporary(e.Name()):
				gone, err := removeDead(root, e.Name())
				if gone {
					removed++
				}
				errs = append(errs, err)
			case e.IsDir():
				below = append(below, e.Name())
			}
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			errs = append(errs, err)
			break
		}
	}
	return removed, below, errors.Join(append(errs, ctx.Err())...)
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
