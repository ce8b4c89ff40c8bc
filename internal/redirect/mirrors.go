package redirect

import (
	"net/http"
	"strings"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/resolver"
)

// A mirrorList is the mirrors of a place, for people and programs.
type mirrorList struct {
	URL        string         `json:"url"`  // the asked place, under the URL where its site is crawled
	Site       string         `json:"site"` // of the asked place
	Path       string         `json:"path"` // on that site, escaped
	Known      bool           `json:"known"`
	IsDir      bool           `json:"is_dir"`
	Size       *int64         `json:"size"` // of a file, in bytes; null where it is not known
	Date       string         `json:"date"` // of a file, "-" where it is not known; "" of a directory
	Tree       *tree          `json:"tree"` // the directory that it is or lies in; null where nothing is known of it
	Incomplete string         `json:"incomplete"`
	Snapshot   *frontSnapshot `json:"snapshot"`
	Names      []string       `json:"names"`  // URNs
	Reason     string         `json:"reason"` // why there is no choice; "" if there is
	Mirrors    []mirrorRow    `json:"mirrors"`
	LeftOut    []mirrorRow    `json:"left_out"`
}

// A tree is what a directory amounts to.
type tree struct {
	Directory string     `json:"directory"` // on its site, escaped
	ID        digest.ID  `json:"id"`
	Exact     digest.Sum `json:"exact"`
	Blind     digest.Sum `json:"blind"`
	digest.Totals
}

// A mirrorRow is one of the mirrors.
type mirrorRow struct {
	URL         string  `json:"url"`
	Site        string  `json:"site"`
	Country     string  `json:"country"`  // "" where it is not known
	Priority    int     `json:"priority"` // 1 is where a redirect leads; 0 for one that is left out
	Match       string  `json:"match"`
	Depth       int     `json:"depth"`  // path levels above that are mirrored too
	Differ      int     `json:"differ"` // of match file, entries in which the two directories differ
	Cost        float64 `json:"cost_km"`
	Probability float64 `json:"probability"`
	Reason      string  `json:"reason"`

	candidate *Candidate
}

func newMirrorList(a *Answer, names []string) *mirrorList {
	found := a.Resolved
	l := &mirrorList{
		URL:        a.URL,
		Site:       found.Site.Name,
		Path:       escapePath(found.Asked, found.IsDir),
		Known:      found.Known,
		IsDir:      found.IsDir,
		Tree:       newTree(found),
		Incomplete: found.Incomplete(),
		Snapshot:   newFrontSnapshot(found.Snapshot()),
		Names:      append([]string{}, names...),
		Reason:     a.Reason,
		Mirrors:    mirrorRows(a.Candidates, 1),
		LeftOut:    mirrorRows(a.LeftOut, 0),
	}
	if found.File != "" {
		l.Date = found.Date.String()
		if found.Size != digest.UnknownSize {
			size := found.Size
			l.Size = &size
		}
	}
	return l
}

func newTree(found *resolver.Answer) *tree {
	s := found.Tree()
	if s.ID.IsZero() {
		return nil
	}
	return &tree{mirror.EscapePath(found.Dir.Dir()), s.ID, s.Exact, s.Blind, s.Totals}
}

// mirrorRows numbers candidates from a priority on, unless it is 0.
func mirrorRows(all []Candidate, priority int) []mirrorRow {
	rows := make([]mirrorRow, len(all))
	for i := range all {
		c := &all[i]
		rows[i] = mirrorRow{
			URL: c.URL(), Site: c.Site.Name, Country: c.Country, Match: c.Match(),
			Depth: c.Depth, Differ: c.Differ, Cost: c.Cost, Probability: c.Probability, Reason: c.Reason, candidate: c,
		}
		if priority > 0 {
			rows[i].Priority = priority + i
		}
	}
	return rows
}

func escapePath(p mirror.Path, dir bool) string {
	if dir {
		return mirror.EscapePath(p.Dir())
	}
	return mirror.EscapePath(string(p))
}

// scheme returns that of the location, "" if there is none.
func (a *Answer) scheme() string {
	if len(a.Candidates) == 0 {
		return ""
	}
	return a.Candidates[0].Base.Scheme
}

// serveMirrors shows the mirrors of a place.
func (r *Redirector) serveMirrors(w http.ResponseWriter, req *http.Request, q *Question) event {
	a, err := r.explained(req, q)
	if err != nil {
		return refuse(w, req, err)
	}
	done := event{"mirrors", a.Match, a.scheme()}
	list := newMirrorList(a, r.namesOf(a.Resolved))
	switch textForm(req) {
	case jsonText:
		if err := replyJSON(w, req, http.StatusOK, list); err != nil {
			r.giveUp(w, req, "mirrors cannot be written as JSON", "url", a.URL, "err", err)
			done.outcome = "error"
		}
	case plainText:
		reply(w, req, http.StatusOK, plainText, lines(a.Candidates, "\n"))
	default:
		r.showPage(w, req, mirrorsPage, newMirrorsView(req, q, a, list))
	}
	return done
}

// textForm returns the form in which a client wants what is a page otherwise, ""
// for the page: by the parameters json and text, or by Accept.
func textForm(req *http.Request) string {
	if _, ok := parameter(req.URL.RawQuery, "json"); ok {
		return jsonText
	}
	if _, ok := parameter(req.URL.RawQuery, "text"); ok {
		return plainText
	}
	switch preferred(req, jsonText, "text/plain") {
	case jsonText:
		return jsonText
	case "text/plain":
		return plainText
	}
	return ""
}

// lines writes one URL a line.
func lines(all []Candidate, end string) string {
	var b strings.Builder
	for i := range all {
		b.WriteString(all[i].URL())
		b.WriteString(end)
	}
	return b.String()
}

// namesOf returns the URNs of a place: those of the asked one first, then those
// of its replicas.
func (r *Redirector) namesOf(a *resolver.Answer) []string {
	if len(r.names.Archives()) == 0 {
		return nil
	}
	var all []string
	seen := map[string]bool{}
	add := func(site string, path mirror.Path, dir bool) {
		for _, name := range r.names.Of(site, path, dir) {
			if !seen[name] {
				seen[name] = true
				all = append(all, name)
			}
		}
	}
	add(a.Site.Name, a.Asked, a.IsDir)
	replicas := a.Replicas()
	for i := range replicas {
		add(replicas[i].Site.Name, replicas[i].Path, replicas[i].IsDir)
	}
	return all
}
