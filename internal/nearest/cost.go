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

// terms returns what stands between a client and a site. Nothing depends on any other site.
func (c Costs) terms(client, site Where) [3]Term {
	return [3]Term{c.distance(client.Spot, site.Spot), c.country(client.Country, site.Country), c.network(client.AS, site.AS)}
}

// home are the terms of a site in whose own network the client is.
func home(network string) [3]Term {
	why := "at home in network " + network
	return [3]Term{{"distance", 0, why}, {"country", 0, why}, {"network", 0, why}}
}

func (c Costs) distance(client, site Spot) Term {
	switch {
	case !client.Known:
		return Term{"distance", 0, "the client's place is not known"}
	case !site.Known:
		return Term{"distance", c.Unknown, "the site's place is not known"}
	}
	km := client.apart(site)
	why := fmt.Sprintf("%.0f km", greatCircle(client.Place, site.Place))
	if client.Radius > 0 {
		why += fmt.Sprintf(", the client's place to within %.0f", client.Radius)
	}
	if site.Radius > 0 {
		why += fmt.Sprintf(", the site's to within %.0f", site.Radius)
	}
	return Term{"distance", km, why}
}

func (c Costs) country(client, site string) Term {
	switch {
	case client == "":
		return Term{"country", 0, "the client's is not known"}
	case site == "":
		return Term{"country", c.Country / 2, "the site's is not known"}
	case client == site:
		return Term{"country", 0, "both in " + site}
	}
	return Term{"country", c.Country, "from " + client + " to " + site}
}

func (c Costs) network(client, site uint32) Term {
	switch {
	case client == 0:
		return Term{"network", 0, "the client's is not known"}
	case site == 0:
		return Term{"network", c.Network, "the site's is not known"}
	case client == site:
		return Term{"network", 0, fmt.Sprintf("both in AS%d", site)}
	}
	return Term{"network", c.Network, fmt.Sprintf("from AS%d to AS%d", client, site)}
}

// sum adds the terms up.
func sum(terms []Term) float64 {
	km := 0.0
	for _, t := range terms {
		km += t.KM
	}
	return km
}
