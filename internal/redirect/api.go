package redirect

import (
	"embed"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"mirrortracker/internal/health"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/resolver"
)

// The API is described in openapi.yaml; openapi.json is the same, made of it by
// a test.
//
//go:embed openapi.yaml openapi.json
var openAPI embed.FS

// api returns the handler of /api/v1.
func (r *Redirector) api() chi.Router {
	mux := chi.NewRouter()
	mux.Use(func(next http.Handler) http.Handler { return r.charged(faceCost, next) })
	mux.Get("/sites", r.apiServe(r.apiSites))
	mux.Get("/sites/{name}", r.apiServe(r.apiSite))
	mux.Get("/directories", r.apiServe(r.apiDirectories))
	mux.Get("/replicas", r.apiServe(r.apiReplicas))
	mux.Get("/diff", r.apiServe(r.apiDiff))
	mux.Get("/status", r.apiServe(r.apiStatus))
	mux.Get("/openapi.yaml", serveOpenAPI("openapi.yaml", "application/yaml"))
	mux.Get("/openapi.json", serveOpenAPI("openapi.json", jsonText))
	mux.NotFound(func(w http.ResponseWriter, req *http.Request) {
		replyProblem(w, req, http.StatusNotFound, "the API has no such resource; /api/v1/openapi.yaml has all of them")
	})
	return mux
}

func serveOpenAPI(file, kind string) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		text, err := openAPI.ReadFile(file)
		if err != nil {
			replyProblem(w, req, http.StatusNotFound, err.Error())
			return
		}
		w.Header().Set("Cache-Control", "public, max-age=3600")
		reply(w, req, http.StatusOK, kind, string(text))
	}
}

// apiServe makes a handler of what answers with a value or an error.
func (r *Redirector) apiServe(answer func(w http.ResponseWriter, req *http.Request, index *resolver.Index) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Cache-Control", "private, no-cache")
		index := r.source.Index()
		var (
			value any
			err   error = ErrNotReady
		)
		if index != nil || strings.HasSuffix(req.URL.Path, "/status") {
			value, err = answer(w, req, index)
		}
		switch {
		case err != nil:
			status := problemStatus(err)
			if status == http.StatusServiceUnavailable {
				w.Header().Set("Retry-After", "2")
			}
			replyProblem(w, req, status, err.Error())
			r.note(w, event{"bad_request", "none", ""})
		default:
			done := event{"api", "none", ""}
			if err := replyJSON(w, req, http.StatusOK, value); err != nil {
				r.log.Error("reply of the API cannot be written as JSON", "target", req.RequestURI, "err", err)
				replyProblem(w, req, http.StatusInternalServerError, "internal error; the log has more")
				done.outcome = "error"
			}
			r.note(w, done)
		}
	}
}

// An apiSite is a tracked site.
type apiSite struct {
	frontSite
	AS       uint32          `json:"as"` // 0 where it does not say
	Place    *mirror.Place   `json:"place"`
	Audience mirror.Audience `json:"audience"`
	URLs     []apiURL        `json:"urls"` // all of it, and how it answers
}

// An apiURL is a URL of a site and its state in each family of addresses.
type apiURL struct {
	URL  mirror.URL `json:"url"`
	IPv4 string     `json:"ipv4"`
	IPv6 string     `json:"ipv6"`
}

func (r *Redirector) newAPISite(t resolver.Tracked) apiSite {
	s := apiSite{frontSite: newFrontSite(t), AS: t.AS, Place: t.Place, Audience: t.Audience}
	table := r.board.Table()
	for _, u := range t.Site.URLs() {
		state := table.State(u)
		s.URLs = append(s.URLs, apiURL{u, state[health.IPv4].String(), state[health.IPv6].String()})
	}
	return s
}

func (r *Redirector) apiSites(_ http.ResponseWriter, req *http.Request, index *resolver.Index) (any, error) {
	p, err := pageOf(req.URL.RawQuery)
	if err != nil {
		return nil, err
	}
	out := struct {
		Sites []apiSite `json:"sites"`
		Next  string    `json:"next"`
	}{Sites: []apiSite{}}
	for _, t := range index.Sites() { // sorted by name
		if t.Name <= p.after {
			continue
		}
		if len(out.Sites) == p.limit {
			out.Next = cursor(out.Sites[len(out.Sites)-1].Name)
			break
		}
		out.Sites = append(out.Sites, r.newAPISite(t))
	}
	return out, nil
}

func (r *Redirector) apiSite(_ http.ResponseWriter, req *http.Request, index *resolver.Index) (any, error) {
	name := chi.URLParam(req, "name")
	for _, t := range index.Sites() {
		if t.Name == name {
			return r.newAPISite(t), nil
		}
	}
	return nil, errNoSite
}

func (r *Redirector) apiDirectories(_ http.ResponseWriter, req *http.Request, _ *resolver.Index) (any, error) {
	p, err := pageOf(req.URL.RawQuery)
	if err != nil {
		return nil, err
	}
	found, err := r.apiPlace(req, "url")
	if err != nil {
		return nil, err
	}
	return newDirectory(found, p)
}

func (r *Redirector) apiReplicas(w http.ResponseWriter, req *http.Request, _ *resolver.Index) (any, error) {
	text, err := placeText(req, "url")
	if err != nil {
		return nil, err
	}
	q, err := r.question(w, req, text)
	if err != nil {
		return nil, err
	}
	a, err := r.explained(req, &q)
	if err != nil {
		return nil, err
	}
	return newMirrorList(a, r.namesOf(a.Resolved)), nil
}

func (r *Redirector) apiDiff(_ http.ResponseWriter, req *http.Request, _ *resolver.Index) (any, error) {
	most := usualDifferences
	if value, ok := parameter(req.URL.RawQuery, "limit"); ok {
		n, err := strconv.Atoi(value)
		if err != nil || n < 1 || n > maxDifferences {
			return nil, errLimit
		}
		most = n
	}
	var sides [2]*resolver.Answer
	for i, name := range []string{"a", "b"} {
		found, err := r.apiPlace(req, name)
		if err != nil {
			return nil, err
		}
		if !found.IsDir {
			return nil, fmt.Errorf("parameter %s: %w", name, errNoDirectory)
		}
		sides[i] = found
	}
	_, blind := parameter(req.URL.RawQuery, "blind")
	return newComparison(sides[0], sides[1], blind, most), nil
}

// apiPlace finds the place that a parameter names.
func (r *Redirector) apiPlace(req *http.Request, name string) (*resolver.Answer, error) {
	text, err := placeText(req, name)
	if err != nil {
		return nil, err
	}
	return r.resolve(&Question{Text: text})
}

// placeText reads a parameter that is a URL, or /NAME/PATH.
func placeText(req *http.Request, name string) (string, error) {
	value, ok := parameter(req.URL.RawQuery, name)
	if !ok {
		return "", fmt.Errorf("parameter %s is missing; give the URL of a file or directory", name)
	}
	if strings.Contains(value, "://") {
		return value, nil // its own escapes are the URL's
	}
	text, err := url.QueryUnescape(value)
	if err != nil {
		return "", fmt.Errorf("parameter %s: %w", name, err)
	}
	if text == "" {
		return "", fmt.Errorf("parameter %s is empty; give the URL of a file or directory", name)
	}
	return text, nil
}

// An apiState is how current the index is.
type apiState struct {
	Ready    bool         `json:"ready"`
	Away     *time.Time   `json:"database_away_since"`
	Loaded   *time.Time   `json:"loaded"`  // the index in force
	Checked  *time.Time   `json:"checked"` // the database
	Sites    int          `json:"sites"`
	Indexed  int          `json:"indexed"`
	Trees    int          `json:"trees"`
	Bytes    int64        `json:"bytes"`
	Problems []apiTrouble `json:"problems"`
	NID      string       `json:"nid"`
	Archives []apiArchive `json:"archives"`
}

// An apiTrouble is a site whose current snapshot is not in the index.
type apiTrouble struct {
	Site     string `json:"site"`
	Previous bool   `json:"previous"` // whether an earlier one is
}

type apiArchive struct {
	Name string `json:"name"`
	Site string `json:"site"`
	Path string `json:"path"` // escaped
}

func (r *Redirector) apiStatus(_ http.ResponseWriter, _ *http.Request, index *resolver.Index) (any, error) {
	s := r.source.Status()
	out := apiState{
		Ready: index != nil, Away: moment(s.Failing), Loaded: moment(s.Loaded), Checked: moment(s.Checked),
		Sites: s.Sites, Indexed: s.Indexed, Trees: s.Trees, Bytes: s.Bytes,
		Problems: []apiTrouble{}, NID: r.names.NID(), Archives: []apiArchive{},
	}
	for _, p := range s.Problems {
		out.Problems = append(out.Problems, apiTrouble{p.Site, p.Previous})
	}
	for _, a := range r.names.Archives() {
		out.Archives = append(out.Archives, apiArchive{a.Name, a.Site, mirror.EscapePath(a.Path.Dir())})
	}
	return out, nil
}

// moment is null for a time that is not known.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}
