package main

import (
	"cmp"
	"fmt"
	"time"

	"mirrortracker/internal/process"
	"mirrortracker/internal/standing"
	"mirrortracker/internal/store"
	"mirrortracker/internal/ui"
)

// maxEvents bounds how many events are shown.
const maxEvents = 10_000

// freshness is for how long it counts what a redirector has found: each writes that
// all is as it was every minute.
const freshness = 10 * time.Minute

// fresh returns what was found lately about a site's URLs.
func fresh(s *standing.Site, now time.Time) (found []store.Health) {
	for _, h := range s.Health {
		if now.Sub(h.Checked) < freshness {
			found = append(found, h)
		}
	}
	return found
}

// health tells how many of a site's URLs are offered to clients. Those that have no
// address of a family do not count.
func health(s *standing.Site, now time.Time) string {
	all, offered := 0, 0
	for _, h := range fresh(s, now) {
		if h.State == "absent" {
			continue
		}
		all++
		if h.State != "down" {
			offered++
		}
	}
	switch {
	case all == 0:
		return "-"
	case offered == all:
		return "up"
	case offered == 0:
		return "down"
	}
	return fmt.Sprintf("%d of %d up", offered, all)
}

// isDown reports whether any URL of a site is.
func isDown(s *standing.Site, now time.Time) bool {
	for _, h := range fresh(s, now) {
		if h.State == "down" {
			return true
		}
	}
	return false
}

// A healthJSON is how one URL was found last over one family of addresses.
type healthJSON struct {
	URL     string    `json:"url"`
	Family  string    `json:"family"`
	State   string    `json:"state"` // unknown, up, stale, absent or down
	Since   time.Time `json:"since"`
	Reason  string    `json:"reason,omitempty"`
	Checked time.Time `json:"checked"`
	Checker string    `json:"checker"` // the process that has found it
}

func healthJSONs(found []store.Health) []healthJSON {
	all := make([]healthJSON, len(found))
	for i, h := range found {
		all[i] = healthJSON{h.URL, h.Family, h.State, h.Since.UTC(), h.Reason, h.Checked.UTC(), process.Short(h.Checker)}
	}
	return all
}

// An eventJSON is one change in health.
type eventJSON struct {
	Time    time.Time `json:"time"`
	Event   string    `json:"event"`          // state or brake
	Site    string    `json:"site,omitempty"` // its name, or its identity where it is no longer tracked
	URL     string    `json:"url,omitempty"`
	Family  string    `json:"family"`
	Scheme  string    `json:"scheme,omitempty"`
	From    string    `json:"from"`
	To      string    `json:"to"`
	Reason  string    `json:"reason,omitempty"`
	Checker string    `json:"checker"`
}

// showEvents prints the last changes in health, the latest first.
func showEvents(s *session, limit int) error {
	events, err := s.Store.HealthEvents(s, limit)
	if err != nil {
		return err
	}
	sites, err := s.Store.Sites(s)
	if err != nil {
		return err
	}
	names := map[string]string{}
	for _, site := range sites {
		names[site.ID().String()] = site.Name
	}
	shown := make([]eventJSON, len(events))
	for i, e := range events {
		shown[i] = eventJSON{e.Time, e.Kind, "", e.URL, e.Family, e.Scheme, e.From, e.To, e.Reason, process.Short(e.Checker)}
		if e.URL != "" {
			id := e.Site.String()
			if shown[i].Site = names[id]; shown[i].Site == "" {
				shown[i].Site = id
			}
		}
	}
	if s.Flags.JSON {
		return s.JSON(shown)
	}
	now := time.Now()
	rows := make([][]any, len(shown))
	for i, e := range shown {
		what := e.URL
		if e.Event == "brake" {
			what = "brake on " + cmp.Or(e.Scheme, "all")
		}
		rows[i] = []any{stamp(s.Env, e.Time, now), cmp.Or(e.Site, "-"), what, e.Family, e.From, e.To, ui.Rest(e.Reason)}
	}
	return s.Table([]string{"time", "site", "what", "family", "from", "to", "reason"}, rows)
}
