package redirect

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

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

// serve answers a question, unless reading it failed already, and takes note.
func (r *Redirector) serve(w http.ResponseWriter, req *http.Request, text string, err error) {
	began := time.Now()
	h := w.Header()
	h.Set("Cache-Control", "private, no-cache")
	h.Set("Vary", "Accept")
	explain := wantsJSON(req)
	var a *Answer
	if err == nil {
		a, err = r.answer(&Question{Text: text, Scheme: schemeOf(req)}, explain)
	}
	var done event
	switch {
	case err != nil:
		done = refuse(w, req, err)
	case explain:
		done = r.show(w, req, a)
	default:
		done = send(w, req, a)
	}
	r.metrics.count(done, time.Since(began))
	r.note(req, done, a, err)
}

// An event is what became of a question, in words for metrics and the log.
type event struct {
	outcome string // replica, original, json, unknown_site, bad_request, not_ready or error
	match   string // original, exact, blind or none
	scheme  string // of the location, "" if there is none
}

// send redirects.
func send(w http.ResponseWriter, req *http.Request, a *Answer) event {
	best := &a.Candidates[0]
	h := w.Header()
	h.Set("Location", a.Location)
	h.Set("X-Mirror-Match", a.Match)
	h.Set("X-Mirror-Site", a.Site)
	reply(w, req, http.StatusFound, plainText, a.Location+"\n")
	done := event{"replica", a.Match, best.Base.Scheme}
	if best.Original {
		done.outcome = "original"
	}
	return done
}

// show writes all that is known instead.
func (r *Redirector) show(w http.ResponseWriter, req *http.Request, a *Answer) event {
	done := event{"json", a.Match, a.Candidates[0].Base.Scheme}
	if err := replyJSON(w, req, http.StatusOK, a); err != nil {
		r.giveUp(w, req, "answer cannot be written as JSON", "url", a.URL, "err", err)
		done.outcome = "error"
	}
	return done
}

// refuse maps an error to a status.
func refuse(w http.ResponseWriter, req *http.Request, err error) event {
	status, outcome := http.StatusBadRequest, "bad_request"
	switch {
	case errors.Is(err, ErrNotReady):
		status, outcome = http.StatusServiceUnavailable, "not_ready"
		w.Header().Set("Retry-After", "2") // seconds: the index is looked for as often
	case errors.Is(err, resolver.ErrUnknownSite):
		status, outcome = http.StatusNotFound, "unknown_site"
	}
	w.Header().Set("X-Mirror-Match", "none")
	fail(w, req, status, err.Error())
	return event{outcome, "none", ""}
}

// note writes the access log.
func (r *Redirector) note(req *http.Request, done event, a *Answer, err error) {
	if !r.log.Enabled(context.Background(), slog.LevelDebug) {
		return
	}
	attrs := []any{"method", req.Method, "target", req.RequestURI, "from", req.RemoteAddr, "outcome", done.outcome, "match", done.match}
	if a != nil {
		attrs = append(attrs, "location", a.Location)
	}
	if err != nil {
		attrs = append(attrs, "err", err)
	}
	r.log.Debug("request", attrs...)
}
