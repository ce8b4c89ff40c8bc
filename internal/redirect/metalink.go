package redirect

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/metalink"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/resolver"
)

// The bounds of a Metalink.
const (
	maxMetalinkURLs    = 20      // of a file; programs use few at a time
	maxMetalinkFiles   = 10_000  // of a directory
	maxMetalinkEntries = 200_000 // that are looked at to find them
	maxMetalinkDepth   = 64      // directories below each other
)

var (
	errNoFiles    = errors.New("there is no file in that directory whose name a Metalink can hold; ?list shows what is there")
	errTooMany    = errors.New("there are so many entries in that directory that no file was found among the first ones; ask for a directory below")
	errUnknownDir = errors.New("nothing is known of that directory; only what is in the index can be described")
)

// serveMetalink describes a file, or all files of a directory, with the parameter
// recursive those below it as well.
func (r *Redirector) serveMetalink(w http.ResponseWriter, req *http.Request, q *Question) event {
	a, err := r.Decide(*q, maxMetalinkURLs)
	if err != nil {
		return refuse(w, req, err)
	}
	_, recursive := parameter(req.URL.RawQuery, "recursive")
	d := description{Answer: a, recursive: recursive, left: maxMetalinkEntries, most: maxMetalinkFiles}
	d.header = metalink.Header{
		Generator: "mirrortracker",
		Origin:    r.originOf(req, q, a, recursive),
		Published: a.Resolved.Snapshot().Finished,
		Updated:   r.now(),
	}
	return r.sendMetalink(w, req, &d)
}

func (r *Redirector) sendMetalink(w http.ResponseWriter, req *http.Request, d *description) event {
	out := &late{ResponseWriter: w, name: d.fileName()}
	to := bufio.NewWriterSize(out, 32<<10)
	err := d.write(to)
	if err == nil {
		err = to.Flush()
	}
	switch {
	case err == nil:
		return event{"meta4", d.Match, d.scheme()}
	case out.begun: // the client is gone
		return event{"error", d.Match, ""}
	case errors.Is(err, metalink.ErrName):
		fail(w, req, http.StatusNotAcceptable, err.Error())
	case errors.Is(err, errNoFiles), errors.Is(err, errTooMany), errors.Is(err, errUnknownDir):
		fail(w, req, http.StatusNotFound, err.Error())
	default:
		r.giveUp(w, req, "Metalink cannot be written", "url", d.URL, "err", err)
	}
	return event{"error", d.Match, ""}
}

// originOf returns where the same description is had anew.
func (r *Redirector) originOf(req *http.Request, q *Question, a *Answer, recursive bool) string {
	server := serverOf(req, q)
	if server == "" {
		return ""
	}
	origin := server + pathOf(a.Resolved.Site.Name, a.Resolved.Asked, a.Resolved.IsDir) + "?meta4"
	if recursive {
		origin += "&recursive"
	}
	if q.Within != "" {
		origin += "&within=" + url.QueryEscape(q.Within)
	}
	return origin
}

// late sends the head of a response with the first of its body.
type late struct {
	http.ResponseWriter
	name  string
	begun bool
}

func (l *late) Write(b []byte) (int, error) {
	if !l.begun {
		l.begun = true
		h := l.Header()
		h.Set("Content-Type", metalink.Type)
		h.Set("Content-Disposition", `attachment; filename="`+l.name+`"`)
	}
	return l.ResponseWriter.Write(b)
}

// A description is a Metalink in the making.
type description struct {
	*Answer
	header    metalink.Header
	recursive bool
	left      int // entries that may still be looked at
	most      int // files that may be written
	files     int // that were written
	unnamable int // files that were left out because of their names
	cut       bool
}

// write describes what was found. It is [metalink.ErrName], errNoFiles,
// errTooMany or errUnknownDir, and nothing is written, where there is nothing to
// describe.
func (d *description) write(to io.Writer) error {
	w := metalink.NewWriter(to, d.header)
	found := d.Resolved
	switch {
	case !d.Candidates[0].IsDir:
		name := found.File
		size := found.Size
		if !found.Known {
			names := found.Asked.Names()
			name, size = names[len(names)-1], digest.UnknownSize
		}
		if err := w.File(&metalink.File{Name: name, Size: size, URLs: urls(d.Candidates, "", digest.UnknownSize)}); err != nil {
			return err
		}
		return w.Close()
	case !found.Known:
		return errUnknownDir
	}
	if err := d.folder(w, found.Folder(), "", 0); err != nil {
		return err
	}
	switch {
	case d.files == 0 && d.cut:
		return errTooMany
	case d.files == 0:
		return errNoFiles
	}
	if d.cut {
		if err := w.Comment(fmt.Sprintf("only the first %d files: the directory has more than a description holds", d.files)); err != nil {
			return err
		}
	}
	if d.unnamable > 0 {
		if err := w.Comment(fmt.Sprintf("%d files left out: no description can hold their names", d.unnamable)); err != nil {
			return err
		}
	}
	return w.Close()
}

// folder describes the files of a folder, the ones below it after its own.
func (d *description) folder(w *metalink.Writer, f resolver.Folder, prefix string, depth int) error {
	for e := range f.Entries("") {
		if d.left--; d.left < 0 || d.files == d.most && e.Kind == digest.File {
			d.cut = true
			return nil
		}
		if e.Kind != digest.File {
			continue
		}
		err := w.File(&metalink.File{
			Name: prefix + e.Name, Size: e.Size, URLs: urls(d.Candidates, prefix+e.Name, e.Size),
		})
		switch {
		case errors.Is(err, metalink.ErrName):
			d.unnamable++
		case err != nil:
			return err
		default:
			d.files++
		}
	}
	if !d.recursive {
		return nil
	}
	for e := range f.Entries("") {
		if e.Kind != digest.Dir {
			continue
		}
		if d.left <= 0 || d.files == d.most || depth == maxMetalinkDepth {
			d.cut = true
			return nil
		}
		if err := d.folder(w, e.Folder, prefix+e.Name+"/", depth+1); err != nil {
			return err
		}
	}
	return nil
}

// urls returns the places of a file below the candidates, the best first, without
// those that do not serve files of that size; all, if that leaves none.
func urls(all []Candidate, below string, size int64) []metalink.URL {
	places := make([]metalink.URL, 0, len(all))
	for _, large := range []bool{false, true} {
		for i := range all {
			c := &all[i]
			if most := c.Site.Audience.MaxFile; most > 0 && size > most && !large {
				continue
			}
			places = append(places, metalink.URL{
				Address: c.URL() + mirror.EscapePath(below), Country: c.Country, Priority: len(places) + 1,
			})
		}
		if len(places) > 0 {
			break
		}
	}
	return places
}

// fileName returns a name under which a browser may save the description.
func (d *description) fileName() string {
	name := d.Resolved.Site.Name
	if names := d.Resolved.Asked.Names(); len(names) > 0 {
		name = names[len(names)-1]
	}
	name = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || strings.ContainsRune(`"\/:*?<>|%`, r) {
			return '_'
		}
		return r
	}, name)
	return name[:min(len(name), 100)] + metalink.Extension
}
