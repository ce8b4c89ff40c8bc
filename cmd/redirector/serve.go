package main

import (
	"mirrortracker/internal/config"
	"mirrortracker/internal/program"
	"mirrortracker/internal/resolver"
)

type serveCommand struct {
	Listen string `help:"Address and port; port 0 is any free one. Default: redirector.listen of the configuration, else 127.0.0.1:8080." placeholder:"HOST:PORT"`
}

func (serveCommand) Help() string {
	return `The first line on standard output says where it listens. New snapshots are noticed by themselves; when the database is away, it goes on with what it has, and starts with what it has kept. Sockets that systemd passes are used instead of the configured ones; of those the one that is called https is for HTTPS.

SIGHUP makes it read its configuration again, with certificates and databases of addresses, and open the access log anew; if there is a mistake in any of it, what was in force stays. SIGTERM ends it without breaking off any answer.

` + program.Examples("redirector serve", "redirector serve --listen :8080 --config /etc/tracker.toml")
}

// Run serves until the program is told to stop.
func (c *serveCommand) Run(a *program.App) error {
	hangups := a.Hangups()
	s, err := a.OpenWithout(func(cfg *config.Config) bool { return resolver.Kept(cfg.Redirector.Cache) })
	if err != nil {
		return err
	}
	defer s.Close()
	if c.Listen != "" {
		s.Config.Redirector.Listen, s.Config.Redirector.TLSListen = c.Listen, ""
	}
	s.Log = s.Log.With("program", s.Name) // it may share its log with the crawler
	service, err := newService(s)
	if err != nil {
		return err
	}
	return service.run(a, hangups)
}
