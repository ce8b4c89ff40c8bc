package main

import (
	"cmp"
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
	Weight   *int     `placeholder:"N" help:"Its share of clients among sites that are equally near: from 0, the last resort, to 1000000. Default: 100."`
	Schedule *string  `help:"When it is crawled: a cron expression. Default: crawl.schedule of the configuration." placeholder:"CRON"`
	Zone     *string  `help:"Time zone of the dates in its listings. Default: found out." placeholder:"ZONE"`

	visitFlags `embed:""`
	reachFlags `embed:""`
}

func (siteAdd) Help() string {
	return "If the name and URL are tracked already, what is given is changed, and the rest stays; an empty value (\"\" or 0) takes away what was given before. What is not given is as the configuration says for all sites.\n\nA password is read where --password says each time the site is crawled; it is kept nowhere.\n\n" + program.Examples(
		"crawler site add gnu ftp://ftp.gnu.example/gnu/",
		"crawler site add gnu ftp://ftp.gnu.example/gnu/ --url https://gnu.example/",
		"crawler site add kernel ftp://ftp.kernel.example/pub/ --weight 200",
		"crawler site add old ftp://ftp.old.example/ --schedule '30 4 * * 0'",
		"crawler site add old ftp://ftp.old.example/ --hours 22-6 --rate 5",
		"crawler site add uni ftp://uni.example/ --country au --place=-33.87,151.21",
		"crawler site add uni ftp://uni.example/ --only-countries au --max-file 4GiB",
		"crawler site add own ftps://own.example/ --user me --password env:PW")
}

// Run adds or changes the site.
func (c *siteAdd) Run(a *program.App) error {
	site := mirror.Site{Name: c.Name, Weight: mirror.DefaultWeight}
	if err := c.identify(&site); err != nil {
		return ui.Misuse("%w", err)
	}
	alone := *c
	alone.CA, alone.Insecure, alone.Password = nil, nil, nil // they may need what is set already
	if err := alone.change(&site); err != nil {
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
	var old *mirror.Site
	for _, other := range sites {
		switch {
		case other.ID() == site.ID() && other.Name == site.Name && !other.Learnt:
			old, site = &other, other
		case other.ID() == site.ID() && other.Learnt: // it becomes our own, under this name
			other.Name, other.Learnt = site.Name, false
			site = other
		case other.ID() == site.ID():
			return ui.Hint(fmt.Errorf("%s is tracked already, as %s", site.URL, other.Name),
				"crawler site remove "+other.Name)
		}
	}
	if err := c.change(&site); err != nil {
		return ui.Misuse("%w", err)
	}
	if err := s.Store.PutSite(a, site); err != nil {
		if taken := (*store.NameTakenError)(nil); errors.As(err, &taken) {
			return ui.Hint(err, "choose another name")
		}
		return err
	}
	s.warnDeclared(site)
	if a.Flags.JSON {
		return a.JSON(site)
	}
	if old == nil {
		_, err = fmt.Fprintf(a.Stdout, "added %s; next: crawler crawl %s\n", site.Name, site.Name)
		return err
	}
	_, err = fmt.Fprintln(a.Stdout, changed(old, &site))
	return err
}

// identify sets the URL of a site that is to be crawled.
func (c *siteAdd) identify(site *mirror.Site) (err error) {
	scheme, _, ok := strings.Cut(c.URL, "://")
	if scheme = strings.ToLower(scheme); !ok || scheme != "ftp" && scheme != "ftps" {
		return errors.New("sites are crawled by FTP: the URL must begin with ftp:// or ftps://, such as ftp://ftp.example/pub/")
	}
	site.URL, err = mirror.ParseURL(c.URL)
	return err
}

// change gives a site what the flags say, and leaves the rest as it is.
func (c *siteAdd) change(site *mirror.Site) error {
	if c.Serving != nil {
		site.Serving = nil
	}
	for _, text := range c.Serving {
		if text == "" && len(c.Serving) == 1 {
			break // none is wanted
		}
		u, err := mirror.ParseURL(text)
		if err != nil {
			return err
		}
		site.Serving = append(site.Serving, u)
	}
	if c.Weight != nil {
		site.Weight = *c.Weight
	}
	if c.Schedule != nil {
		site.Schedule = *c.Schedule
	}
	if c.Zone != nil {
		site.Zone = *c.Zone
	}
	c.visitFlags.change(&site.Visit)
	if err := c.reachFlags.change(&site.Reach); err != nil {
		return err
	}
	if site.Schedule != "" {
		if _, err := schedule.Parse(site.Schedule); err != nil {
			return err
		}
	}
	return site.Validate()
}

// changed says what is another in a site that was tracked already.
func changed(old, site *mirror.Site) string {
	var all []string
	add := func(what, before, after string) {
		if before != after {
			all = append(all, fmt.Sprintf("%s from %s to %s", what, cmp.Or(before, "none"), cmp.Or(after, "none")))
		}
	}
	add("url", serving(old), serving(site))
	add("weight", fmt.Sprint(old.Weight), fmt.Sprint(site.Weight))
	add("schedule", old.Schedule, site.Schedule)
	add("zone", old.Zone, site.Zone)
	before := append(settingsOf(&old.Visit), declarationsOf(&old.Reach)...)
	after := append(settingsOf(&site.Visit), declarationsOf(&site.Reach)...)
	for i := range before {
		add(before[i].name, before[i].value, after[i].value)
	}
	if all == nil {
		return "nothing changed"
	}
	return "changed " + site.Name + ": " + strings.Join(all, ", ")
}

// serving writes a site's further URLs.
func serving(site *mirror.Site) string {
	all := make([]string, len(site.Serving))
	for i, u := range site.Serving {
		all[i] = u.String()
	}
	return strings.Join(all, " ")
}

// warnDeclared says that a site will not stay as it is, where the configuration
// declares all sites.
func (s *session) warnDeclared(site mirror.Site) {
	fate := "remove it, unless it is declared there too"
	for _, d := range s.Config.Tracked() {
		if d.ID() == site.ID() {
			fate = "make it again what is declared there"
			if d.Name == site.Name && changed(&d, &site) == "nothing changed" {
				return
			}
		}
	}
	if len(s.Config.Sites) > 0 {
		fmt.Fprintf(s.Console(), "%s: %s declares the sites: \"crawler run\" will %s\n", s.Name, s.Flags.File(s.Getenv), fate)
	}
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
		rows[i] = []any{site.Name, site.URL, serving(&site), ui.Number(site.Weight), scheduleOf(&site), site.Zone,
			given(settingsOf(&site.Visit)), given(declarationsOf(&site.Reach))}
	}
	return a.Table([]string{"site", "url", "also served at", "weight", "schedule", "zone", "visit", "reach"}, rows)
}

// scheduleOf says in a table when a site is crawled.
func scheduleOf(site *mirror.Site) string {
	if site.Learnt {
		return "by others"
	}
	return site.Schedule
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
	site, err := s.site(c.Name)
	if err != nil {
		return err
	}
	if err := s.Store.RemoveSite(a, site.ID()); err != nil {
		return err
	}
	if a.Flags.JSON {
		return a.JSON(site)
	}
	_, err = fmt.Fprintf(a.Stdout, "removed %s\n", site.Name)
	return err
}

type siteApply struct {
	File string `arg:"" help:"A configuration file with [[site]] tables."`
}

func (siteApply) Help() string {
	return "Sites that the file does not have are removed, but for those that are known from other trackers; nothing else in it counts.\n\n" + program.Examples("crawler site apply tracker.toml")
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
		for _, names := range []*[]string{&changes.Added, &changes.Updated, &changes.Removed} {
			*names = append([]string{}, *names...) // never null
		}
		return a.JSON(changes)
	}
	if len(changes.Added)+len(changes.Updated)+len(changes.Removed) == 0 {
		_, err = fmt.Fprintln(a.Stdout, "nothing changed")
		return err
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
