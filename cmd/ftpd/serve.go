package main

import (
	"errors"
	"fmt"
	"net"
	"time"

	"mirrortracker/internal/distftp"
	"mirrortracker/internal/distftp/account"
	"mirrortracker/internal/distftp/admin"
	"mirrortracker/internal/distftp/localfs"
	"mirrortracker/internal/ui"
)

type serveCommand struct {
	Dir    string `arg:"" help:"Folder to serve."`
	Listen string `help:"Address and port; port 0 is any free one." default:":2121" placeholder:"HOST:PORT"`
	Users  bool   `help:"Let in the users of the database, too."`
}

func (serveCommand) Help() string {
	return `Anonymous clients may read the folder, and nothing that links lead to outside of it. With --users the users of the database may log in besides, and do what their rules permit. The first line on standard output says where it listens. SIGTERM ends it.

` + examples("ftpd serve /srv/pub", "ftpd serve /srv/pub --users --listen 192.0.2.1:2121")
}

// passwords is how many are looked at at a time: what they take of memory is bounded.
const passwords = 4

// Run serves until the program is told to stop.
func (c *serveCommand) Run(a *app) (err error) {
	log, err := a.Logger("info", "auto")
	if err != nil {
		return err
	}
	folder, err := localfs.Open(c.Dir)
	if err != nil {
		return ui.Hint(fmt.Errorf("serve %s: %w", c.Dir, err), "name a folder that this user may read")
	}
	defer func() { err = errors.Join(err, folder.Close()) }()
	config := distftp.Config{FS: folder, Logger: log}
	if c.Users {
		users, err := a.open()
		if err != nil {
			return err
		}
		defer users.Close()
		hasher := account.NewHasher(account.DefaultCost, passwords)
		config.Authenticator = distftp.Users{Desk: account.NewDesk(users, hasher, time.Now)}
		config.Manager = admin.Site{Users: users, Hasher: hasher}
	}
	ln, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return ui.Hint(err, "another address and port can be given with --listen")
	}
	fmt.Fprintf(a.Stdout, "serving %s at ftp://%s/\n", c.Dir, ln.Addr())
	if err := a.Flush(); err != nil {
		return errors.Join(err, ln.Close())
	}
	return distftp.New(config).Serve(a, ln)
}
