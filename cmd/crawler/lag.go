package main

import (
	"slices"
	"time"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/lag"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/program"
	"mirrortracker/internal/ui"
)

type lagCommand struct {
	Sites     []string `arg:"" optional:"" sep:"none" name:"name" help:"Names or URLs of sites: only groups that one of them is in. Default: all groups."`
	Depth     int      `help:"How deep below the root directories are compared." default:"4" placeholder:"N"`
	Snapshots int      `help:"How many snapshots of each site are looked at, the newest." default:"200" placeholder:"N"`
}

func (lagCommand) Help() string {
	return `Finds the directories that sites share, now or in snapshots that are kept, and tells how far each is behind the others: for how long another state than its own has been the newest of the group, by the times at which crawls found it. Names and sizes count, dates do not; nobody has to say who mirrors whom.

A star stands after the site at which new states appear first. It is unknown how far a directory is behind that no other site has had in its present state: it may be ahead of all, or in the middle of an update.

` + program.Examples("crawler lag", "crawler lag gnu", "crawler lag --json")
}

// A groupJSON is a directory that sites share.
type groupJSON []placeJSON

type placeJSON struct {
	Site      string     `json:"site"`
	Directory string     `json:"directory"` // escaped as in a URL
	Blind     digest.Sum `json:"blind"`     // null where it is gone or not completely known now
	Since     time.Time  `json:"since"`     // when the first crawl ended that found it so
	Leads     bool       `json:"leads"`
	Behind    *float64   `json:"behind_seconds"` // null where it is unknown
	Snapshots int        `json:"snapshots"`
}

// Run prints the groups.
func (c *lagCommand) Run(a *program.App) error {
	switch {
	case c.Depth < 0 || c.Depth > maxDepth:
		return ui.Misuse("--depth is %d, must be 0 to %d", c.Depth, maxDepth)
	case c.Snapshots < 1 || c.Snapshots > maxSnapshots:
		return ui.Misuse("--snapshots is %d, must be 1 to %d", c.Snapshots, maxSnapshots)
	}
	s, err := open(a)
	if err != nil {
		return err
	}
	defer s.Close()
	wanted, err := s.named(c.Sites)
	if err != nil {
		return err
	}
	groups, err := s.groups(c.Snapshots, c.Depth)
	if err != nil {
		return err
	}
	groups = slices.DeleteFunc(groups, func(group []lag.Place) bool {
		return !slices.ContainsFunc(group, func(p lag.Place) bool {
			return slices.ContainsFunc(wanted, func(site mirror.Site) bool { return site.Name == p.Site })
		})
	})
	now := time.Now()
	if a.Flags.JSON {
		return a.JSON(jsonGroups(groups, now))
	}
	var rows [][]any
	for i, group := range groups {
		for _, p := range group {
			rows = append(rows, lagRow(a.Env, i+1, &p, now))
		}
	}
	return a.Table([]string{"group", "site", "since", "behind", "snapshots", "directory"}, rows)
}

// maxDepth is the greatest depth at which directories are compared.
const maxDepth = 16

// groups reads the newest snapshots of all sites and finds out what they share.
func (s *session) groups(snapshots, depth int) ([][]lag.Place, error) {
	sites, err := s.Store.Sites(s)
	if err != nil {
		return nil, err
	}
	all := make([]lag.Site, len(sites))
	for i, site := range sites {
		kept, err := s.Store.History(s, site.ID(), snapshots)
		if err != nil {
			return nil, err
		}
		slices.Reverse(kept)
		all[i] = lag.Site{Name: site.Name, Snapshots: kept}
	}
	return lag.Groups(s, s.Store, all, depth)
}

func lagRow(env *ui.Env, group int, p *lag.Place, now time.Time) []any {
	site := p.Site
	if p.Leads {
		site += " *"
	}
	var behind any = "unknown"
	if p.Known {
		behind = ui.Time(p.Behind(now).Truncate(time.Second))
	}
	return []any{ui.Number(group), site, stamp(env, p.Since, now), behind, ui.Number(p.Snapshots), ui.Rest(p.Path.Dir())}
}

func jsonGroups(groups [][]lag.Place, now time.Time) []groupJSON {
	all := make([]groupJSON, len(groups))
	for i, group := range groups {
		for _, p := range group {
			one := placeJSON{
				Site:      p.Site,
				Directory: mirror.EscapePath(p.Path.Dir()),
				Blind:     p.State,
				Since:     p.Since.UTC(),
				Leads:     p.Leads,
				Snapshots: p.Snapshots,
			}
			if p.Known {
				seconds := p.Behind(now).Seconds()
				one.Behind = &seconds
			}
			all[i] = append(all[i], one)
		}
	}
	return all
}
