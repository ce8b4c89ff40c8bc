package redirect

import (
	"fmt"
	"net/http"
	"net/netip"
	"runtime/debug"
	"sync"
	"time"
)

// An exchange is a request that is being answered: the ResponseWriter of all
// handlers, and what is to be counted and logged of it. It is used again after
// its end, and no handler keeps it.
type exchange struct {
	http.ResponseWriter
	began  time.Time
	client netip.Addr
	secure bool // whether the client came by TLS
	status int  // 0 until it is written
	bytes  int64

	charged int // as how many requests it counts

	event event  // what became of the question; its outcome is "" if there was none
	site  string // of the location
	among int    // how many candidates it was chosen from
	cost  float64

	line []byte // of the access log, room for the next
}

var exchanges = sync.Pool{New: func() any { return new(exchange) }}

// WriteHeader takes note of the status. Content is never anything but what its type says.
func (x *exchange) WriteHeader(status int) {
	if x.status == 0 && status >= 200 {
		x.status = status
		if h := x.Header(); h["Content-Type"] != nil {
			h["X-Content-Type-Options"] = nosniffValue
		}
	}
	x.ResponseWriter.WriteHeader(status)
}

// Write takes note of the length.
func (x *exchange) Write(b []byte) (int, error) {
	if x.status == 0 {
		x.WriteHeader(http.StatusOK)
	}
	n, err := x.ResponseWriter.Write(b)
	x.bytes += int64(n)
	return n, err
}

// Unwrap is for [http.ResponseController].
func (x *exchange) Unwrap() http.ResponseWriter { return x.ResponseWriter }

// An event is what became of a question, in words for metrics and the log. All of
// them are constants, so that there are few series.
type event struct {
	outcome string // replica, original, unknown_site, unknown_within, nowhere, bad_request, not_ready, limited or error, or the name of a face
	match   string // original, exact, blind, file or none
	scheme  string // of the location, "" if there is none
}

// note says what became of the question of a request.
func (r *Redirector) note(w http.ResponseWriter, done event) {
	if x, ok := w.(*exchange); ok {
		x.event = done
	}
}

// observe is what happens around all handlers: who the client is, whether it may
// ask, and at the end metrics, access log, and a way out of panics.
func (r *Redirector) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		x := exchanges.Get().(*exchange)
		*x = exchange{ResponseWriter: w, began: r.now(), line: x.line[:0]}
		defer r.finish(x, req)
		x.client, x.secure = r.proxies.of(req)
		switch {
		case !guard(x, req):
		case !monitored(req.URL.Path) && !r.charge(x, req, redirectCost):
		default:
			next.ServeHTTP(x, req)
		}
	})
}

// finish ends an exchange. It turns a panic of a handler into a 500 and an error in
// the log.
func (r *Redirector) finish(x *exchange, req *http.Request) {
	switch v := recover(); v {
	case nil:
	case http.ErrAbortHandler: // net/http's own way to drop a connection
		panic(v)
	default:
		r.giveUp(x, req, "handler panicked", "panic", fmt.Sprint(v), "target", req.RequestURI, "stack", string(debug.Stack()))
		x.event.outcome = "error"
	}
	took := r.now().Sub(x.began)
	if x.event.outcome != "" {
		r.metrics.count(x.event, took)
	}
	if x.among > 0 {
		r.metrics.among.Observe(float64(x.among))
	}
	if r.access != nil {
		x.line = r.format(x.line, x, req, took)
		r.access.Write(x.line)
	}
	x.ResponseWriter = nil
	exchanges.Put(x)
}
