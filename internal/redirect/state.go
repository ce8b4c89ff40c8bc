package redirect

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"mirrortracker/internal/human"
)

// serveHealth says that the process is alive.
func serveHealth(w http.ResponseWriter, req *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	reply(w, req, http.StatusOK, plainText, "alive\n")
}

// serveReady says whether there is an index to answer from. That the database
// is away makes nothing unready, since what was loaded goes on being served; it
// is only told. The error itself is in the log: this page is for everybody.
func (r *Redirector) serveReady(w http.ResponseWriter, req *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	s := r.source.Status()
	status := http.StatusOK
	var b strings.Builder
	if r.source.Index() == nil {
		status = http.StatusServiceUnavailable
		fmt.Fprintln(&b, "not ready: "+ErrNotReady.Error())
	} else {
		fmt.Fprintf(&b, "ready: %d of %d sites indexed, %s trees, loaded %s\n", s.Indexed, s.Sites, human.Count(int64(s.Trees)), stamp(s.Loaded))
	}
	if l := s.Loading; l != nil {
		fmt.Fprintf(&b, "loading site %s: %d of %d sites are done, %s trees are read\n", l.Site, l.Done, l.Sites, human.Count(int64(l.Trees)))
	}
	if !s.Cached.IsZero() {
		fmt.Fprintf(&b, "the index is from the cache folder, saved %s; the database was not read yet\n", stamp(s.Cached))
	}
	if !s.Failing.IsZero() {
		fmt.Fprintf(&b, "the database is away since %s\n", stamp(s.Failing))
	}
	for _, p := range s.Problems {
		held := "it is not in the index"
		if p.Previous {
			held = "an earlier one is served"
		}
		fmt.Fprintf(&b, "the snapshot of site %s cannot be loaded; %s\n", p.Site, held)
	}
	reply(w, req, status, plainText, b.String())
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
