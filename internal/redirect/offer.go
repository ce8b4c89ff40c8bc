package redirect

import (
	"net/netip"
	"slices"

	"mirrortracker/internal/health"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/nearest"
	"mirrortracker/internal/resolver"
)

// An offer is how a site is offered to clients of one kind: under the one of its
// URLs that suits them best.
type offer struct {
	url     *mirror.URL // nil: no such client can be sent there at all
	base    string      // the URL, escaped
	country string
	geo     string // parameter of a Link, "" where the country is not known
	tier    uint8
	lacks   nearest.Family // of addresses, as far as the client's is concerned
	name    []string       // value of X-Mirror-Site
}

// A kind is what ranking needs to know of an offer.
type kind struct {
	offered bool
	tier    uint8
	lacks   nearest.Family
}

// Tiers of offers: the sum of what is amiss with them. None with more amiss is
// taken while there is one with less; and where something is amiss that is at or
// above serious, none is even named beside those.
const (
	unspoken = 1 << iota // the client may not speak the scheme
	insecure             // the client came by TLS, and this is without
	down                 // it was found not to serve

	serious = insecure
)

// Kinds of clients: what they speak, and the family of their address.
const (
	schemes  = 3 // http, https, ftp
	families = 3 // not known, IPv4, IPv6
)

func schemeNumber(scheme string) int {
	switch scheme {
	case "https":
		return 1
	case "ftp":
		return 2
	}
	return 0
}

func familyNumber(client netip.Addr) int {
	switch {
	case !client.IsValid():
		return 0
	case client.Is4():
		return 1
	}
	return 2
}

// A basis is what a scene is made of. Two are equal where nothing has changed.
type basis struct {
	roster  *resolver.Roster
	atlas   *nearest.Atlas
	options *nearest.Options
	table   *health.Table
}

// A scene is all that a decision depends on besides the question and the index.
// It is immutable and holds as long as none of its parts changes.
type scene struct {
	basis

	places *nearest.Map
	offers [schemes][families][]offer // by the site's number
	kinds  [schemes][families][]kind
	menus  [schemes][families]menus
}

// scene returns what holds now for an index.
func (r *Redirector) scene(index *resolver.Index) *scene {
	now := basis{index.Roster(), r.databases.Atlas(), r.options.Load(), r.board.Table()}
	if s := r.latest.Load(); s != nil && s.basis == now {
		return s
	}
	r.staging.Lock()
	defer r.staging.Unlock()
	last := r.latest.Load()
	if last != nil && last.basis == now {
		return last
	}
	s := r.stage(now, last)
	r.latest.Store(s)
	return s
}

// stage makes a scene. It takes over the map, and with it what that knows of
// clients, where nothing but the health of sites has changed.
func (r *Redirector) stage(b basis, last *scene) *scene {
	s := &scene{basis: b}
	if last != nil && last.roster == b.roster && last.atlas == b.atlas && last.options == b.options {
		s.places = last.places
	} else {
		options := *b.options
		options.Atlas = b.atlas
		s.places = nearest.NewMap(b.roster.Sites, options)
		r.complain(s, last)
	}
	for scheme := range schemes {
		for family := range families {
			all := offers(b.roster.Sites, scheme, family, b.table.State, s.places)
			s.offers[scheme][family], s.kinds[scheme][family] = all, kinds(all)
		}
	}
	return s
}

// complain logs what of the configuration of networks means nothing, unless that was
// so in the last scene.
func (r *Redirector) complain(s, last *scene) {
	problems := s.places.Problems()
	if last != nil && slices.Equal(problems, last.places.Problems()) {
		return
	}
	for _, problem := range problems {
		r.log.Warn("a part of the configuration of networks means nothing", "why", problem)
	}
}

// offers returns how sites are offered to clients of a kind. State is what is known of
// the health of a URL.
func offers(sites []mirror.Site, scheme, family int, state func(mirror.URL) health.Pair, places *nearest.Map) []offer {
	all := make([]offer, len(sites))
	for i := range sites {
		site := &sites[i]
		best := &all[i]
		for u := range bases(site) {
			if !followable(u) {
				continue
			}
			tier, lacks := amiss(u, scheme, family, state(*u))
			if best.url != nil && (lacks > best.lacks || lacks == best.lacks && tier >= best.tier) {
				continue
			}
			*best = offer{url: u, base: u.String(), tier: tier, lacks: lacks}
		}
		best.name = []string{site.Name}
		if where, _ := places.Site(int32(i)); where.Country != "" {
			best.country, best.geo = where.Country, "; geo="+where.Country
		}
	}
	return all
}

func kinds(offers []offer) []kind {
	all := make([]kind, len(offers))
	for i := range offers {
		o := &offers[i]
		all[i] = kind{o.url != nil, o.tier, o.lacks}
	}
	return all
}

// amiss returns what is amiss with a URL for clients of a kind.
func amiss(u *mirror.URL, scheme, family int, states health.Pair) (tier uint8, lacks nearest.Family) {
	if (u.Scheme == "ftp") != (scheme == schemeNumber("ftp")) {
		tier |= unspoken
	}
	if scheme == schemeNumber("https") && u.Scheme != "https" {
		tier |= insecure
	}
	switch four, six := states[health.IPv4], states[health.IPv6]; family {
	case 1:
		tier |= stateTier(four)
		if four == health.Absent {
			lacks = nearest.IPv4
		}
	case 2:
		tier |= stateTier(six)
		if six == health.Absent {
			lacks = nearest.IPv6
		}
	default: // the one family or the other will do
		if !four.Offered() && !six.Offered() {
			tier |= stateTier(four) | stateTier(six)
		}
	}
	return tier, lacks
}

func stateTier(s health.State) uint8 {
	if s == health.Down {
		return down
	}
	return 0
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
