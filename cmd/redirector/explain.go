package main

import (
	"errors"
	"log/slog"
	"net/netip"

	"mirrortracker/internal/health"
	"mirrortracker/internal/nearest"
	"mirrortracker/internal/program"
	"mirrortracker/internal/redirect"
	"mirrortracker/internal/resolver"
	"mirrortracker/internal/ui"
)

type explainCommand struct {
	URL    string `arg:"" name:"url" help:"A URL on a tracked site, NAME/PATH or HOST/PATH."`
	From   string `help:"Address of the client. Default: not known." placeholder:"ADDRESS"`
	Within string `help:"Only replicas of all of this directory, in which it lies: a path below the site's base." placeholder:"PATH"`
	Scheme string `default:"http" enum:"http,https,ftp" help:"What the client speaks: http, https or ftp. Default: http." placeholder:"SCHEME"`
}

func (explainCommand) Help() string {
	return `The index is read from the database anew, which takes a while where there is much. A redirector that runs says the same at once: ask it for URL?explain&from=ADDRESS.

` + program.Examples("redirector explain ftp://ftp.gnu.example/gnu/emacs/", "redirector explain gnu/emacs/ --scheme https --from 192.0.2.7 --json")
}

// Run explains one URL by the same code that redirects.
func (c *explainCommand) Run(a *program.App) error {
	q := redirect.Question{Text: c.URL, Scheme: c.Scheme, Within: c.Within}
	if c.From != "" {
		from, err := netip.ParseAddr(c.From)
		if err != nil {
			return ui.Misuse("--from: %q is not an IP address such as 192.0.2.7 or 2001:db8::7", c.From)
		}
		q.Client = from.Unmap().WithZone("")
	}
	s, err := a.Open()
	if err != nil {
		return err
	}
	defer s.Close()
	s.Config.Redirector.Cache = "" // it is a running server's
	index := live(s, slog.New(slog.DiscardHandler))
	if err := index.Check(a); err != nil {
		return err
	}
	databases := nearest.NewDatabases(s.Config.Nearest.Databases, slog.New(slog.DiscardHandler))
	if err := databases.Reload(); err != nil {
		return ui.Hint(err, "nearest.databases of the configuration names them")
	}
	r := redirect.Config{Source: index, Nearest: s.Config.NearestOptions(), Databases: databases}
	sites := sitesOf(index.Index)()
	if len(s.Config.Nearest.Databases) > 0 {
		hosts := nearest.NewHosts()
		hosts.Look(a, sites)
		r.Nearest.Addresses = hosts.Addresses
	}
	if s.Config.Health.Checks != "off" { // what a running server has recorded
		if r.Board, err = health.Recorded(a, s.Store, sites); err != nil {
			return err
		}
	}
	answer, err := redirect.New(r).Explain(q)
	switch {
	case errors.Is(err, resolver.ErrUnknownSite):
		return ui.Hint(err, "crawler site list")
	case err != nil:
		return err
	case a.Flags.JSON:
		return a.JSON(answer)
	}
	return show(a.Env, answer)
}
