package mirroradmin

import (
	"fmt"

	"mirrortracker/internal/distftp/mirrors"
	"mirrortracker/internal/human"
)

// An entryArg is a member of an entry.
type entryArg struct {
	ID   int    `arg:"" name:"MirrorID" help:"The number of the mirror entry."`
	Site string `arg:"" name:"alias|LOCAL" help:"The path of an alias, or LOCAL for this server's own site."`
}

type addMember struct {
	ID     int    `arg:"" name:"MirrorID" help:"The number of the mirror entry, which is made if it is not there; 0 for a new one with the next number."`
	Weight int    `arg:"" help:"The site's share of downloads is its weight / the sum of all weights of the entry."`
	Site   string `arg:"" name:"alias|LOCAL" help:"The path of an alias, or LOCAL for this server's own site."`
}

func (addMember) Help() string {
	return "The first site of an entry is its default, to which clients are sent if another one fails. A site that is a member already gets the new weight.\n\n" + examples(
		"ftpd mirror addmirror 1 60 LOCAL",
		"ftpd mirror addmirror 1 40 /remote_site_3",
		"ftpd mirror addmirror 0 100 LOCAL")
}

// Run adds the member.
func (c *addMember) Run(a *App) error {
	p, err := a.site(c.Site)
	if err != nil {
		return err
	}
	return a.with(func(s *mirrors.Store) error {
		id, err := s.AddMember(a, c.ID, c.Weight, p)
		if err != nil {
			return err
		}
		var tried []string
		if p != "" {
			tried = a.try(s, p)
		}
		e, m, err := memberOf(s, id, p)
		if err != nil {
			return err
		}
		return a.done(listed(e), append([]string{fmt.Sprintf("MirrorID %d: %s has weight %d, %s of downloads", id, siteName(p), c.Weight, percent(e.Share(m)))}, tried...)...)
	})
}

func percent(share float64) string { return fmt.Sprintf("%.1f%%", 100*share) }

type setDefault struct{ entryArg }

func (setDefault) Help() string {
	return "The default is where clients are sent if another site of the entry fails.\n\n" + examples("ftpd mirror defmirror 1 /remote_site_3")
}

// Run sets the default.
func (c *setDefault) Run(a *App) error {
	p, err := a.site(c.Site)
	if err != nil {
		return err
	}
	return a.with(func(s *mirrors.Store) error {
		if err := s.SetDefault(a, c.ID, p); err != nil {
			return err
		}
		e, _, err := memberOf(s, c.ID, p)
		if err != nil {
			return err
		}
		return a.done(listed(e), fmt.Sprintf("MirrorID %d: %s is the default", c.ID, siteName(p)))
	})
}

type delMember struct{ entryArg }

func (delMember) Help() string {
	return "If it is the default, the first site that is left becomes it. With the last site the entry goes, unless directories are bound to it.\n\n" + examples("ftpd mirror delmirror 1 /remote_site_3")
}

// Run removes the member.
func (c *delMember) Run(a *App) error {
	p, err := a.site(c.Site)
	if err != nil {
		return err
	}
	return a.with(func(s *mirrors.Store) error {
		if err := s.DeleteMember(a, c.ID, p); err != nil {
			return err
		}
		e := s.View().Entry(c.ID)
		if e == nil {
			return a.done(entry{ID: c.ID, Members: []member{}}, fmt.Sprintf("MirrorID %d: %s is removed, and with it the entry", c.ID, siteName(p)))
		}
		return a.done(listed(e), fmt.Sprintf("MirrorID %d: %s is removed; %s left, of which %s is the default", c.ID, siteName(p),
			human.Plural(int64(len(e.Members)), "site is", "sites are"), e.Default().Name()))
	})
}
