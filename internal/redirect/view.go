package redirect

import (
	"fmt"
	"math"
	"net/http"
	"strconv"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/human"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/resolver"
)

// A mirrorsView is what the page of mirrors, and that which explains them, show.
type mirrorsView struct {
	Title, Heading, Summary string
	Crumbs                  []crumb
	Self                    string // the path of the place on this server
	IsDir                   bool
	Explain                 bool
	Reason                  string
	Mirrors, LeftOut        []mirrorView
	Legend                  []meaning
	Commands                []command
	Facts                   []fact
}

type mirrorView struct {
	mirrorRow
	Kilometres, Chance string
	Terms              []term
}

// A term is a part of a cost.
type term struct{ KM, Name, Why string }

type meaning struct{ Name, Meaning string }

type command struct{ For, Text string }

type fact struct {
	Name, Text string
	Code       bool
}

// meanings say what the match classes mean.
var meanings = []meaning{
	{"original", "the place that was asked for"},
	{"exact", "names, sizes and dates are equal, of everything in the directory and below"},
	{"blind", "names and sizes are equal; dates are not"},
	{"file", "this file is equal in name, size and date; other files in its directory are not"},
	{"none", "nothing is known of it but where it should be"},
}

func newMirrorsView(req *http.Request, q *Question, a *Answer, l *mirrorList) *mirrorsView {
	found := a.Resolved
	self := pathOf(l.Site, found.Asked, l.IsDir)
	v := &mirrorsView{
		Heading: "Mirrors of " + placeName(found),
		Crumbs:  crumbs(l.Site, found.Asked.Parent()),
		Self:    self,
		IsDir:   l.IsDir,
		Reason:  l.Reason,
	}
	v.Title = v.Heading
	seen := map[string]bool{}
	sites := map[string]bool{}
	for i := range l.Mirrors {
		row := &l.Mirrors[i]
		seen[row.Match], sites[row.Site] = true, true
		v.Mirrors = append(v.Mirrors, newMirrorView(row))
	}
	for i := range l.LeftOut {
		seen[l.LeftOut[i].Match] = true
		v.LeftOut = append(v.LeftOut, newMirrorView(&l.LeftOut[i]))
	}
	for _, m := range meanings {
		if seen[m.Name] {
			v.Legend = append(v.Legend, m)
		}
	}
	v.Summary = fmt.Sprintf("%s on %s, the best for %s first.", plural(int64(len(v.Mirrors)), "address", "addresses"), plural(int64(len(sites)), "site", "sites"), addressee(req, q))
	v.Commands = commands(serverOf(req, q)+self, l.IsDir)
	v.Facts = facts(found, l)
	return v
}

func newMirrorView(row *mirrorRow) mirrorView {
	v := mirrorView{mirrorRow: *row, Kilometres: "-", Chance: "-"}
	for _, t := range row.candidate.Terms {
		if t.KM == 0 && t.Why == "" {
			continue
		}
		v.Terms = append(v.Terms, term{strconv.Itoa(int(math.Round(t.KM))), t.Name, t.Why})
	}
	if row.Cost > 0 {
		v.Kilometres = strconv.Itoa(int(math.Round(row.Cost))) + " km"
	}
	switch {
	case row.Probability >= 0.001:
		v.Chance = strconv.FormatFloat(100*row.Probability, 'f', 1, 64) + " %"
	case row.Probability > 0:
		v.Chance = "< 0.1 %"
	}
	return v
}

// addressee says for whom the order is.
func addressee(req *http.Request, q *Question) string {
	if _, given := parameter(req.URL.RawQuery, "from"); given {
		return q.Client.String()
	}
	return "you"
}

func plural(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return human.Count(n) + " " + many
}

// placeName returns the last name of a place, or its site's.
func placeName(found *resolver.Answer) string {
	names := found.Asked.Names()
	if len(names) == 0 {
		return found.Site.Name
	}
	return printable(names[len(names)-1])
}

// commands are to be copied into a shell. The URL has no single quote in it.
func commands(u string, isDir bool) []command {
	if isDir {
		return []command{
			{"all files, from several mirrors at once", "aria2c --follow-metalink=mem '" + u + "?meta4'"},
			{"all files below it, too", "aria2c --follow-metalink=mem '" + u + "?meta4&recursive'"},
			{"the mirrors' addresses", "curl '" + u + "?mirrors&text'"},
		}
	}
	return []command{
		{"from the nearest mirror", "curl -L -O '" + u + "'"},
		{"from several mirrors at once", "aria2c --follow-metalink=mem '" + u + "?meta4'"},
		{"the mirrors' addresses", "curl '" + u + "?mirrors&text'"},
	}
}

// facts is what the index has of a place.
func facts(found *resolver.Answer, l *mirrorList) []fact {
	var all []fact
	add := func(name, text string, code bool) {
		if text != "" {
			all = append(all, fact{name, text, code})
		}
	}
	if l.Size != nil {
		add("Size", human.Bytes(*l.Size)+" ("+strconv.FormatInt(*l.Size, 10)+" bytes)", false)
	}
	if found.File != "" && found.Date.Known() {
		add("Date", found.Date.String(), false)
	}
	real := found.Dir
	if found.File != "" {
		real = real.Join(found.File)
	}
	if found.Known && real != found.Asked {
		add("Really", escapePath(real, found.IsDir), true)
	}
	if t := l.Tree; t != nil {
		add("Directory", t.Directory, true)
		add("Holds", fmt.Sprintf("%s in %s, %s", plural(t.Files, "file", "files"), plural(t.Dirs, "directory", "directories"), human.Bytes(t.Bytes)), false)
		add("Exact digest", digestText(t.Exact), true)
		add("Blind digest", digestText(t.Blind), true)
	}
	if l.Incomplete != "" {
		add("Incomplete", l.Incomplete, false)
	}
	if s := l.Snapshot; s != nil {
		add("Seen", stamp(s.Finished), false)
		if s.Origin != "" {
			add("Crawled by", s.Origin, false)
		}
	}
	for _, name := range l.Names {
		add("Name", name, true)
	}
	return all
}

func digestText(s digest.Sum) string {
	if s.Absent() {
		return ""
	}
	return s.String()
}

// A listView is what the page of a directory shows.
type listView struct {
	Title, Heading, Summary string
	Crumbs                  []crumb
	Self                    string
	Entries                 []entryView
	Next                    string
}

type entryView struct {
	Name, Href, Note, Mirrors string
	Size, Files, Date         string
}

func newListView(found *resolver.Answer, d *directory, p page) *listView {
	self := pathOf(d.Site, found.Asked, true)
	v := &listView{Heading: placeName(found), Self: self, Crumbs: crumbs(d.Site, found.Asked.Parent())}
	if found.Asked == mirror.Root {
		v.Crumbs = nil
	}
	v.Title = v.Heading
	if t := d.Tree; t != nil {
		v.Summary = fmt.Sprintf("%s and %s, %s", plural(t.Files, "file", "files"), plural(t.Dirs, "directory", "directories"), human.Bytes(t.Bytes))
	}
	if d.Incomplete != "" {
		v.Summary += "; more may be there: incomplete (" + d.Incomplete + ")"
	}
	for i := range d.Entries {
		v.Entries = append(v.Entries, newEntryView(found, &d.Entries[i]))
	}
	if d.Next != "" {
		v.Next = self + "?list&cursor=" + d.Next
		if p.limit != usualPage {
			v.Next += "&limit=" + strconv.Itoa(p.limit)
		}
	}
	return v
}

func newEntryView(found *resolver.Answer, e *entry) entryView {
	place := found.Asked.Join(e.raw)
	at := pathOf(found.Site.Name, place, e.Kind == "directory")
	v := entryView{Name: printable(e.raw), Href: at, Date: e.Date, Mirrors: at + "?mirrors"}
	switch e.Kind {
	case "directory":
		v.Name += "/"
		v.Href += "?list"
		v.Size, v.Files = human.Bytes(*e.Bytes), human.Count(*e.Files)
		if e.Incomplete != "" {
			v.Note = "incomplete"
		}
	case "link":
		v.Note = "link"
		if e.Target != "" {
			v.Note = "link to " + e.Target
		}
	default:
		v.Size = "?"
		if e.Size != nil {
			v.Size = human.Bytes(*e.Size)
		}
	}
	return v
}

// serveExplain shows why an answer is what it is, as a page; as JSON it is all
// that is known.
func (r *Redirector) serveExplain(w http.ResponseWriter, req *http.Request, q *Question) event {
	if textForm(req) == jsonText {
		return r.serveJSON(w, req, q)
	}
	a, err := r.explained(req, q)
	if err != nil {
		return refuse(w, req, err)
	}
	v := newMirrorsView(req, q, a, newMirrorList(a, r.namesOf(a.Resolved)))
	v.Explain = true
	v.Heading = "Where " + placeName(a.Resolved) + " comes from"
	v.Title = v.Heading
	v.Summary += " The client: " + a.Client.String() + "."
	r.showPage(w, req, mirrorsPage, v)
	return event{"explain", a.Match, a.scheme()}
}
