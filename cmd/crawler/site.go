package main

import (
	"errors"
	"fmt"
	"strings"

	"mirrortracker/internal/config"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/program"
	"mirrortracker/internal/schedule"
	"mirrortracker/internal/store"
	"mirrortracker/internal/ui"
)

type siteCommand struct {
	Add    siteAdd    `cmd:"" help:"Track a site, or change how it is tracked."`
	List   siteList   `cmd:"" help:"List all sites."`
	Remove siteRemove `cmd:"" help:"Track a site no longer, and forget its snapshots."`
	Apply  siteApply  `cmd:"" help:"Make the sites of a file the tracked ones."`
}

type siteAdd struct {
	Name     string   `arg:"" help:"Its name here: a to z, 0 to 9, dot, dash, underscore."`
	URL      string   `arg:"" name:"url" help:"Where it is crawled, such as ftp://ftp.example/pub/."`
	Serving  []string `name:"url" aliases:"serving" sep:"none" placeholder:"URL" help:"A further URL of the same files, such as https://ftp.example/pub/. May be repeated."`
	Weight   int      `default:"100" help:"Its share of requests among equals, from 1 to 1000000. Default: 100."`
	Schedule string   `help:"When it is crawled: a cron expression, in UTC. Default: crawl.schedule of the configuration." placeholder:"CRON"`
	Zone     string   `help:"Time zone of the dates in its listings. Default: found out." placeholder:"ZONE"`
}

func (siteAdd) Help() string {
	return "If the name and URL are tracked already, the rest is changed to what is given.\n\n" + program.Examples(
		"crawler site add gnu ftp://ftp.gnu.example/gnu/",
		"crawler site add gnu ftp://ftp.gnu.example/gnu/ --url https://gnu.example/",
		"crawler site add kernel ftp://ftp.kernel.example/pub/ --weight 200",
		"crawler site add old ftp://ftp.old.example/ --schedule '30 4 * * 0'",
		"crawler site add old ftp://ftp.old.example/ --zone Europe/Berlin")
}

// Run adds or changes the site.
func (c *siteAdd) Run(a *program.App) error {
	site, err := c.site()
	if err != nil {
		return ui.Misuse("%w", err)
	}
	s, err := open(a)
	if err != nil {
		return err
	}
	defer s.Close()
	sites, err := s.Store.Sites(a)
	if err != nil {
		return err
	}
	done := "added"
	for _, other := range sites {
		switch {
		case other.ID() == site.ID() && other.Name == site.Name:
			done = "changed"
		case other.ID() == site.ID():
			return ui.Hint(fmt.Errorf("%s is tracked already, as %s", site.URL, other.Name),
				"crawler site remove "+other.Name)
		}
	}
	if err := s.Store.PutSite(a, site); err != nil {
		if taken := (*store.NameTakenError)(nil); errors.As(err, &taken) {
			return ui.Hint(err, "choose another name")
		}
		return err
	}
	if a.Flags.JSON {
		return a.JSON(site)
	}
	_, err = fmt.Fprintf(a.Stdout, "%s %s; next: crawler crawl %s\n", done, site.Name, site.Name)
	return err
}

func (c *siteAdd) site() (site mirror.Site, err error) {
	site = mirror.Site{Name: c.Name, Weight: c.Weight, Schedule: c.Schedule, Zone: c.Zone}
	if site.URL, err = mirror.ParseURL(c.URL); err != nil {
		return site, err
	}
	for _, text := range c.Serving {
		u, err := mirror.ParseURL(text)
		if err != nil {
			return site, err
		}
		site.Serving = append(site.Serving, u)
	}
	if c.Schedule != "" {
		if _, err := schedule.Parse(c.Schedule); err != nil {
			return site, err
		}
	}
	return site, site.Validate()
}

type siteList struct{}

func (siteList) Help() string {
	return program.Examples("crawler site list", "crawler site list --json")
}

// Run prints the sites.
func (siteList) Run(a *program.App) error {
	s, err := open(a)
	if err != nil {
		return err
	}
	defer s.Close()
	sites, err := s.Store.Sites(a)
	if err != nil {
		return err
	}
	if a.Flags.JSON {
		return a.JSON(append([]mirror.Site{}, sites...)) // never null
	}
	rows := make([][]any, len(sites))
	for i, site := range sites {
		serving := make([]string, len(site.Serving))
		for i, u := range site.Serving {
			serving[i] = u.String()
		}
		rows[i] = []any{site.Name, site.URL, strings.Join(serving, " "), ui.Number(site.Weight), site.Schedule, site.Zone}
	}
	return a.Table([]string{"site", "url", "also served at", "weight", "schedule", "zone"}, rows)
}

type siteRemove struct {
	Name string `arg:"" help:"The site's name, or its URL."`
}

func (siteRemove) Help() string { return program.Examples("crawler site remove gnu") }

// Run removes the site.
func (c *siteRemove) Run(a *program.App) error {
	s, err := open(a)
	if err != nil {
		return err
	}
	defer s.Close()
	sites, err := s.named([]string{c.Name})
	if err != nil {
		return err
	}
	if err := s.Store.RemoveSite(a, sites[0].ID()); err != nil {
		return err
	}
	if a.Flags.JSON {
		return a.JSON(sites[0])
	}
	_, err = fmt.Fprintf(a.Stdout, "removed %s\n", sites[0].Name)
	return err
}

type siteApply struct {
	File string `arg:"" help:"A configuration file with [[site]] tables."`
}

func (siteApply) Help() string {
	return "Sites that the file does not have are removed; nothing else in it counts.\n\n" + program.Examples("crawler site apply tracker.toml")
}

// Run replaces the sites by those of the file.
func (c *siteApply) Run(a *program.App) error {
	declared, err := config.Load(c.File, func(string) string { return "" })
	if err != nil {
		return err
	}
	if len(declared.Sites) == 0 {
		return ui.Hint(fmt.Errorf("%s declares no site, and all would be removed", c.File), `"crawler config init -" shows how a site is declared`)
	}
	s, err := open(a)
	if err != nil {
		return err
	}
	defer s.Close()
	changes, err := s.Store.ReplaceSites(a, declared.Tracked())
	if err != nil {
		return err
	}
	if a.Flags.JSON {
		return a.JSON(changes)
	}
	for _, group := range []struct {
		what  string
		names []string
	}{{"added", changes.Added}, {"changed", changes.Updated}, {"removed", changes.Removed}} {
		for _, name := range group.names {
			if _, err := fmt.Fprintln(a.Stdout, group.what, name); err != nil {
				return err
			}
		}
	}
	return nil
}
