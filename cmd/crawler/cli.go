package main

import (
	"context"
	"log/slog"
	"strings"
	"time"
	_ "time/tzdata" // sites have time zones, and not every machine knows them

	"mirrortracker/internal/config"
	"mirrortracker/internal/store"
	"mirrortracker/internal/ui"
)

const description = `Crawls FTP sites into directory digests, and shows what was found.

First steps:

  crawler site add debian ftp://ftp.debian.example/debian/
  crawler crawl
  crawler digest debian /pool

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 finished but some directories are incomplete.`

// A grammar is the command line. Its commands are run with an app.
type grammar struct {
	globals

	Conf    configCommand  `cmd:"" name:"config" help:"Write a configuration file, or check one."`
	Site    siteCommand    `cmd:"" help:"Add, list, remove and declare sites."`
	Crawl   crawlCommand   `cmd:"" help:"Crawl sites now."`
	Digest  digestCommand  `cmd:"" help:"Print the digests of directories."`
	Diff    diffCommand    `cmd:"" help:"Show what differs between two sites, or two directories."`
	Status  statusCommand  `cmd:"" help:"Show how current every site is, and what went wrong."`
	Run     runCommand     `cmd:"" help:"Crawl sites on schedule until told to stop."`
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
	return env.Run("crawler", description, &g, args, &app{ctx, env, &g.globals})
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

// stamp writes a time for tables: its distance on a terminal, RFC 3339 in UTC
// elsewhere, and a dash for none.
func (a *app) stamp(t, now time.Time) string {
	switch {
	case t.IsZero():
		return "-"
	case !a.OutTerm:
		return t.UTC().Format(time.RFC3339)
	case t.After(now):
		return "in " + ui.Span(t.Sub(now).Truncate(time.Second))
	}
	return ui.Span(now.Sub(t).Truncate(time.Second)) + " ago"
}

// plural writes a number of things.
func plural(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return ui.Count(n) + " " + many
}

// example makes the last part of a command's help.
func example(lines ...string) string { return "Examples:\n\n  " + strings.Join(lines, "\n  ") }

type versionCommand struct{}

func (versionCommand) Help() string { return example("crawler version") }

// Run prints the version.
func (versionCommand) Run(a *app) error { return a.Version("crawler", a.flags.JSON) }
