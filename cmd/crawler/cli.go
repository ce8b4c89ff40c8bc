package main

import (
	"context"
	"time"

	"mirrortracker/internal/human"
	"mirrortracker/internal/program"
	"mirrortracker/internal/ui"
)

const description = `Crawls FTP sites into directory digests, and shows what was found.

First steps:

  crawler site add debian ftp://ftp.debian.example/debian/
  crawler crawl
  crawler digest debian /pool

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 finished but some directories are incomplete, 4 finished but the crawl is set aside as suspect.`

// A grammar is the command line.
type grammar struct {
	program.Flags

	Conf    configCommand   `cmd:"" name:"config" help:"Write a configuration file, or check one."`
	Site    siteCommand     `cmd:"" help:"Add, list, remove and declare sites."`
	Crawl   crawlCommand    `cmd:"" help:"Crawl sites now."`
	Digest  digestCommand   `cmd:"" help:"Print the digests of directories."`
	Diff    diffCommand     `cmd:"" help:"Show what differs between two sites, or two directories."`
	History historyCommand  `cmd:"" help:"Show when a directory changed."`
	Lag     lagCommand      `cmd:"" help:"Show how far mirrors are behind each other."`
	Pack    packCommand     `cmd:"" help:"Exchange snapshots with other trackers as files."`
	Suspect suspectCommand  `cmd:"" help:"Show, publish or drop crawls that are hard to believe."`
	Collect collectCommand  `cmd:"" help:"Delete what history no longer keeps."`
	Peer    peerCommand     `cmd:"" help:"Exchange snapshots with other trackers."`
	Status  statusCommand   `cmd:"" help:"Show how current every site is, and what went wrong."`
	Run     runCommand      `cmd:"" help:"Crawl sites on schedule until told to stop."`
	Version program.Version `cmd:"" help:"Print the version."`
}

// Main runs the program.
func Main(ctx context.Context, env *ui.Env, args []string) ui.Exit {
	g := grammar{Version: program.Version{Program: "crawler"}}
	app := program.App{Context: ctx, Env: env, Name: "crawler", Flags: &g.Flags}
	return app.Run(description, &g, args)
}

// A session is a program's session, to which the crawler's own work is tied.
type session struct{ *program.Session }

// open opens the database. The caller closes it.
func open(a *program.App) (*session, error) {
	s, err := a.Open()
	if err != nil {
		return nil, err
	}
	return &session{s}, nil
}

// stamp writes a time for tables: its distance on a terminal, RFC 3339 in UTC
// elsewhere, and a dash for none.
func stamp(env *ui.Env, t, now time.Time) string {
	switch {
	case t.IsZero():
		return "-"
	case !env.OutTerm:
		return t.UTC().Format(time.RFC3339)
	case t.After(now):
		return "in " + human.Span(t.Sub(now).Truncate(time.Second))
	}
	return human.Span(now.Sub(t).Truncate(time.Second)) + " ago"
}
