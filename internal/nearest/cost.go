package nearest

import "fmt"

// Costs are what makes one site farther than another, in kilometres.
type Costs struct {
	Radius  float64 // up to about this cost sites share their clients by weight; beyond it the odds fall with its fourth power
	Country float64 // added where the site is in another country than the client; half of it where the site's is not known
	Network float64 // added where the site is in another autonomous system
	Unknown float64 // the distance of a site whose place is not known

	// What matches less costs more: these are for the caller, see [Candidate].
	Blind      float64 // the dates differ
	File       float64 // the file is equal, its directory is not
	Generation float64 // less of the tree around it is equal than elsewhere
}

// DefaultCosts returns what is in force unless configured.
func DefaultCosts() Costs {
	return Costs{Radius: 250, Country: 200, Network: 100, Unknown: 5000, Blind: 1000, File: 2000, Generation: 1000}
}

// A Term is one part of a cost.
type Term struct {
	Name string  `json:"name"` // "distance", "country", "network" or "match"
	KM   float64 `json:"km"`
	Why  string  `json:"why"` // a phrase for people
}

// A distance is what stands between a client and a site in km: by place, by country and by
// network, in this order.
type distance [3]float64

// distance returns what stands between a client and a site. Nothing depends on any other
// site.
func (c Costs) distance(client, site Where) distance {
	return distance{c.places(client.Spot, site.Spot), c.countries(client.Country, site.Country), c.networks(client.AS, site.AS)}
}

func (c Costs) places(client, site Spot) float64 {
	switch {
	case !client.Known:
		return 0
	case !site.Known:
		return c.Unknown
	}
	return client.apart(site)
}

func (c Costs) countries(client, site string) float64 {
	switch {
	case client == "" || client == site:
		return 0
	case site == "":
		return c.Country / 2
	}
	return c.Country
}

func (c Costs) networks(client, site uint32) float64 {
	if client == 0 || client == site {
		return 0
	}
	return c.Network
}

// sum adds it up.
func (d distance) sum() float64 { return d[0] + d[1] + d[2] }

// terms explains what stands between a client and a site.
func (d distance) terms(client, site Where) []Term {
	return []Term{
		{"distance", d[0], whyPlaces(client.Spot, site.Spot)},
		{"country", d[1], whyCountries(client.Country, site.Country)},
		{"network", d[2], whyNetworks(client.AS, site.AS)},
	}
}

// home explains why nothing stands between a site and a client in its own network.
func home(network string) []Term {
	why := "at home in network " + network
	return []Term{{"distance", 0, why}, {"country", 0, why}, {"network", 0, why}}
}

func whyPlaces(client, site Spot) string {
	switch {
	case !client.Known:
		return "the client's place is not known"
	case !site.Known:
		return "the site's place is not known"
	}
	why := fmt.Sprintf("%.0f km", greatCircle(client.Place, site.Place))
	if client.Radius > 0 {
		why += fmt.Sprintf(", the client's place to within %.0f", client.Radius)
	}
	if site.Radius > 0 {
		why += fmt.Sprintf(", the site's to within %.0f", site.Radius)
	}
	return why
}

func whyCountries(client, site string) string {
	switch {
	case client == "":
		return "the client's is not known"
	case site == "":
		return "the site's is not known"
	case client == site:
		return "both in " + site
	}
	return "from " + client + " to " + site
}

func whyNetworks(client, site uint32) string {
	switch {
	case client == 0:
		return "the client's is not known"
	case site == 0:
		return "the site's is not known"
	case client == site:
		return fmt.Sprintf("both in AS%d", site)
	}
	return fmt.Sprintf("from AS%d to AS%d", client, site)
}

// sum adds the terms up.
func sum(terms []Term) float64 {
	km := 0.0
	for _, t := range terms {
		km += t.KM
	}
	return km
}
