package main

import (
	"errors"
	"fmt"
	"time"

	"mirrortracker/internal/mirror"
	"mirrortracker/internal/process"
	"mirrortracker/internal/program"
	"mirrortracker/internal/store"
	"mirrortracker/internal/ui"
)

type suspectCommand struct {
	List   suspectList   `cmd:"" help:"List what is set aside."`
	Accept suspectAccept `cmd:"" help:"Publish what is set aside of a site."`
	Drop   suspectDrop   `cmd:"" help:"Forget what is set aside of a site."`
}

type suspectList struct{}

func (suspectList) Help() string {
	return "A crawl that finds far less than the one before is set aside: the snapshot before it stays in force until another crawl confirms what was found, or somebody accepts it.\n\n" +
		program.Examples("crawler suspect list", "crawler suspect list --json")
}

// A doubt is what is set aside of one site.
type doubt struct {
	Site    string        `json:"site"`
	Found   snapshotJSON  `json:"found"`    // its number is 0
	InForce *snapshotJSON `json:"in_force"` // null if there is none
	Reason  string        `json:"reason"`
	Since   time.Time     `json:"since"` // when the first in a row was found
}

// Run prints what is set aside.
func (suspectList) Run(a *program.App) error {
	s, err := open(a)
	if err != nil {
		return err
	}
	defer s.Close()
	all, err := s.doubts()
	if err != nil {
		return err
	}
	if a.Flags.JSON {
		return a.JSON(all)
	}
	now := time.Now()
	rows := make([][]any, len(all))
	for i, d := range all {
		var files, bytes any = "-", "-"
		if d.InForce != nil {
			files, bytes = ui.Number(d.InForce.Files), ui.Volume(d.InForce.Bytes)
		}
		rows[i] = []any{d.Site, stamp(a.Env, d.Found.Finished, now), stamp(a.Env, d.Since, now),
			ui.Number(d.Found.Files), files, ui.Volume(d.Found.Bytes), bytes, ui.Rest(d.Reason)}
	}
	return a.Table([]string{"site", "found", "since", "files", "before", "bytes", "before", "reason"}, rows)
}

// doubts puts together what is set aside, sorted by the sites' names.
func (s *session) doubts() ([]doubt, error) {
	sites, err := s.Store.Sites(s)
	if err != nil {
		return nil, err
	}
	suspects, err := s.Store.Suspects(s)
	if err != nil {
		return nil, err
	}
	current, err := s.Store.Current(s)
	if err != nil {
		return nil, err
	}
	aside := map[mirror.SiteID]store.Suspect{}
	for _, p := range suspects {
		aside[p.Site] = p
	}
	inForce := map[mirror.SiteID]*snapshotJSON{}
	for _, p := range current {
		inForce[p.Site] = describe(p)
	}
	all := []doubt{} // never null
	for _, site := range sites {
		if p, ok := aside[site.ID()]; ok {
			all = append(all, doubt{
				Site:    site.Name,
				Found:   *describe(p.Snapshot),
				InForce: inForce[site.ID()],
				Reason:  p.Reason,
				Since:   p.Since,
			})
		}
	}
	return all, nil
}

type suspectAccept struct {
	Name string `arg:"" help:"The site's name, or its URL."`
}

func (suspectAccept) Help() string {
	return "It is the site's snapshot in force from then on.\n\n" + program.Examples("crawler suspect accept gnu")
}

// Run publishes what is set aside.
func (c *suspectAccept) Run(a *program.App) error {
	s, err := open(a)
	if err != nil {
		return err
	}
	defer s.Close()
	site, err := s.site(c.Name)
	if err != nil {
		return err
	}
	snap, err := s.Store.AcceptSuspect(s, site.ID(), process.Name())
	switch held := (*store.LeaseHeldError)(nil); {
	case errors.Is(err, store.ErrNoSuspect):
		return nothingAside(site)
	case errors.As(err, &held):
		return ui.Hint(fmt.Errorf("%s is being crawled by %s, which may confirm it", site.Name, process.Short(held.Owner)), "wait until that ends")
	case err != nil:
		return err
	}
	if a.Flags.JSON {
		return a.JSON(describe(snap))
	}
	_, err = fmt.Fprintf(a.Stdout, "published as snapshot %d of %s\n", snap.Seq, site.Name)
	return err
}

type suspectDrop struct {
	Name string `arg:"" help:"The site's name, or its URL."`
}

func (suspectDrop) Help() string {
	return "The next crawl is compared with the snapshot in force again.\n\n" + program.Examples("crawler suspect drop gnu")
}

// Run forgets what is set aside.
func (c *suspectDrop) Run(a *program.App) error {
	s, err := open(a)
	if err != nil {
		return err
	}
	defer s.Close()
	site, err := s.site(c.Name)
	if err != nil {
		return err
	}
	err = s.Store.DropSuspect(s, site.ID())
	if errors.Is(err, store.ErrNoSuspect) {
		return nothingAside(site)
	}
	if err != nil {
		return err
	}
	if a.Flags.JSON {
		return a.JSON(site)
	}
	_, err = fmt.Fprintf(a.Stdout, "dropped what was set aside of %s\n", site.Name)
	return err
}

func nothingAside(site mirror.Site) error {
	return ui.Hint(fmt.Errorf("nothing is set aside of %s", site.Name), "crawler suspect list")
}

// describe is a snapshot in JSON.
func describe(p store.Snapshot) *snapshotJSON {
	return &snapshotJSON{
		Number:      p.Seq,
		Started:     p.Started.UTC(),
		Finished:    p.Finished.UTC(),
		Directories: p.Dirs,
		Files:       p.Files,
		Bytes:       p.Bytes,
		Incomplete:  p.Incomplete,
	}
}
