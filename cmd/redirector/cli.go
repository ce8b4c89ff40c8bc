package main

import (
	"context"
	"log/slog"

	"mirrortracker/internal/program"
	"mirrortracker/internal/resolver"
	"mirrortracker/internal/ui"
)

const description = `Sends HTTP clients to the nearest complete replica of what they ask for.

  redirector serve
  curl -L http://127.0.0.1:8080/SITE/PATH
  redirector explain SITE/PATH --from 192.0.2.7

Exit codes: 0 done, 1 failed, 2 wrong usage.`

// A grammar is the command line.
type grammar struct {
	program.Flags

	Serve   serveCommand    `cmd:"" help:"Answer HTTP requests until told to stop."`
	Explain explainCommand  `cmd:"" help:"Show where a URL would be redirected, and why."`
	Squid   squidCommand    `cmd:"" help:"Be a helper of the proxy Squid."`
	Version program.Version `cmd:"" help:"Print the version."`
}

// Main runs the program.
func Main(ctx context.Context, env *ui.Env, args []string) ui.Exit {
	g := grammar{Version: program.Version{Program: "redirector"}}
	app := program.App{Context: ctx, Env: env, Name: "redirector", Flags: &g.Flags}
	return app.Run(description, &g, args)
}

// live returns the index that is to be kept in force.
func live(s *program.Session, log *slog.Logger) *resolver.Live {
	return resolver.NewLive(s.Store, resolver.Options{Doubt: doubt(s), Cache: s.Config.Redirector.Cache}, log)
}

// doubt returns what is believed.
func doubt(s *program.Session) resolver.Doubt {
	d := s.Config.Redirector.Doubt
	return resolver.Doubt{Files: d.Files, Bytes: int64(d.Bytes), Names: d.Names}
}
