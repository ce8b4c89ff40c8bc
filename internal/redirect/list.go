package redirect

import (
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/resolver"
)

// The entries of a directory that are shown at a time.
const (
	usualPage = 1000
	maxPage   = 10_000
)

var (
	errNoDirectory = errors.New("no directory of that path is in the index")
	errCursor      = errors.New("parameter cursor is none that this server gave")
	errLimit       = errors.New("parameter limit is not a number from 1 to 10000")
)

// A directory is one directory of the index, with some of its entries.
type directory struct {
	URL        string         `json:"url"` // under the URL where its site is crawled
	Site       string         `json:"site"`
	Path       string         `json:"path"` // as it was asked, on its site, escaped
	Real       string         `json:"real"` // links followed
	Tree       *tree          `json:"tree"`
	Incomplete string         `json:"incomplete"` // why it has no digests; "" if it has
	Snapshot   *frontSnapshot `json:"snapshot"`
	Entries    []entry        `json:"entries"` // in the order of the bytes of their names
	Next       string         `json:"next"`    // the cursor of the next page; "" on the last
}

// An entry is one name in a directory.
type entry struct {
	Name       string      `json:"name"` // escaped
	Kind       string      `json:"kind"` // file, directory or link
	Size       *int64      `json:"size,omitempty"`
	Date       string      `json:"date,omitempty"`
	Target     string      `json:"target,omitempty"` // of a link, escaped
	Exact      *digest.Sum `json:"exact,omitempty"`  // of a directory, as what follows
	Blind      *digest.Sum `json:"blind,omitempty"`
	Files      *int64      `json:"files,omitempty"`
	Bytes      *int64      `json:"bytes,omitempty"`
	Incomplete string      `json:"incomplete,omitempty"`

	raw string
}

// newDirectory reads a page of a directory.
func newDirectory(found *resolver.Answer, p page) (*directory, error) {
	if !found.IsDir {
		return nil, errNoDirectory
	}
	d := &directory{
		URL:        found.Site.URL.At(found.Asked, true),
		Site:       found.Site.Name,
		Path:       mirror.EscapePath(found.Asked.Dir()),
		Real:       mirror.EscapePath(found.Dir.Dir()),
		Tree:       newTree(found),
		Incomplete: found.Incomplete(),
		Snapshot:   newFrontSnapshot(found.Snapshot()),
		Entries:    []entry{},
	}
	for e := range found.Folder().Entries(p.after) {
		if len(d.Entries) == p.limit {
			d.Next = cursor(d.Entries[len(d.Entries)-1].raw)
			break
		}
		d.Entries = append(d.Entries, newEntry(&e))
	}
	return d, nil
}

func newEntry(e *resolver.Entry) entry {
	out := entry{Name: mirror.EscapePath(e.Name), Kind: e.Kind.String(), raw: e.Name}
	switch e.Kind {
	case digest.File:
		out.Date = e.Date.String()
		if e.Size != digest.UnknownSize {
			out.Size = &e.Size
		}
	case digest.Link:
		out.Target = mirror.EscapePath(e.Target)
	case digest.Dir:
		s := e.Folder.Summary()
		out.Exact, out.Blind, out.Files, out.Bytes = &s.Exact, &s.Blind, &s.Files, &s.Bytes
		out.Incomplete = e.Folder.Incomplete()
	}
	return out
}

// A page is which of many entries are shown.
type page struct {
	after string // the name before the first one
	limit int
}

// pageOf reads the parameters cursor and limit.
func pageOf(query string) (page, error) {
	p := page{limit: usualPage}
	if value, ok := parameter(query, "limit"); ok {
		n, err := strconv.Atoi(value)
		if err != nil || n < 1 || n > maxPage {
			return p, errLimit
		}
		p.limit = n
	}
	if value, ok := parameter(query, "cursor"); ok {
		name, err := base64.RawURLEncoding.DecodeString(value)
		if err != nil || len(name) == 0 {
			return p, errCursor
		}
		p.after = string(name)
	}
	return p, nil
}

// cursor makes the parameter of that name for what comes after a name.
func cursor(name string) string { return base64.RawURLEncoding.EncodeToString([]byte(name)) }

// resolve finds the place of a question in the index in force.
func (r *Redirector) resolve(q *Question) (*resolver.Answer, error) {
	index := r.source.Index()
	if index == nil {
		return nil, ErrNotReady
	}
	site, path, err := index.Locate(q.Text)
	if err != nil {
		return nil, err
	}
	found := new(resolver.Answer)
	index.Resolve(found, site, path)
	return found, nil
}

// serveList shows a directory.
func (r *Redirector) serveList(w http.ResponseWriter, req *http.Request, q *Question) event {
	p, err := pageOf(req.URL.RawQuery)
	if err != nil {
		return refuse(w, req, err)
	}
	found, err := r.resolve(q)
	if err != nil {
		return refuse(w, req, err)
	}
	d, err := newDirectory(found, p)
	if err != nil {
		fail(w, req, http.StatusNotFound, err.Error())
		return event{"list", "none", ""}
	}
	if textForm(req) == jsonText {
		if err := replyJSON(w, req, http.StatusOK, d); err != nil {
			r.giveUp(w, req, "directory cannot be written as JSON", "url", d.URL, "err", err)
			return event{"error", "none", ""}
		}
	} else {
		r.showPage(w, req, listPage, newListView(found, d, p))
	}
	return event{"list", "none", ""}
}
