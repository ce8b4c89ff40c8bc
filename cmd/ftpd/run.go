package main

import (
	"context"
	"errors"

	"mirrortracker/internal/ui"
)

// errUnavailable is what the program says instead of serving.
var errUnavailable = errors.New("not available yet: the distributed FTP server comes with a later release; " +
	`"make demo" shows the read-only server that it grows from`)

// A grammar is the command line. It has no commands.
type grammar struct {
	Version bool `help:"Print the version and exit."`
}

// Main runs the program.
func Main(_ context.Context, env *ui.Env, args []string) ui.Exit {
	return env.Run("ftpd", "The distributed FTP server; not available yet.", &grammar{}, args, env)
}

// Run prints the version, or says that there is nothing else yet.
func (g *grammar) Run(env *ui.Env) error {
	if g.Version {
		return env.Version("ftpd", false)
	}
	return errUnavailable
}
