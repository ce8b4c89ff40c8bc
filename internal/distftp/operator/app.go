// Package operator is the command line for a distributed FTP server: how it is, its
// slaves, the rules by which files are kept, and whether all is as it should be. The
// commands work on the database alone, so that they do not depend on which master runs
// where; what only a master can do, they ask one to do by a job.
package operator

import (
	"context"
	"errors"
	"fmt"

	"mirrortracker/internal/distftp/admin"
	"mirrortracker/internal/distftp/catalogue"
	"mirrortracker/internal/program"
	"mirrortracker/internal/ui"
)

var examples = program.Examples

// An App is what a command runs in. The commands have methods Run that take one.
type App struct {
	context.Context
	*ui.Env
	Flags *admin.Flags // those of the command line

	// Open opens the database, which the caller closes.
	Open func() (*Database, error)
}

// done writes what a command did, or in JSON what has become of it.
func (a *App) done(text string, v any) error {
	if a.Flags.JSON {
		return a.JSON(v)
	}
	_, err := fmt.Fprintln(a.Stdout, text)
	return err
}

// slave returns a slave by its name.
func (a *App) slave(c *Database, name string) (catalogue.Slave, error) {
	s, err := c.Slave(a, name)
	if errors.Is(err, catalogue.ErrNoSlave) {
		err = ui.Hint(fmt.Errorf("no slave is called %q", name), "ftpd slave list shows those that there are")
	}
	return s, err
}
