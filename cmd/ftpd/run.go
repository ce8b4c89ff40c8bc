package main

import (
	"cmp"
	"context"

	"github.com/alecthomas/kong"

	"mirrortracker/internal/distftp/account"
	"mirrortracker/internal/distftp/admin"
	"mirrortracker/internal/program"
	"mirrortracker/internal/store"
	"mirrortracker/internal/ui"
)

const description = `The FTP server.

First steps:

  ftpd serve /srv/pub
  ftpd group add staff --rule 'allow all ~/**'
  ftpd user add ann --home /home/ann --group staff
  ftpd user show ann /home/ann/file

Exit codes: 0 done, 1 failed, 2 wrong usage.`

// A grammar is the command line.
type grammar struct {
	flags

	Serve   serveCommand       `cmd:"" help:"Serve a folder."`
	User    admin.UserCommand  `cmd:"" help:"Add, change, remove and show users."`
	Group   admin.GroupCommand `cmd:"" help:"Add, change, remove and show groups."`
	Version versionCommand     `cmd:"" help:"Print the version."`
}

// Flags are the flags that every command takes.
type flags struct {
	Database string `help:"Database: sqlite:PATH or mysql://user:password@host:3306/name. Default: sqlite:var/ftpd.db. Environment: FTPD_DATABASE." placeholder:"URL"`
	admin.Flags
	ShowVersion versionFlag `name:"version" help:"Print the version."`
}

// Main runs the program.
func Main(ctx context.Context, env *ui.Env, args []string) ui.Exit {
	var g grammar
	a := &app{Context: ctx, Env: env, flags: &g.flags}
	return env.Run("ftpd", description, &g, args, a, a.admin())
}

// An app is what a command runs in.
type app struct {
	context.Context
	*ui.Env
	flags *flags
}

// open opens the database. The caller closes it.
func (a *app) open() (*account.Store, error) {
	url := cmp.Or(a.flags.Database, a.Getenv("FTPD_DATABASE"), "sqlite:var/ftpd.db")
	if err := store.CheckURL(url); err != nil {
		if a.flags.Database != "" {
			return nil, ui.Misuse("--database: %w", err)
		}
		return nil, err
	}
	s, err := account.Open(a, url)
	if err != nil {
		return nil, ui.Hint(err, "the database is named by --database or FTPD_DATABASE")
	}
	return s, nil
}

// admin is what the commands about users and groups run in.
func (a *app) admin() *admin.App {
	return &admin.App{
		Context: a.Context,
		Env:     a.Env,
		Flags:   &a.flags.Flags,
		Open: func() (*account.Store, func() error, error) {
			s, err := a.open()
			if err != nil {
				return nil, nil, err
			}
			return s, s.Close, nil
		},
		Hasher: func() *account.Hasher { return account.NewHasher(account.DefaultCost, 1) },
	}
}

// A versionFlag prints the version in place of running a command.
type versionFlag bool

// BeforeReset is called by kong where the flag is met.
func (versionFlag) BeforeReset(k *kong.Kong, a *app) error {
	err := a.Version("ftpd", a.flags.JSON)
	if err == nil {
		k.Exit(0)
	}
	return err
}

var examples = program.Examples

type versionCommand struct{}

func (versionCommand) Help() string { return examples("ftpd version") }

// Run prints the version.
func (versionCommand) Run(a *app) error { return a.Version("ftpd", a.flags.JSON) }
