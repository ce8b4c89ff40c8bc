package world

import (
	"fmt"

	"mirrortracker/internal/mirror"
)

// A role is what a site holds.
type role uint8

const (
	mirrors  role = iota // the archive, and little besides
	partial              // a part of the archive, and things of its own
	groupies             // what the others of its group hold
	solitary             // what nobody else has
)

// groupSize is how many sites mirror each other.
const groupSize = 5

// role returns what the site with a number holds: of twenty, ten mirror the archive, one
// a part of it, five each other, and four nobody.
func (p Params) role(site int) role {
	twentieth := p.Sites / 20
	switch {
	case p.Distinct:
		return solitary
	case site < 10*twentieth:
		return mirrors
	case site < 11*twentieth:
		return partial
	case site < 16*twentieth:
		return groupies
	}
	return solitary
}

// Mirrors returns how many sites mirror the archive: the first ones.
func (p Params) Mirrors() int {
	if p.Distinct {
		return 0
	}
	return p.Sites / 2
}

// Size returns how many directories each site has.
func (p Params) Size() int { return p.Dirs / p.Sites }

// Tracked returns all sites.
func (p Params) Tracked() []mirror.Site {
	all := make([]mirror.Site, p.Sites)
	for i := range all {
		all[i] = p.site(i)
	}
	return all
}

// site returns the site with a number, which is in one of the cities. It is crawled by FTP,
// and serves by HTTP and HTTPS.
func (p Params) site(number int) mirror.Site {
	r := p.random("site", number)
	host := fmt.Sprintf("mirror%03d.example", number)
	base := "/"
	if p.role(number) == mirrors {
		base = pick(&r, []string{"/debian/", "/pub/linux/debian/", "/mirrors/debian/"})
	}
	url := func(scheme, host string, port uint16) mirror.URL {
		return mirror.URL{Scheme: scheme, Host: host, Port: port, Base: base}
	}
	city := pick(&r, cities)
	return mirror.Site{
		Name:    fmt.Sprintf("mirror%03d", number),
		URL:     url("ftp", "ftp."+host, 21),
		Serving: []mirror.URL{url("http", host, 80), url("https", host, 443)},
		Weight:  50 * (1 + r.below(4)),
		Reach: mirror.Reach{
			Country: city.Country,
			Place:   &mirror.Place{Latitude: city.Latitude, Longitude: city.Longitude},
			AS:      uint32(64512 + r.below(100)),
		},
	}
}

// lag returns how many states a site is behind the newest: half of the mirrors are not.
func (p Params) lag(site, states int) int {
	r := p.random("lag", site)
	lag := 0
	for lag < states-1 && r.one(2) {
		lag += 1 + r.below(4)
	}
	return min(lag, states-1)
}

// How many states there are.
const (
	archiveStates = 24
	groupStates   = 3
)
