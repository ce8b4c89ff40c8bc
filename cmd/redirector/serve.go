package main

import (
	"fmt"
	"net"
	"sync"

	"mirrortracker/internal/program"
	"mirrortracker/internal/redirect"
	"mirrortracker/internal/store"
	"mirrortracker/internal/ui"
)

type serveCommand struct {
	Listen string `help:"Address and port; port 0 is any free one. Default: redirector.listen of the configuration, else 127.0.0.1:8080." placeholder:"HOST:PORT"`
}

func (serveCommand) Help() string {
	return `The first line on standard output says where it listens. New snapshots are noticed by themselves; when the database is away, it goes on with what it has.

` + program.Examples("redirector serve", "redirector serve --listen :8080 --config /etc/tracker.toml")
}

// Run serves until the program is told to stop.
func (c *serveCommand) Run(a *program.App) error {
	s, err := a.Open()
	if err != nil {
		return err
	}
	defer s.Close()
	address := s.Config.Redirector.Listen
	if c.Listen != "" {
		address = c.Listen
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return ui.Hint(err, "another address and port can be given with --listen")
	}
	s.Log = s.Log.With("program", s.Name) // it may share its log with the crawler
	index := live(s, s.Log)
	var background sync.WaitGroup
	defer background.Wait()
	background.Go(func() { index.Run(a, s.Config.Redirector.Refresh.Duration) })
	if _, err := fmt.Fprintf(a.Stdout, "listening on http://%s/\n", listener.Addr()); err != nil {
		return err
	}
	if err := a.Flush(); err != nil {
		return err
	}
	s.Log.Info("serving", "address", listener.Addr().String(), "database", store.Redact(s.Config.Database))
	r := redirect.New(redirect.Config{Source: index, Log: s.Log})
	err = redirect.Serve(a, s.Log, redirect.Door{Listener: listener, Handler: r.Handler()})
	s.Log.Info("stopped")
	return err
}
