package redirect

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/go-chi/chi/v5"

	"mirrortracker/internal/metalink"
	"mirrortracker/internal/resolver"
	"mirrortracker/internal/urn"
)

// maxURIs is the most URLs in a list.
const maxURIs = 1000

const uriList = "text/uri-list"

// services are those of RFC 2169, section 2: what is given, a name or a
// location, and what is wanted of it.
var services = map[string]struct {
	named bool // whether a URN is given; else a URL
	cost  int
	serve func(r *Redirector, w http.ResponseWriter, req *http.Request, q *Question) event
}{
	"N2L":  {true, redirectCost, (*Redirector).serveLocation},
	"N2R":  {true, redirectCost, (*Redirector).serveLocation},
	"N2Ls": {true, faceCost, (*Redirector).serveLocations},
	"L2Ls": {false, faceCost, (*Redirector).serveLocations},
	"N2C":  {true, faceCost, (*Redirector).serveDescription},
	"L2C":  {false, faceCost, (*Redirector).serveDescription},
	"N2Ns": {true, faceCost, (*Redirector).serveNames},
	"L2Ns": {false, faceCost, (*Redirector).serveNames},
}

// serveResolution answers /uri-res/SERVICE?URI (RFC 2169).
func (r *Redirector) serveResolution(w http.ResponseWriter, req *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "private, no-cache")
	h.Set("Vary", "Accept")
	service, ok := services[chi.URLParam(req, "service")]
	if !ok {
		fail(w, req, http.StatusNotImplemented, "this service of resolution is none of N2L, N2Ls, N2R, N2C, N2Ns, L2Ls, L2C, L2Ns")
		r.note(w, event{"bad_request", "none", ""})
		return
	}
	if !r.charge(w, req, service.cost) {
		return
	}
	text, err := r.uriText(req.URL.RawQuery, service.named)
	if err != nil {
		r.note(w, refuseURI(w, req, err))
		return
	}
	q := asker(w)
	q.Text = text
	r.note(w, service.serve(r, w, req, &q))
}

// refuseURI maps the error of a name to a status.
func refuseURI(w http.ResponseWriter, req *http.Request, err error) event {
	if errors.Is(err, urn.ErrNamespace) || errors.Is(err, urn.ErrArchive) {
		err = fmt.Errorf("%w (%w)", err, resolver.ErrUnknownSite)
	}
	return refuse(w, req, err)
}

// givenURI reads the query of a resolution: a URI as it is, or escaped once more.
func givenURI(query string) (string, error) {
	if urn.Is(query) || strings.Contains(query, "://") {
		return query, nil
	}
	uri, err := url.QueryUnescape(query)
	if err != nil {
		return "", fmt.Errorf("URI %.200q: %w", query, err)
	}
	return strings.TrimSpace(uri), nil
}

// uriText returns what the URI of a query stands for, which is to be located.
func (r *Redirector) uriText(query string, named bool) (string, error) {
	uri, err := givenURI(query)
	switch {
	case err != nil:
		return "", err
	case uri == "":
		return "", errors.New("no URI is given; ask for /uri-res/SERVICE?URI")
	case named && !urn.Is(uri):
		return "", fmt.Errorf("URI %.200q is no URN, and this service takes one", uri)
	case !named && urn.Is(uri):
		return "", fmt.Errorf("URI %.200q is a URN, and this service takes a URL", uri)
	case named:
		return r.names.Place(uri)
	case !strings.Contains(uri, "://"):
		return "", fmt.Errorf("URI %.200q is no absolute URL", uri)
	}
	return uri, nil
}

// serveLocation gives the one best URL: by a redirect, or to those who ask for
// text as text. Squid is one of these: it follows no redirect, and drops an
// answer of more than 4096 bytes without a word.
func (r *Redirector) serveLocation(w http.ResponseWriter, req *http.Request, q *Question) event {
	kind := preferred(req, "text/plain", uriList)
	if kind == uriList {
		return r.serveLocations(w, req, q)
	}
	a, err := r.Decide(*q, 1)
	if err != nil {
		return refuse(w, req, err)
	}
	h := w.Header()
	h.Set("X-Mirror-Match", a.Match)
	status := http.StatusOK
	if kind == "" {
		h.Set("Location", a.Location)
		status = http.StatusSeeOther
		if !req.ProtoAtLeast(1, 1) { // which has no other (RFC 2169, section 2.1)
			status = http.StatusFound
		}
	}
	reply(w, req, status, plainText, a.Location+"\n")
	return event{"urn", a.Match, a.scheme()}
}

// serveLocations lists all URLs, the best first.
func (r *Redirector) serveLocations(w http.ResponseWriter, req *http.Request, q *Question) event {
	a, err := r.Decide(*q, maxURIs)
	if err != nil {
		return refuse(w, req, err)
	}
	w.Header().Set("X-Mirror-Match", a.Match)
	all := make([]string, len(a.Candidates))
	for i := range a.Candidates {
		all[i] = a.Candidates[i].URL()
	}
	done := event{"urn", a.Match, a.scheme()}
	if err := replyURIs(w, req, all); err != nil {
		r.giveUp(w, req, "URLs cannot be written as JSON", "url", a.URL, "err", err)
		done.outcome = "error"
	}
	return done
}

// serveNames lists the URNs of a place, its own before those of its replicas.
func (r *Redirector) serveNames(w http.ResponseWriter, req *http.Request, q *Question) event {
	a, err := r.Decide(*q, 1)
	if err != nil {
		return refuse(w, req, err)
	}
	all := r.namesOf(a.Resolved)
	done := event{"urn", a.Match, ""}
	if len(all) == 0 {
		fail(w, req, http.StatusNotFound, "it lies in no archive that has a name")
		done.outcome = "unknown_site"
	} else if err := replyURIs(w, req, all); err != nil {
		r.giveUp(w, req, "names cannot be written as JSON", "url", a.URL, "err", err)
		done.outcome = "error"
	}
	return done
}

// serveDescription describes what is named: as JSON where that is asked for, else
// as a Metalink.
func (r *Redirector) serveDescription(w http.ResponseWriter, req *http.Request, q *Question) event {
	if preferred(req, metalink.Type, jsonText) == jsonText {
		return r.serveJSON(w, req, q)
	}
	return r.serveMetalink(w, req, q)
}

// replyURIs writes a list as text/uri-list (RFC 2483, section 5), which begins with a
// comment of what it is a list for, or as a client prefers it.
func replyURIs(w http.ResponseWriter, req *http.Request, all []string) error {
	switch preferred(req, uriList, "text/plain", jsonText) {
	case jsonText:
		return replyJSON(w, req, http.StatusOK, all)
	case "text/plain":
		reply(w, req, http.StatusOK, plainText, strings.Join(all, "\n")+"\n")
	default:
		if uri, err := givenURI(req.URL.RawQuery); err == nil && visible(uri) {
			all = slices.Insert(all, 0, "# "+uri)
		}
		reply(w, req, http.StatusOK, uriList, strings.Join(all, "\r\n")+"\r\n")
	}
	return nil
}

// visible reports whether a text is of visible ASCII characters alone, as URIs are.
func visible(text string) bool {
	return !strings.ContainsFunc(text, func(c rune) bool { return c <= ' ' || c > '~' })
}
