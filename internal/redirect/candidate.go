package redirect

import (
	"encoding/json"

	"mirrortracker/internal/mirror"
	"mirrortracker/internal/resolver"
)

// A Candidate is one URL that a client could be sent to: a replica as one of
// its site's URLs serves it.
type Candidate struct {
	Site     *mirror.Site
	Base     *mirror.URL    // the one of its site's URLs that suits the client
	Path     mirror.Path    // of the file or directory on its site
	IsDir    bool           // whether it is a directory
	Class    resolver.Class // 0 for the original of a path of which nothing is known
	Original bool           // whether it is the asked place itself
	Depth    int            // how many path levels above are mirrored too (RFC 6249, section 3.4)
	Country  string         // of the site, ISO 3166 alpha-2 in lower case; "" where it is not known

	// Only in explained answers.
	Cost        float64           // kilometres, additions included
	Probability float64           // of being the first, over all clients of this place
	Reason      string            // why it was taken, comes later or is left out
	Replica     *resolver.Replica // nil where nothing is known of the path
}

// URL returns where the replica is.
func (c *Candidate) URL() string { return c.Base.At(c.Path, c.IsDir) }

// Match returns "original", "exact", "blind" or "file", or "none" for the
// original of a path of which nothing is known.
func (c *Candidate) Match() string {
	if c.Original && c.Class != 0 {
		return "original"
	}
	return c.Class.String()
}

func newCandidate(r *resolver.Replica, base *mirror.URL) Candidate {
	return Candidate{
		Site: r.Site, Base: base, Path: r.Path, IsDir: r.IsDir, Class: r.Class, Original: r.Original, Replica: r,
	}
}

// MarshalJSON writes the candidate without what its replica's own JSON has.
func (c Candidate) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		URL    string `json:"url"`
		Site   string `json:"site"`
		Match  string `json:"match"`
		Weight int    `json:"weight"`
		Reason string `json:"reason"`
	}{c.URL(), c.Site.Name, c.Match(), c.Site.Weight, c.Reason})
}

// candidates returns the replicas under those URLs that a redirect can lead to,
// in the order of the replicas and of their sites' URLs.
func candidates(replicas []resolver.Replica) []Candidate {
	n := len(replicas)
	for i := range replicas {
		n += len(replicas[i].Site.Serving)
	}
	all := make([]Candidate, 0, n)
	for i := range replicas {
		for base := range bases(replicas[i].Site) {
			if followable(base) {
				all = append(all, newCandidate(&replicas[i], base))
			}
		}
	}
	return all
}

// leftOut returns what candidates are not chosen from, with the reasons: URLs
// that no redirect leads to, and doubtful matches.
func leftOut(a *resolver.Answer) []Candidate {
	all := []Candidate{}
	replicas, doubtful := a.Replicas(), a.Doubtful()
	for i := range replicas {
		for base := range bases(replicas[i].Site) {
			if !followable(base) {
				c := newCandidate(&replicas[i], base)
				c.Reason = "no client follows a redirect to " + base.Scheme
				all = append(all, c)
			}
		}
	}
	for i := range doubtful {
		d := &doubtful[i]
		c := newCandidate(&d.Replica, &d.Site.URL)
		c.Reason = "doubtful: " + d.Why()
		all = append(all, c)
	}
	return all
}

// bases yields the URLs of a site, the crawl URL first.
func bases(s *mirror.Site) func(yield func(*mirror.URL) bool) {
	return func(yield func(*mirror.URL) bool) {
		if !yield(&s.URL) {
			return
		}
		for i := range s.Serving {
			if !yield(&s.Serving[i]) {
				return
			}
		}
	}
}

// followable reports whether clients of HTTP follow a redirect to a URL of this
// scheme at all.
func followable(u *mirror.URL) bool {
	return u.Scheme == "ftp" || u.Scheme == "http" || u.Scheme == "https"
}
