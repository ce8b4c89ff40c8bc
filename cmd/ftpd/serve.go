package main

import (
	"errors"

	"mirrortracker/internal/ui"
)

type serveCommand struct {
	Dir string `arg:"" optional:"" help:"Folder to serve. Default: that of the configuration."`
	serviceFlags
}

func (serveCommand) Help() string {
	return `Anonymous clients may read the folder, and nothing that links lead to outside of it. With --users the users of the database may log in besides, and do what their rules permit. Everything else is said by the configuration ("ftpd config init" writes one that explains it); flags go before it. The first lines on standard output say where it listens.

SIGHUP makes it read its configuration again, without an end to any session; if there is a mistake in it, what was in force stays. SIGTERM makes it end, when the transfers under way have ended; a second one ends it at once. systemd is told when it is ready, and can pass it sockets of the names ftp, ftps and metrics.

` + examples("ftpd serve /srv/pub", "ftpd serve /srv/pub --users --listen 192.0.2.1:2121", "ftpd serve --config /etc/ftpd/ftpd.toml")
}

// keys are the flags by the keys that they go before.
func (c *serveCommand) keys() map[string]string {
	keys := c.serviceFlags.keys()
	keys["directory"] = c.Dir
	return keys
}

// Run serves until the program is told to stop.
func (c *serveCommand) Run(a *app) error {
	hangups := a.Hangups()
	v, err := newFolderService(a, c.keys())
	if err != nil {
		return err
	}
	return v.run(hangups)
}

// newFolderService makes a service of a folder.
func newFolderService(a *app, keys map[string]string) (*service, error) {
	c, err := a.load(keys)
	if err != nil {
		return nil, err
	}
	return newService(a, folder{a}, c, keys)
}

// errNowhere says that there is nothing to serve.
var errNowhere = ui.Hint(errors.New("no folder is named"), `name one: "ftpd serve DIR", or "directory" in the configuration`)
