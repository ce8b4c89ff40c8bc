package main

import (
	"context"
	"log/slog"
	_ "time/tzdata" // sites have time zones, and not every machine knows them

	"mirrortracker/internal/config"
	"mirrortracker/internal/resolver"
	"mirrortracker/internal/store"
	"mirrortracker/internal/ui"
)

const description = `Redirects HTTP clients to complete replicas of what they ask for.

  redirector serve
  curl -L http://127.0.0.1:8080/SITE/PATH

Exit codes: 0 done, 1 failed, 2 wrong usage.`

// A grammar is the command line. Its commands are run with an app.
type grammar struct {
	globals

	Serve   serveCommand   `cmd:"" help:"Answer HTTP requests until told to stop."`
	Explain explainCommand `cmd:"" help:"Show where a URL would be redirected, and why."`
	Version versionCommand `cmd:"" help:"Print the version."`
}

// globals are the flags that every command takes.
type globals struct {
	config.Flags
	JSON bool `help:"Write results as JSON."`
}

// An app is what a command runs in.
type app struct {
	context.Context
	*ui.Env
	flags *globals
}

// Main runs the program.
func Main(ctx context.Context, env *ui.Env, args []string) ui.Exit {
	var g grammar
	return env.Run("redirector", description, &g, args, &app{ctx, env, &g.globals})
}

// A session is an app with its configuration and its database open.
type session struct {
	*app
	cfg   config.Config
	store *store.Store
	log   *slog.Logger
}

// open opens the database. The caller closes the session.
func (a *app) open() (*session, error) {
	cfg, err := a.flags.Load(a.Getenv)
	if err != nil {
		return nil, err
	}
	log, err := a.Logger(cfg.Log.Level, cfg.Log.Format)
	if err != nil {
		return nil, err
	}
	s, err := store.Open(a, cfg.Database)
	if err != nil {
		return nil, ui.Hint(err, `the database is named by --database, TRACKER_DATABASE or "database" in the configuration`)
	}
	return &session{a, cfg, s, log}, nil
}

func (s *session) close() { s.store.Close() }

// live returns the index that is to be kept in force.
func (s *session) live(log *slog.Logger) *resolver.Live {
	doubt := s.cfg.Redirector.Doubt
	return resolver.NewLive(s.store, resolver.Options{
		Doubt: resolver.Doubt{Files: doubt.Files, Bytes: int64(doubt.Bytes), Names: doubt.Names},
	}, log)
}

type versionCommand struct{}

func (versionCommand) Help() string { return "Examples:\n\n  redirector version" }

// Run prints the version.
func (versionCommand) Run(a *app) error { return a.Version("redirector", a.flags.JSON) }
