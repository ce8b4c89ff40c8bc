package mirroradmin

import (
	"cmp"
	"fmt"
	"time"

	"mirrortracker/internal/distftp/mirrors"
	"mirrortracker/internal/human"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/ui"
)

type listConnections struct{}

func (listConnections) Help() string {
	return "Shows the control connections of running servers to foreign ones, which transfers take turns to use, and how many transfers wait for one.\n\n" +
		examples("ftpd mirror connections", "ftpd mirror connections --json")
}

// Run shows them.
func (listConnections) Run(a *App) error {
	return a.with(func(s *mirrors.Store) error {
		reports, err := a.Ask(s)
		if err != nil {
			return err
		}
		if a.Flags.JSON {
			return a.JSON(whole(reports))
		}
		return a.connections(reports, time.Now())
	})
}

// whole returns reports in which no list is null, as a program that reads them wants it.
func whole(reports []mirrors.Report) []mirrors.Report {
	all := append([]mirrors.Report{}, reports...)
	for i := range all {
		r := &all[i]
		r.Sites, r.Faults, r.Found = append([]mirrors.Site{}, r.Sites...), append([]mirrors.Fault{}, r.Faults...), append([]mirrors.Found{}, r.Found...)
		for i, site := range r.Sites {
			r.Sites[i].Connections = append([]mirrors.Connection{}, site.Connections...)
		}
	}
	return all
}

// connections writes a table: a line for each connection, and one for each server that has
// none.
func (a *App) connections(reports []mirrors.Report, now time.Time) error {
	var rows [][]any
	for _, r := range reports {
		for _, site := range r.Sites {
			row := func(c mirrors.Connection, since string) {
				rows = append(rows, []any{
					cmp.Or(r.Server, none), ui.Printable(string(site.Alias)), ui.Number(site.Waiting),
					cmp.Or(c.State, none), since, cmp.Or(ui.Printable(c.Peer), none), ui.Rest(ui.Printable(cmp.Or(c.Doing, site.Error))),
				})
			}
			for _, c := range site.Connections {
				row(c, human.Span(now.Sub(c.Since)))
			}
			switch {
			case len(site.Connections) > 0:
			case now.Before(site.Resting):
				row(mirrors.Connection{State: "resting"}, human.Span(site.Resting.Sub(now))+" more")
			default:
				row(mirrors.Connection{State: "none"}, none)
			}
		}
	}
	return a.Table([]string{"at", "alias", "waiting", "state", "for", "peer", "doing"}, rows)
}

type disconnect struct{ aliasArg }

func (disconnect) Help() string {
	return "Closes the control connections of all running servers to that of an alias: those in use when their transfers are over.\n\n" + examples("ftpd mirror disconnect /remote_site_3")
}

// Run closes them.
func (c *disconnect) Run(a *App) error {
	p, err := a.path(c.Alias)
	if err != nil {
		return err
	}
	return a.with(func(s *mirrors.Store) error {
		if err := s.Disconnect(a, p); err != nil {
			return err
		}
		return a.done(map[string]mirror.Path{"path": p}, fmt.Sprintf("%s: connections are closed, those in use when their transfers are over", p))
	})
}
