package redirect

import (
	"fmt"
	"net/http"
	"runtime/debug"
)

// maxTarget is the longest request target that is looked at, in bytes.
const maxTarget = 8 << 10

// survive turns a panic of a handler into a 500 and an error in the log.
func (r *Redirector) survive(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		defer func() {
			switch v := recover(); v {
			case nil:
			case http.ErrAbortHandler: // net/http's own way to drop a connection
				panic(v)
			default:
				r.giveUp(w, req, "handler panicked", "panic", fmt.Sprint(v), "target", req.RequestURI, "stack", string(debug.Stack()))
			}
		}()
		next.ServeHTTP(w, req)
	})
}

// guard refuses what no endpoint takes.
func guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		switch {
		case req.Method != http.MethodGet && req.Method != http.MethodHead:
			w.Header().Set("Allow", "GET, HEAD")
			fail(w, req, http.StatusMethodNotAllowed, fmt.Sprintf("method %q is not one of GET, HEAD", req.Method))
		case len(req.RequestURI) > maxTarget:
			fail(w, req, http.StatusRequestURITooLong,
				fmt.Sprintf("request target of %d bytes, at most %d are taken", len(req.RequestURI), maxTarget))
		case req.URL.Opaque != "" || req.URL.Scheme != "" && req.URL.Scheme != "http" && req.URL.Scheme != "https":
			// An absolute http URL names this server (RFC 9112, section 3.2.2).
			fail(w, req, http.StatusBadRequest, "this is not a proxy; ask for /HOST/PATH")
		default:
			next.ServeHTTP(w, req)
		}
	})
}
