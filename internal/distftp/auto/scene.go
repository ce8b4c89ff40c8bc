package auto

import (
	"slices"

	"mirrortracker/internal/ftpconn"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/nearest"
	"mirrortracker/internal/resolver"
)

// A scene is all that the order of members depends on besides the replicas themselves: where
// the sites are, and how they are reached. It is immutable.
type scene struct {
	roster *resolver.Roster
	atlas  *nearest.Atlas
	moves  uint64 // of hosts, counted

	places *nearest.Map
	offers []offer // by the site's number
}

// An offer is how a site is reached by FTP.
type offer struct {
	base *mirror.URL // nil: not at all
	tls  ftpconn.TLSMode
	why  string // if so
}

// scene returns what holds now for an index.
func (f *Finder) scene(x *resolver.Index) *scene {
	s := &scene{roster: x.Roster(), moves: f.moves.Load()}
	if f.config.Databases != nil {
		s.atlas = f.config.Databases.Atlas()
	}
	f.staging.Lock()
	defer f.staging.Unlock()
	if last := f.staged; last != nil && last.roster == s.roster && last.atlas == s.atlas && last.moves == s.moves {
		return last
	}
	o := f.config.Nearest
	o.Atlas, o.Addresses = s.atlas, f.hosts.Addresses
	s.places = nearest.NewMap(s.roster.Sites, o)
	s.offers = make([]offer, len(s.roster.Sites))
	for i := range s.roster.Sites {
		s.offers[i] = f.offer(&s.roster.Sites[i])
	}
	f.complain(s)
	f.staged = s
	return s
}

// complain logs what of the configuration means nothing, unless that was so before.
func (f *Finder) complain(s *scene) {
	problems := s.places.Problems()
	for _, name := range f.config.Self {
		if !slices.ContainsFunc(s.roster.Sites, func(t mirror.Site) bool { return t.Name == name }) {
			problems = append(problems, "tracker.self: no site is called "+name)
		}
	}
	for _, why := range problems {
		if !slices.Contains(f.complaints, why) {
			f.config.Log.Warn("a part of the configuration of mirrored directories means nothing", "why", why)
		}
	}
	f.complaints = problems
}

// offer returns how a site is reached. Its crawl URL goes before others. Where it is
// crawled under a user's name, what strangers see there is not known.
func (f *Finder) offer(s *mirror.Site) offer {
	if slices.Contains(f.config.Self, s.Name) {
		return offer{why: "it is this server"}
	}
	why := "it is not served by FTP"
	for i, u := range s.URLs() {
		o := offer{base: &u, tls: ftpconn.NoTLS}
		switch {
		case u.Scheme == "ftps":
			o.tls = ftpconn.ImplicitTLS
		case u.Scheme != "ftp":
			continue
		}
		if i == 0 {
			if s.Visit.User != "" {
				why = "it is crawled under the name of a user"
				continue
			}
			switch s.Visit.TLS {
			case mirror.TLSExplicit:
				o.tls = ftpconn.ExplicitTLS
			case mirror.TLSImplicit:
				o.tls = ftpconn.ImplicitTLS
			}
		}
		if f.config.Ours != nil && f.config.Ours(u.Host, u.Port) {
			why = "it is at an address of this server"
			continue
		}
		return o
	}
	return offer{why: why}
}
