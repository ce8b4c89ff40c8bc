package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"mirrortracker/internal/distftp/storage"
	"mirrortracker/internal/distftp/wire"
	"mirrortracker/internal/human"
	"mirrortracker/internal/ui"
)

type importCommand struct {
	Dir string `arg:"" optional:"" help:"Folder with files that were put there by other means: one of the slave's folders, or below one. Default: all of them."`
}

func (importCommand) Help() string {
	return `Files that were copied, moved or unpacked into a slave's folder are taken up where they are, under the path that they have there; nothing is moved. This is a command for the slave's machine. The slave must not run meanwhile; when it is started again, the master gives the files their names in the tree that is served. If another file has the name already, the new one is called NAME.collision.SLAVE.

A folder that is new is added to "folders" of the slave's configuration and taken up by "ftpd slave init". What is found without this command, a little at a time, is found when the slave verifies its disks.

` + examples("ftpd import /srv/disk1/pub/new", "ftpd import --config /etc/ftpd/slave.toml")
}

// Run takes up what is there.
func (c *importCommand) Run(a *app) error {
	cfg, err := a.loadSlave(a.slaveFile())
	if err != nil {
		return err
	}
	if err := needFolders(&cfg); err != nil {
		return err
	}
	top := wire.Path("/")
	if c.Dir != "" {
		if top, err = placeIn(cfg.Folders, c.Dir); err != nil {
			return err
		}
	}
	log, err := a.Logger(cfg.Log.Level, cfg.Log.Format)
	if err != nil {
		return err
	}
	disks, err := storage.Open(a, storageConfig(&cfg, log))
	if errors.Is(err, storage.ErrLocked) {
		return ui.Hint(err, "stop the slave, import, and start it again; or wait until it finds the files when it verifies its disks")
	}
	if err != nil {
		return unusable(err)
	}
	found, err := disks.Scan(a, top)
	if errors.Is(err, storage.ErrUnsettled) {
		err = ui.Hint(err, "start it, so that it joins a master and does it again; then stop it, and import")
	}
	if err := errors.Join(err, disks.Close()); err != nil {
		return err
	}
	if a.flags.Admin.JSON {
		return a.JSON(map[string]any{"path": top, "files": found.Files, "new": found.New, "missing": found.Missing, "changed": found.Changed})
	}
	_, err = fmt.Fprintf(a.Stdout, "%s below %s, %s new, %s missing, %s changed; the master learns of them when the slave starts\n",
		human.Plural(int64(found.Files), "file", "files"), top, human.Count(int64(found.New)), human.Count(int64(found.Missing)), human.Count(int64(found.Changed)))
	return err
}

// placeIn returns which path of the slave's a folder of the disk is.
func placeIn(folders []string, dir string) (wire.Path, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if info, err := os.Stat(dir); err != nil {
		return "", ui.Hint(err, `it is named as on this machine, not as clients see it: a folder in one of the slave's "folders"`)
	} else if !info.IsDir() {
		return "", fmt.Errorf("%s is no folder", dir)
	}
	for _, f := range folders {
		f, err := filepath.Abs(f)
		if err != nil {
			return "", err
		}
		if below, err := filepath.Rel(f, dir); err == nil && filepath.IsLocal(below) {
			if below == "." {
				return "/", nil
			}
			return wire.Path("/" + filepath.ToSlash(below)), nil
		}
	}
	return "", ui.Hint(fmt.Errorf("%s is in none of the slave's folders (%s)", dir, strings.Join(folders, ", ")),
		`"folders" in the slave's configuration names them; a new one is taken up by "ftpd slave init"`)
}
