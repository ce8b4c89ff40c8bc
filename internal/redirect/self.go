package redirect

import (
	"net/http"

	"mirrortracker/internal/mirror"
)

// serverOf returns the URL by which a client reached this server, without a slash
// at its end, or "" where it did not say.
func serverOf(req *http.Request, q *Question) string {
	if !soundHost(req.Host) {
		return ""
	}
	scheme := "http"
	if q.Scheme == "https" {
		scheme = q.Scheme
	}
	return scheme + "://" + req.Host
}

// pathOf returns the path by which this server is asked for a place of a site.
// It needs no quotes but single ones in a shell.
func pathOf(site string, p mirror.Path, dir bool) string {
	raw := string(p)
	if dir {
		raw = p.Dir()
	}
	return "/" + site + mirror.EscapePath(raw)
}
