package redirect

import (
	"net/http"
	"strconv"

	"mirrortracker/internal/throttle"
)

// A Limit says how many requests are answered for one prefix of clients. The zero
// Limit sets none.
type Limit = throttle.Limit

// What is asked for counts as so many requests: to write a page, a list or a description
// takes from tens to thousands of times as long as a redirect.
const (
	redirectCost = 1
	faceCost     = 10
)

// charge makes a request count as n, and reports whether its client has as many left; if
// not, it is told so. None counts as more than can be asked at once.
func (r *Redirector) charge(w http.ResponseWriter, req *http.Request, n int) bool {
	x, ok := w.(*exchange)
	if r.throttle == nil || !ok {
		return true
	}
	n = min(n, r.throttle.Burst)
	if r.throttle.Allow(x.client, x.began, n-x.charged) {
		x.charged = n
		return true
	}
	x.Header().Set("Retry-After", strconv.Itoa(r.throttle.Wait(n)))
	fail(x, req, http.StatusTooManyRequests, "too many requests from your network")
	x.event = limited
	return false
}

// limited is what became of a question that there were too many of.
var limited = event{"limited", "none", ""}

// charged returns a handler that answers if the client can afford it.
func (r *Redirector) charged(n int, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if r.charge(w, req, n) {
			next.ServeHTTP(w, req)
		}
	})
}

// monitored reports whether a path is one that monitoring asks for, which must not be
// locked out with its network.
func monitored(path string) bool {
	switch path {
	case "/healthz", "/readyz", "/metrics":
		return true
	}
	return false
}
