package redirect

import (
	"embed"
	"html/template"
	"net/http"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/go-chi/chi/v5"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/resolver"
	"mirrortracker/internal/store"
)

// serveFront answers /?url=URL, and without it shows the tracked sites.
func (r *Redirector) serveFront(w http.ResponseWriter, req *http.Request) {
	if value, ok := parameter(req.URL.RawQuery, "url"); ok {
		r.serveURL(w, req, value)
		return
	}
	if !r.charge(w, req, faceCost) {
		return
	}
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("Vary", "Accept")
	page := newFront(r.source, r.now())
	if wantsJSON(req) {
		if err := replyJSON(w, req, http.StatusOK, page); err != nil {
			r.giveUp(w, req, "sites cannot be written as JSON", "err", err)
		}
		return
	}
	r.showPage(w, req, frontPage, page)
}

// A front is what the front page shows.
type front struct {
	Ready bool        `json:"ready"`
	Away  *time.Time  `json:"database_away_since"` // null while it is there
	Sites []frontSite `json:"sites"`               // sorted by name

	now time.Time
}

type frontSite struct {
	Name     string         `json:"name"`
	URL      mirror.URL     `json:"url"`
	Serving  []mirror.URL   `json:"serving"`
	Country  string         `json:"country"` // "" where it does not say
	Weight   int            `json:"weight"`
	Snapshot *frontSnapshot `json:"snapshot"` // null if there is none yet
}

type frontSnapshot struct {
	Seq      int64     `json:"seq"`
	Started  time.Time `json:"started"`
	Finished time.Time `json:"finished"`
	digest.Totals
	Incomplete int64  `json:"incomplete"`
	Origin     string `json:"origin,omitempty"` // the tracker that crawled, where that was not this one
	Via        string `json:"via,omitempty"`    // whose word it is
}

func newFront(source Source, now time.Time) front {
	page := front{Sites: []frontSite{}, now: now}
	if away := source.Status().Failing; !away.IsZero() {
		away = away.UTC()
		page.Away = &away
	}
	index := source.Index()
	if index == nil {
		return page
	}
	page.Ready = true
	for _, t := range index.Sites() {
		page.Sites = append(page.Sites, newFrontSite(t))
	}
	return page
}

func newFrontSite(t resolver.Tracked) frontSite {
	return frontSite{
		Name: t.Name, URL: t.URL, Serving: append([]mirror.URL{}, t.Serving...), Country: t.Country, Weight: t.Weight,
		Snapshot: newFrontSnapshot(t.Snapshot),
	}
}

// newFrontSnapshot returns nil for a site without a snapshot.
func newFrontSnapshot(s store.Snapshot) *frontSnapshot {
	if s.Seq == 0 {
		return nil
	}
	return &frontSnapshot{
		Seq:        s.Seq,
		Started:    s.Started.UTC(),
		Finished:   s.Finished.UTC(),
		Totals:     s.Totals,
		Incomplete: s.Incomplete,
		Origin:     s.Origin,
		Via:        s.Via,
	}
}

// Ago says how long before the page's moment a time was.
func (p front) Ago(t time.Time) string { return humanize.RelTime(t, p.now, "ago", "from now") }

// Href makes a link of a site's URL, which html/template would not take
// everywhere because it does not know FTP.
func (s frontSite) Href(u mirror.URL) template.URL { return template.URL(u.String()) }

// List leads to what is on the site.
func (s frontSite) List() string { return pathOf(s.Name, mirror.Root, true) + "?list" }

//go:embed static
var static embed.FS

var staticTypes = map[string]string{"style.css": "text/css; charset=utf-8", "icon.svg": "image/svg+xml"}

// serveStatic serves what the page needs.
func serveStatic(w http.ResponseWriter, req *http.Request) {
	name := chi.URLParam(req, "file")
	kind, ok := staticTypes[name]
	if !ok {
		fail(w, req, http.StatusNotFound, "there is no such file")
		return
	}
	body, err := static.ReadFile("static/" + name)
	if err != nil {
		fail(w, req, http.StatusNotFound, "there is no such file")
		return
	}
	w.Header().Set("Cache-Control", "public, max-age=3600")
	reply(w, req, http.StatusOK, kind, string(body))
}
