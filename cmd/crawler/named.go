package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"mirrortracker/internal/mirror"
	"mirrortracker/internal/ui"
)

// site returns the site that a name or URL means.
func (s *session) site(name string) (mirror.Site, error) {
	sites, err := s.named([]string{name})
	if err != nil {
		return mirror.Site{}, err
	}
	return sites[0], nil
}

// named returns the sites that names or URLs mean, each once, or all sites.
func (s *session) named(args []string) ([]mirror.Site, error) {
	all, err := s.Store.Sites(s)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		err := ui.Hint(errors.New("no site is tracked yet"), "crawler site add NAME URL")
		if len(s.Config.Sites) > 0 {
			err = s.hintApply(err)
		}
		return nil, err
	}
	if len(args) == 0 {
		return all, nil
	}
	var found []mirror.Site
	for _, arg := range args {
		site, err := pick(all, arg)
		if err != nil {
			if _, unknown := pick(s.Config.Tracked(), arg); unknown == nil {
				return nil, s.hintApply(err)
			}
			return nil, err
		}
		if !slices.ContainsFunc(found, func(f mirror.Site) bool { return f.Name == site.Name }) {
			found = append(found, site)
		}
	}
	return found, nil
}

// hintApply adds to an error how sites that are only declared become tracked.
func (s *session) hintApply(err error) error {
	file := s.Flags.File(s.Getenv)
	return ui.Hint(err, "crawler site apply "+file+" tracks the sites that are declared there, and no others; so does crawler run")
}

// pick returns the site with a name or a URL.
func pick(all []mirror.Site, arg string) (mirror.Site, error) {
	if strings.Contains(arg, "://") {
		u, err := mirror.ParseURL(arg)
		if err != nil {
			return mirror.Site{}, ui.Misuse("%w", err)
		}
		for _, site := range all {
			if slices.Contains(site.URLs(), u) {
				return site, nil
			}
		}
		return mirror.Site{}, ui.Hint(fmt.Errorf("%s is not tracked", u), "crawler site add NAME "+u.String())
	}
	for _, site := range all {
		if site.Name == arg {
			return site, nil
		}
	}
	return mirror.Site{}, ui.Hint(fmt.Errorf("no site is called %q", arg), near(all, arg))
}

// near says which sites' names are like one that does not exist.
func near(all []mirror.Site, name string) string {
	var like []string
	for _, site := range all {
		if distance(site.Name, name) <= 2 || len(name) > 2 && strings.Contains(site.Name, name) {
			like = append(like, site.Name)
		}
	}
	if len(like) == 0 {
		return "crawler site list"
	}
	return "is it " + strings.Join(like[:min(len(like), 5)], " or ") + "?"
}

// distance is the number of bytes to insert, delete or change to make b of a
// (Levenshtein's).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
