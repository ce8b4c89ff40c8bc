package squid

import (
	"io"
	"net/http"
	"net/netip"
	"strings"
)

// maxTarget is the longest request target that is looked at, in bytes.
const maxTarget = 8 << 10

// Sibling returns the handler for caches that take us for a sibling: they ask for
// absolute URLs of any scheme (RFC 9112, section 3.2.2) when ICP told them that we have
// it. The answer is 302 to where the file is, or 504, upon which they ask elsewhere.
// Nothing is ever fetched for anybody, so that it is no proxy, and what it leads to is
// always a tracked site's URL.
//
// It must be the server's handler itself: http.ServeMux would clean the paths.
func Sibling(d Decider, m *Metrics) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		outcome := serveSibling(w, req, d)
		m.count("sibling", outcome)
	})
}

// Holds reports by ICP what [Sibling] will redirect: one must not promise what the other
// does not keep.
func Holds(d Decider) func(url string, from netip.Addr) bool {
	return func(url string, from netip.Addr) bool { return d.Target(url, from) != "" }
}

func serveSibling(w http.ResponseWriter, req *http.Request, d Decider) (outcome string) {
	h := w.Header()
	h.Set("Cache-Control", "private, no-cache") // the nearest mirror changes
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Type", "text/plain; charset=utf-8")
	refuse := func(status int, why string) string {
		w.WriteHeader(status)
		io.WriteString(w, why+"\n")
		return "refused"
	}
	switch {
	case req.Method != http.MethodGet && req.Method != http.MethodHead:
		h.Set("Allow", "GET, HEAD")
		return refuse(http.StatusMethodNotAllowed, "only GET and HEAD are answered here")
	case len(req.RequestURI) > maxTarget:
		return refuse(http.StatusRequestURITooLong, "the request target is too long")
	case !strings.Contains(req.RequestURI, "://") || strings.HasPrefix(req.RequestURI, "/"):
		return refuse(http.StatusNotFound, "this port is for caches, which ask for absolute URLs")
	}
	target := d.Target(req.RequestURI, peerOf(req))
	if target == "" {
		refuse(http.StatusGatewayTimeout, "no replica of this is known that would be better")
		return "not_held"
	}
	h.Set("Location", target)
	w.WriteHeader(http.StatusFound)
	io.WriteString(w, target+"\n")
	return "redirect"
}

// peerOf returns the address of the cache itself: that is all that was known when it
// asked by ICP, and it is the cache that will fetch.
func peerOf(req *http.Request) netip.Addr {
	peer, err := netip.ParseAddrPort(req.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return peer.Addr().Unmap()
}
