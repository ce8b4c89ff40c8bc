package nearest

import (
	"net/netip"

	"mirrortracker/internal/mirror"
)

// A Where is what is known of where a client or a site is.
type Where struct {
	Country string // two letters of ISO 3166-1 in lower case, "" if not known
	Spot    Spot
	AS      uint32 // number of its autonomous system, 0 if not known
}

// Sources name what said so: "declared", "network NAME", the path of a database, or
// "country" for the middle of one; "" where nothing is known.
type Sources struct{ Country, Spot, AS string }

// A Client is what is known of a client.
type Client struct {
	Where
	Sources Sources
	Address netip.Addr   // an IPv4 address in its own form; the zero Addr is not known
	Prefix  netip.Prefix // of the addresses of which the same is known; invalid if nothing was looked up
	Network string       // name of the operator's network that it is in
}

// A finding is a Where that is put together from several sources, the best first.
type finding struct {
	Where
	Sources Sources
}

// add takes over what was not known before.
func (f *finding) add(w Where, source string) {
	if f.Country == "" && w.Country != "" {
		f.Country, f.Sources.Country = w.Country, source
	}
	// A place in another country than the one that is taken for true is none.
	agrees := w.Country == "" || w.Country == f.Country
	if !f.Spot.Known && w.Spot.Known && agrees {
		f.Spot, f.Sources.Spot = w.Spot, source
	}
	if f.AS == 0 && w.AS != 0 {
		f.AS, f.Sources.AS = w.AS, source
	}
}

// roundOff takes the middle of the country for a place that is not known.
func (f *finding) roundOff() {
	if spot, ok := countrySpots()[f.Country]; ok && !f.Spot.Known {
		f.Spot, f.Sources.Spot = spot, "country"
	}
}

// declared returns what a site's operator says.
func declared(r mirror.Reach) Where {
	return Where{Country: r.Country, Spot: spotAt(r.Place), AS: r.AS}
}

func spotAt(p *mirror.Place) Spot {
	if p == nil {
		return Spot{}
	}
	return Spot{Place: *p, Known: true}
}
