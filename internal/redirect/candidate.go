package redirect

import (
	"encoding/json"

	"mirrortracker/internal/mirror"
	"mirrortracker/internal/nearest"
	"mirrortracker/internal/resolver"
)

// A Candidate is one URL that a client could be sent to: a replica as the one of
// its site's URLs serves it that suits the client.
type Candidate struct {
	Site     *mirror.Site
	Base     *mirror.URL    // that URL
	Path     mirror.Path    // of the file or directory on the site
	IsDir    bool           // whether it is a directory
	Class    resolver.Class // 0 for the original of a path of which nothing is known
	Original bool           // whether it is the asked place itself
	Depth    int            // how many path levels above are mirrored too (RFC 6249, section 3.4)
	Differ   int            // of class File, entries in which the two directories differ
	Country  string         // of the site, ISO 3166 alpha-2 in lower case; "" where it is not known

	// Only in explained answers.
	Terms       []nearest.Term    // of the cost
	Cost        float64           // their sum, in km
	Probability float64           // of being the first, over all clients of which the same is known
	Reason      string            // why it was taken, comes later or is left out
	Replica     *resolver.Replica // nil where nothing is known of the path
}

// URL returns where the replica is.
func (c *Candidate) URL() string { return c.Base.At(c.Path, c.IsDir) }

// Match returns "original", "exact", "blind" or "file", or "none" for the
// original of a path of which nothing is known.
func (c *Candidate) Match() string { return matchOf(c.Class, c.Original) }

func matchOf(class resolver.Class, original bool) string {
	if original && class != 0 {
		return "original"
	}
	return class.String()
}

// MarshalJSON writes the candidate without what its replica's own JSON has.
func (c Candidate) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		URL         string         `json:"url"`
		Site        string         `json:"site"`
		Match       string         `json:"match"`
		Weight      int            `json:"weight"`
		Country     string         `json:"country,omitempty"`
		Depth       int            `json:"depth"`
		Differ      int            `json:"differ,omitempty"`
		Cost        float64        `json:"cost_km"`
		Terms       []nearest.Term `json:"terms,omitempty"`
		Probability float64        `json:"probability"`
		Reason      string         `json:"reason"`
	}{
		c.URL(), c.Site.Name, c.Match(), c.Site.Weight, c.Country, c.Depth, c.Differ,
		c.Cost, c.Terms, c.Probability, c.Reason,
	})
}

// candidate copies out of a decision the candidate at a position.
func (d *decision) candidate(at int32, isDir bool) Candidate {
	return d.candidateAt(&d.members[d.of[at]], d.offers[d.all[at].Site].url, isDir)
}

// candidateAt returns a member under a URL of its site.
func (d *decision) candidateAt(m *resolver.Member, base *mirror.URL, isDir bool) Candidate {
	where, _ := d.scene.places.Site(m.Site)
	return Candidate{
		Site:     &d.scene.roster.Sites[m.Site],
		Base:     base,
		Path:     mirror.Path(d.appendPath(nil, m)),
		IsDir:    isDir,
		Class:    m.Class,
		Original: m.Original,
		Depth:    d.depth(m),
		Differ:   int(m.Differ),
		Country:  where.Country,
	}
}
