package main

import (
	"fmt"

	"mirrortracker/internal/forest"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/ui"
)

// siteOf returns the root of a site's snapshot in force.
func (s *session) siteOf(name string) (*forest.Place, error) {
	site, err := s.site(name)
	if err != nil {
		return nil, err
	}
	return s.rootOf(site)
}

func (s *session) rootOf(site mirror.Site) (*forest.Place, error) {
	last, err := s.Store.History(s, site.ID(), 1)
	if err != nil {
		return nil, err
	}
	if len(last) == 0 {
		return nil, noSnapshot(site)
	}
	base, err := mirror.ParsePath(site.URL.Base)
	if err != nil {
		return nil, err
	}
	return &forest.Place{Source: s.Store, Base: base.Names(), Root: last[0].Root}, nil
}

func noSnapshot(site mirror.Site) error {
	return ui.Hint(fmt.Errorf("site %s has no snapshot yet", site.Name), "crawler crawl "+site.Name)
}
