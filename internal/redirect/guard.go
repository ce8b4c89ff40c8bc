package redirect

import (
	"fmt"
	"net/http"
)

// maxTarget is the longest request target that is looked at, in bytes.
const maxTarget = 8 << 10

// guard refuses what no endpoint takes, and reports whether it did not.
func guard(w http.ResponseWriter, req *http.Request) bool {
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
		return true
	}
	return false
}
