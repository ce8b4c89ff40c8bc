package redirect

import (
	"encoding/json"

	"mirrortracker/internal/mirror"
	"mirrortracker/internal/resolver"
)

// A Candidate is one URL that a client could be sent to: a replica as one of
// its site's URLs serves it.
type Candidate struct {
	Replica *resolver.Replica
	Base    *mirror.URL // one of the site's URLs
	Reason  string      // why it was taken, comes later or is left out; only in explained answers
}

// URL returns where the replica is.
func (c *Candidate) URL() string { return c.Base.At(c.Replica.Path, c.Replica.IsDir) }

// Match returns "original", "exact" or "blind", or "none" for the original of
// a path of which nothing is known.
func (c *Candidate) Match() string {
	if c.Replica.Original && c.Replica.Class != 0 {
		return "original"
	}
	return c.Replica.Class.String()
}

// MarshalJSON writes the candidate without what its replica's own JSON has.
func (c Candidate) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		URL    string `json:"url"`
		Site   string `json:"site"`
		Match  string `json:"match"`
		Weight int    `json:"weight"`
		Reason string `json:"reason"`
	}{c.URL(), c.Replica.Site.Name, c.Match(), c.Replica.Site.Weight, c.Reason})
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
				all = append(all, Candidate{Replica: &replicas[i], Base: base})
			}
		}
	}
	return all
}

// leftOut returns what candidates are not chosen from, with the reasons: URLs
// that no redirect leads to, and doubtful matches.
func leftOut(a *resolver.Answer) []Candidate {
	all := []Candidate{}
	for i := range a.Replicas {
		for base := range bases(a.Replicas[i].Site) {
			if !followable(base) {
				all = append(all, Candidate{&a.Replicas[i], base, "no client follows a redirect to " + base.Scheme})
			}
		}
	}
	for i := range a.Doubtful {
		d := &a.Doubtful[i]
		all = append(all, Candidate{&d.Replica, &d.Site.URL, "doubtful: " + d.Why()})
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
