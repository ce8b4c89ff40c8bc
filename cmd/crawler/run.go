package main

import (
	"time"

	"mirrortracker/internal/program"
)

type runCommand struct{}

func (runCommand) Help() string {
	return `Sites that the configuration declares become the tracked ones; without any, those of the database are. Sites that are added, changed or removed later are noticed within seconds. Several machines may do this on one database.

SIGHUP makes it read its configuration again, without an end to any crawl; if there is a mistake in it, what was in force stays. SIGTERM makes it save how far the crawls are, which go on from there after the next start. systemd is told when it is ready and that it is alive; with crawler.listen, /metrics and /healthz are served by HTTP, and with peers.listen other trackers. Peers are asked for what they have: see "crawler peer --help".

` + program.Examples("crawler run", "crawler run --config /etc/tracker.toml")
}

const (
	pollInterval  = 3 * time.Second // between looks at the database
	dailyProgress = time.Minute     // between progress lines of a crawl
)

// Run crawls on schedule until the program is told to stop.
func (runCommand) Run(a *program.App) error {
	hangups := a.Hangups()
	s, err := open(a)
	if err != nil {
		return err
	}
	defer s.Close()
	s.Log = s.Log.With("program", s.Name) // it may share its log with the redirector
	d, err := newDaemon(s)
	if err != nil {
		return err
	}
	return d.run(a, hangups)
}
