// Package admin is the management of users and groups, as a command line: that of
// "ftpd user" and "ftpd group" at a shell, and that of SITE USER and SITE GROUP on a
// control connection. Both are the same commands with the same words; only where a
// password comes from differs (see [Site]).
package admin

import (
	"context"
	"fmt"

	"mirrortracker/internal/distftp/account"
	"mirrortracker/internal/ui"
)

// Flags are the flags that every command takes.
type Flags struct {
	JSON bool `help:"Write results as JSON."`
}

// An App is what a command runs in. The commands have methods Run that take one.
type App struct {
	context.Context
	*ui.Env
	Flags *Flags // those of the command line

	// Open returns the database, and what is to be called when it is no longer needed.
	Open func() (*account.Store, func() error, error)
	// Hasher makes the hashes of new passwords.
	Hasher func() *account.Hasher
}

// done writes what a command did, or in JSON what has become of it.
func (a *App) done(text string, v any) error {
	if a.Flags.JSON {
		return a.JSON(v)
	}
	_, err := fmt.Fprintln(a.Stdout, text)
	return err
}
