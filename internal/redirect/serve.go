package redirect

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"

	"mirrortracker/internal/resolver"
)

// servePath answers /NAME/PATH and /HOST[:PORT]/PATH.
func (r *Redirector) servePath(w http.ResponseWriter, req *http.Request) {
	text, err := pathText(req.URL)
	r.serve(w, req, text, err)
}

// serveURL answers /?url=URL.
func (r *Redirector) serveURL(w http.ResponseWriter, req *http.Request, value string) {
	text, err := urlText(value)
	r.serve(w, req, text, err)
}

// decisions are those that were made, to be made again.
var decisions = sync.Pool{New: func() any { return new(decision) }}

// serve answers a question, unless reading it failed already.
func (r *Redirector) serve(w http.ResponseWriter, req *http.Request, text string, err error) {
	h := w.Header()
	h["Cache-Control"] = privateValue
	h["Vary"] = acceptValue
	var q Question
	if err == nil {
		q, err = r.question(w, req, text)
	}
	if err != nil {
		r.note(w, refuse(w, req, err))
		return
	}
	if done, ok := r.serveFace(w, req, &q); ok {
		r.note(w, done)
		return
	}
	d := decisions.Get().(*decision)
	defer decisions.Put(d)
	if err := r.decide(d, &q, max(1, r.links)); err != nil {
		r.note(w, refuse(w, req, err))
		return
	}
	r.note(w, r.send(w, req, &q, d))
	if x, ok := w.(*exchange); ok {
		x.site, x.among, x.cost = d.offered(0).name[0], len(d.all), d.cost()
	}
}

// question reads what a client wants to know: text, for itself, within the directory
// that the parameter "within" names.
func (r *Redirector) question(w http.ResponseWriter, req *http.Request, text string) (Question, error) {
	q := asker(w)
	q.Text = text
	value, ok := parameter(req.URL.RawQuery, "within")
	if !ok {
		return q, nil
	}
	within, err := url.QueryUnescape(value)
	if err != nil {
		return q, fmt.Errorf("parameter within: %w", err)
	}
	if within == "" {
		return q, errNotAbove
	}
	q.Within = within
	return q, nil
}

// asker returns a question that says only who asks.
func asker(w http.ResponseWriter) Question {
	q := Question{Scheme: "http"}
	if x, ok := w.(*exchange); ok {
		q.Client, q.at = x.client, x.began
		if x.secure {
			q.Scheme = "https"
		}
	}
	return q
}

// refuse maps an error to a status.
func refuse(w http.ResponseWriter, req *http.Request, err error) event {
	status, outcome := http.StatusBadRequest, "bad_request"
	switch {
	case errors.Is(err, ErrNotReady):
		status, outcome = http.StatusServiceUnavailable, "not_ready"
		w.Header().Set("Retry-After", "2") // seconds: the index is looked for as often
	case errors.Is(err, ErrNowhere):
		status, outcome = http.StatusForbidden, "nowhere"
	case errors.Is(err, resolver.ErrUnknownSite):
		status, outcome = http.StatusNotFound, "unknown_site"
	case errors.Is(err, ErrWithin):
		status, outcome = http.StatusNotFound, "unknown_within"
	}
	w.Header()["X-Mirror-Match"] = noMatchValue
	fail(w, req, status, err.Error())
	return event{outcome, "none", ""}
}
