package main

import (
	"errors"
	"fmt"
	"time"

	"mirrortracker/internal/database"
	"mirrortracker/internal/distftp/authority"
	"mirrortracker/internal/distftp/identity"
	"mirrortracker/internal/ui"
)

type enrollCommand struct {
	Name    string        `arg:"" help:"Name of the slave: letters, digits and dashes, as in the name of a host."`
	Master  []string      `help:"Where the slave reaches a master; may be repeated. Default: where masters have listened in the last thirty days." placeholder:"HOST:PORT"`
	Valid   time.Duration `default:"24h" help:"How long the token is good. Default: 24h." placeholder:"TIME"`
	Replace bool          `help:"The slave is enrolled already: once this token is used, shut out whoever has its present identity."`
}

func (enrollCommand) Help() string {
	return `Makes a token with which a machine becomes a slave, by "ftpd slave enroll TOKEN" on that machine. It is good once. Whoever has it can become the slave, so carry it as you would a password. It says where the masters are and which certificates to believe; the slave learns of masters that come later by itself.

` + examples("ftpd enroll atlas", "ftpd enroll atlas --master ftp1.example.org:2122", "ftpd enroll atlas --replace")
}

// Run prints a token.
func (c *enrollCommand) Run(a *app) error {
	if err := identity.ValidName(c.Name); err != nil {
		return ui.Misuse("%w", err)
	}
	for _, m := range c.Master {
		if err := identity.ValidDoor(m); err != nil {
			return ui.Misuse("--master: %w", err)
		}
	}
	if c.Valid < time.Second || c.Valid > 30*24*time.Hour {
		return ui.Misuse("--valid: want between 1s and 720h")
	}
	conf, err := a.load(nil)
	if err != nil {
		return err
	}
	db, err := a.openDatabase(&conf)
	if err != nil {
		return err
	}
	defer db.Close()
	t, err := c.token(a, db)
	if err != nil {
		return err
	}
	expires := time.Now().Add(c.Valid).UTC().Truncate(time.Second)
	if a.flags.Admin.JSON {
		return a.JSON(map[string]any{"slave": t.Slave, "token": t.String(), "masters": t.Masters, "expires": expires})
	}
	fmt.Fprintf(a.Stderr, "On %s, once, until %s: ftpd slave enroll with this token.\n", t.Slave, expires.Format("2006-01-02 15:04 MST"))
	_, err = fmt.Fprintln(a.Stdout, t)
	return err
}

func (c *enrollCommand) token(a *app, db *database.DB) (t identity.Token, err error) {
	auth, err := authority.Open(a, db)
	if err != nil {
		return t, err
	}
	masters := c.Master
	if len(masters) == 0 {
		if masters, err = auth.Doors(a, nil); err != nil {
			return t, err
		}
	}
	if len(masters) == 0 {
		return t, ui.Hint(errors.New("no master has run on this database yet"), "start one: ftpd master", "or name one: --master HOST:PORT")
	}
	t, err = auth.Token(a, c.Name, masters, c.Valid, c.Replace)
	if _, is := errors.AsType[*authority.EnrolledError](err); is {
		err = ui.Hint(err, "--replace gives it a new identity, and shuts the present one out")
	}
	return t, err
}
