package main

import (
	"fmt"
	"io"
	"io/fs"
	"os"

	"mirrortracker/internal/database"
	"mirrortracker/internal/distftp"
	"mirrortracker/internal/distftp/config"
	"mirrortracker/internal/distftp/localfs"
	"mirrortracker/internal/distftp/metrics"
	"mirrortracker/internal/distftp/vfs"
	"mirrortracker/internal/ui"
)

// A folder is a [site]: one of this machine's disk, and the users of a database that is
// opened for them alone.
type folder struct{ *app }

// content implements [site].
func (folder) content(c *config.Config, former *force) (*content, error) {
	if c.Directory == "" {
		return nil, errNowhere
	}
	is, err := os.Stat(c.Directory)
	if err == nil && !is.IsDir() {
		err = vfs.ErrNotDir
	}
	if err != nil {
		return nil, unreadable(c.Directory, err)
	}
	if former != nil && os.SameFile(is, former.content.Closer.(openFolder).is) && c.Umask == former.config.Umask {
		former.content.again()
		return former.content, nil
	}
	files, err := localfs.Open(c.Directory)
	if err != nil {
		return nil, unreadable(c.Directory, err)
	}
	files.Umask = c.Umask.Mask
	return &content{FS: files, holding: hold(openFolder{files, is}), name: c.Directory}, nil
}

// An openFolder knows which one it is, whatever became of its path.
type openFolder struct {
	*localfs.Folder
	is fs.FileInfo
}

// database implements [site].
func (f folder) database(c *config.Config) (*database.DB, io.Closer, error) {
	db, err := f.openDatabase(c)
	return db, db, err
}

// mirrored implements [site]. What the configuration says of that is enough; users need a
// database in any case.
func (folder) mirrored(c *config.Config) bool {
	return c.Users || c.Mirrors || len(c.AutoMirror) > 0
}

// configure implements [site].
func (folder) configure(*distftp.Config) {}

// slaves implements [site].
func (folder) slaves() string { return "" }

// watch implements [site].
func (folder) watch(*metrics.Metrics) {}

func unreadable(dir string, err error) error {
	return ui.Hint(fmt.Errorf("serve %s: %w", dir, err), "name a folder that this user may read")
}
