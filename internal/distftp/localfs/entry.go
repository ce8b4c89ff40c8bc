package localfs

import (
	"errors"
	"io/fs"
	"os"
	"strconv"
	"syscall"

	"mirrortracker/internal/distftp/vfs"
)

// owner is shown as owner and group of everything.
const owner = "ftp"

// describe makes the entry that info, got under that name in root, describes.
func describe(root *os.Root, name string, info fs.FileInfo) (vfs.Entry, error) {
	e := vfs.Entry{
		Name:    info.Name(),
		Kind:    kindOf(info.Mode()),
		Size:    info.Size(),
		ModTime: info.ModTime(),
		Mode:    info.Mode(),
		Owner:   owner,
		Group:   owner,
	}
	if sys, ok := info.Sys().(*syscall.Stat_t); ok {
		e.Links = uint64(sys.Nlink)
		// RFC 3659, 7.5.2: equal for the same underlying object, different otherwise.
		var unique [2*16 + 1]byte
		b := append(strconv.AppendUint(unique[:0], uint64(sys.Dev), 16), 'U')
		e.Unique = string(strconv.AppendUint(b, sys.Ino, 16))
		e.Bars = us.bars(sys)
	}
	if e.Kind == vfs.Link {
		target, err := root.Readlink(name)
		// A link that was removed or replaced a moment ago has no target any more.
		if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.EINVAL) {
			return vfs.Entry{}, kind(err)
		}
		e.Target = target
	}
	return e, nil
}

func kindOf(mode fs.FileMode) vfs.Kind {
	switch {
	case mode.IsRegular():
		return vfs.File
	case mode.IsDir():
		return vfs.Directory
	case mode&fs.ModeSymlink != 0:
		return vfs.Link
	}
	return vfs.Other
}
