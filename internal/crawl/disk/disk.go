// Package disk lists a folder of this machine for a walk, so that its digests
// can be compared with those of sites.
package disk

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"mirrortracker/internal/crawl"
	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
)

// A Folder lists one folder and what is below it, never following a link.
type Folder struct{ root *os.Root }

var _ crawl.Single = (*Folder)(nil)

// Open opens a folder. The caller closes the Folder.
func Open(dir string) (*Folder, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	return &Folder{root: root}, nil
}

// Close closes the folder.
func (f *Folder) Close() error { return f.root.Close() }

// List lists one directory. One that may not be read is refused, like on a server.
func (f *Folder) List(ctx context.Context, dir mirror.Path) (crawl.Listing, error) {
	if err := ctx.Err(); err != nil {
		return crawl.Listing{}, err
	}
	d, err := f.root.Open("." + string(dir))
	if err != nil {
		return refused(dir, err)
	}
	defer d.Close()
	names, err := d.ReadDir(-1)
	if err != nil {
		return refused(dir, err)
	}
	entries := make([]digest.Entry, 0, len(names))
	for _, name := range names {
		info, err := name.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue // removed since it was read
		}
		if err != nil {
			return refused(dir, err)
		}
		e := digest.Entry{Name: name.Name(), Kind: kind(info.Mode()), Size: info.Size(), Date: digest.DateOf(info.ModTime())}
		if e.Kind == digest.Link {
			e.Target, _ = f.root.Readlink(strings.TrimPrefix(string(dir.Join(e.Name)), "/"))
		}
		entries = append(entries, e)
	}
	return crawl.Listing{Entries: entries}, nil
}

func refused(dir mirror.Path, err error) (crawl.Listing, error) {
	if errors.Is(err, fs.ErrPermission) {
		return crawl.Incomplete(digest.Refused, nil, "%v", err), nil
	}
	return crawl.Listing{}, fmt.Errorf("read %s: %w", dir.Dir(), err)
}

func kind(mode fs.FileMode) digest.Kind {
	switch {
	case mode.IsRegular():
		return digest.File
	case mode.IsDir():
		return digest.Dir
	case mode&fs.ModeSymlink != 0:
		return digest.Link
	}
	return digest.Other
}
