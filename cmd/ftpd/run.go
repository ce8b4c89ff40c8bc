package main

import (
	"context"

	"github.com/alecthomas/kong"

	"mirrortracker/internal/database"
	"mirrortracker/internal/distftp/account"
	"mirrortracker/internal/distftp/admin"
	"mirrortracker/internal/distftp/config"
	"mirrortracker/internal/distftp/mirroradmin"
	"mirrortracker/internal/distftp/operator"
	"mirrortracker/internal/program"
	"mirrortracker/internal/ui"
)

const description = `The FTP server.

First steps:

  ftpd serve /srv/pub
  ftpd config init
  ftpd group add staff --rule 'allow all ~/**'
  ftpd user add ann --home /home/ann --group staff
  ftpd user show ann /home/ann/file

Exit codes: 0 done, 1 failed, 2 wrong usage.`

// A grammar is the command line.
type grammar struct {
	flags

	Serve   serveCommand           `cmd:"" help:"Serve a folder."`
	Master  masterCommand          `cmd:"" help:"Serve files that are on slaves."`
	Slave   slaveCommand           `cmd:"" help:"Hold files and move their bytes for masters."`
	Status  operator.StatusCommand `cmd:"" help:"Show masters, slaves, and what is to be done about copies."`
	Fsck    operator.FsckCommand   `cmd:"" help:"Compare database and slaves, and look for files with too few copies."`
	Rule    operator.RuleCommand   `cmd:"" help:"Say how many copies files have, and where."`
	Mirror  mirroradmin.Command    `cmd:"" help:"Have other FTP servers stand in for this one."`
	Import  importCommand          `cmd:"" help:"Take up files that were put into a slave's folder by other means."`
	Doctor  doctorCommand          `cmd:"" help:"Find out why clients cannot reach the server."`
	Config  configCommand          `cmd:"" help:"Write or check a configuration file."`
	Enroll  enrollCommand          `cmd:"" help:"Make a token with which a machine becomes a slave."`
	User    admin.UserCommand      `cmd:"" help:"Add, change, remove and show users."`
	Group   admin.GroupCommand     `cmd:"" help:"Add, change, remove and show groups."`
	Version versionCommand         `cmd:"" help:"Print the version."`
}

// Flags are the flags that every command takes.
type flags struct {
	config.Flags
	Admin       admin.Flags `embed:""`
	ShowVersion versionFlag `name:"version" help:"Print the version."`
}

// Main runs the program.
func Main(ctx context.Context, env *ui.Env, args []string) ui.Exit {
	var g grammar
	a := &app{Context: ctx, Env: env, flags: &g.flags}
	return env.Run("ftpd", description, &g, args, a, a.admin(), a.operator(), a.mirrors())
}

// An app is what a command runs in.
type app struct {
	context.Context
	*ui.Env
	flags *flags
}

// load loads the configuration that the flags and the environment name; more are flags
// of one command, by their keys. Flags that cannot be are wrong usage.
func (a *app) load(more map[string]string) (config.Config, error) {
	if err := config.CheckEnvironment(a.Environ); err != nil {
		return config.Config{}, err
	}
	if err := a.flags.Check(); err != nil {
		return config.Config{}, ui.Misuse("%w", err)
	}
	if url := a.flags.Database; url != "" {
		if err := database.CheckURL(url); err != nil {
			return config.Config{}, ui.Misuse("--database: %w", err)
		}
	}
	c, err := a.flags.Load(a.Getenv, more)
	if err != nil {
		if _, without := a.flags.Load(a.Getenv, nil); without == nil {
			err = ui.Misuse("%w", err)
		}
		return c, err
	}
	return c, database.CheckURL(c.Database)
}

// open opens the database of a configuration. The caller closes it.
func (a *app) open(c *config.Config) (*account.Store, error) {
	s, err := account.Open(a, c.Database)
	if err != nil {
		return nil, ui.Hint(err, `the database is named by --database, FTPD_DATABASE or "database" in the configuration`)
	}
	return s, nil
}

// admin is what the commands about users and groups run in.
func (a *app) admin() *admin.App {
	return &admin.App{
		Context: a.Context,
		Env:     a.Env,
		Flags:   &a.flags.Admin,
		Open: func() (*account.Store, func() error, error) {
			c, err := a.load(nil)
			if err != nil {
				return nil, nil, err
			}
			s, err := a.open(&c)
			if err != nil {
				return nil, nil, err
			}
			return s, s.Close, nil
		},
		Hasher: func() *account.Hasher { return account.NewHasher(account.DefaultCost, 1) },
	}
}

// operator is what the commands about a distributed server run in.
func (a *app) operator() *operator.App {
	return &operator.App{
		Context: a.Context,
		Env:     a.Env,
		Flags:   &a.flags.Admin,
		Open: func() (*operator.Database, error) {
			c, err := a.load(nil)
			if err != nil {
				return nil, err
			}
			db, err := a.openDatabase(&c)
			if err != nil {
				return nil, err
			}
			return operator.On(a, db)
		},
	}
}

// A versionFlag prints the version in place of running a command.
type versionFlag bool

// BeforeReset is called by kong where the flag is met.
func (versionFlag) BeforeReset(k *kong.Kong, a *app) error {
	err := a.Version("ftpd", a.flags.Admin.JSON)
	if err == nil {
		k.Exit(0)
	}
	return err
}

var examples = program.Examples

type versionCommand struct{}

func (versionCommand) Help() string { return examples("ftpd version") }

// Run prints the version.
func (versionCommand) Run(a *app) error { return a.Version("ftpd", a.flags.Admin.JSON) }
