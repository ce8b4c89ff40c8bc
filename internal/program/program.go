package program

import (
	"context"
	"log/slog"
	"strings"
	_ "time/tzdata" // sites have time zones, and not every machine knows them

	"github.com/alecthomas/kong"

	"mirrortracker/internal/config"
	"mirrortracker/internal/database"
	"mirrortracker/internal/store"
	"mirrortracker/internal/ui"
)

// Flags are the flags that every command takes.
type Flags struct {
	config.Flags
	JSON        bool        `help:"Write results as JSON."`
	ShowVersion versionFlag `name:"version" help:"Print the version."`
}

// A versionFlag prints the version in place of running a command.
type versionFlag bool

// BeforeReset is called by kong where the flag is met.
func (versionFlag) BeforeReset(app *kong.Kong, a *App) error {
	err := a.Version(a.Name, a.Flags.JSON)
	if err == nil {
		app.Exit(0)
	}
	return err
}

// An App is what a command runs in.
type App struct {
	context.Context
	*ui.Env
	Name  string // of the program
	Flags *Flags // those of the command line
}

// Run runs the command of a grammar that the arguments name (see [ui.Env.Run]).
// Flags must be the ones that the grammar has.
func (a *App) Run(description string, grammar any, args []string) ui.Exit {
	return a.Env.Run(a.Name, description, grammar, args, a)
}

// Load loads the configuration that the flags and the environment name. Flags that
// cannot be are wrong usage.
func (a *App) Load() (config.Config, error) {
	if err := config.CheckEnvironment(a.Environ); err != nil {
		return config.Config{}, err
	}
	if err := a.Flags.Check(); err != nil {
		return config.Config{}, ui.Misuse("%w", err)
	}
	if url := a.Flags.Database; url != "" {
		if err := database.CheckURL(url); err != nil {
			return config.Config{}, ui.Misuse("--database: %w", err)
		}
	}
	return a.Flags.Load(a.Getenv)
}

// A Session is an App with its configuration, its logger and its database.
type Session struct {
	*App
	Config config.Config
	Log    *slog.Logger
	Store  *store.Store
}

// Open loads the configuration and opens the database. The caller closes the
// session.
func (a *App) Open() (*Session, error) {
	return a.OpenWithout(func(*config.Config) bool { return false })
}

// OpenWithout is [App.Open] for a command that has something to do while the
// database is away, if able says so: then it is opened as soon as it is there.
func (a *App) OpenWithout(able func(*config.Config) bool) (*Session, error) {
	cfg, err := a.Load()
	if err != nil {
		return nil, err
	}
	log, err := a.Logger(cfg.Log.Level, cfg.Log.Format)
	if err != nil {
		return nil, err
	}
	open, without := store.Open, able(&cfg)
	if without {
		open = store.OpenPresent
	}
	s, err := open(a, cfg.Database)
	if err != nil && a.Err() == nil && without {
		log.Warn("database is away", "program", a.Name, "err", err)
		s, err = store.OpenLater(cfg.Database)
	}
	if err != nil {
		return nil, ui.Hint(err, `the database is named by --database, TRACKER_DATABASE or "database" in the configuration`)
	}
	return &Session{a, cfg, log, s}, nil
}

// Close closes the database.
func (s *Session) Close() { s.Store.Close() }

// Examples makes the last part of a command's help.
func Examples(lines ...string) string { return "Examples:\n\n  " + strings.Join(lines, "\n  ") }

// Version is the command that prints the version.
type Version struct {
	Program string `kong:"-"` // for the help
}

// Help shows how the command is called.
func (v Version) Help() string { return Examples(v.Program + " version") }

// Run prints the version.
func (Version) Run(a *App) error { return a.Version(a.Name, a.Flags.JSON) }
