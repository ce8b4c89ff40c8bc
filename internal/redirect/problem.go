package redirect

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"

	"mirrortracker/internal/resolver"
)

const problemText = "application/problem+json"

// A problem is an error of the API (RFC 9457). Its type is always about:blank:
// the status says all that a program can act upon.
type problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
}

// replyProblem writes an error of the API.
func replyProblem(w http.ResponseWriter, req *http.Request, status int, detail string) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(problem{"about:blank", http.StatusText(status), status, detail}); err != nil {
		http.Error(w, detail, status)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	reply(w, req, status, problemText, b.String())
}

// errNoSite says that no site has a name.
var errNoSite = errors.New("no site of that name is tracked")

// problemStatus maps an error to a status.
func problemStatus(err error) int {
	switch {
	case errors.Is(err, ErrNotReady):
		return http.StatusServiceUnavailable
	case errors.Is(err, ErrNowhere):
		return http.StatusForbidden
	case errors.Is(err, resolver.ErrUnknownSite), errors.Is(err, ErrWithin), errors.Is(err, errNoDirectory), errors.Is(err, errNoSite):
		return http.StatusNotFound
	}
	return http.StatusBadRequest
}
