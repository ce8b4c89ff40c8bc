package nearest

import (
	"fmt"
	"math"
	"slices"
)

// An area is all that looks the same from wherever the same is known: the costs of all
// sites, and which of them serve it.
type area struct {
	areaKey
	sites []stand
}

type areaKey struct {
	Where
	network int // position of the operator's network, -1 for none
}

// A stand is how a site stands to an area.
type stand struct {
	far    float32 // 1 + cost/R
	class  class
	closed closed
}

// A class is which sites go before which, whatever they cost.
type class uint8

const (
	atHome class = iota // a site of the network that the client is in
	ordinary
	lastResort // a site of weight 0
	outside    // a site that does not serve the client
)

func (c class) String() string {
	return [...]string{"own network", "ordinary", "last resort", "excluded"}[c]
}

// closed is why a site does not serve an area; 0 if it does.
type closed uint8

const (
	welcome closed = iota
	otherCountry
	notCountry
	otherAS
)

// area returns the area in which this is known.
func (m *Map) area(key areaKey) *area {
	if a := m.areas.get(key); a != nil {
		return a
	}
	a := area{key, make([]stand, len(m.sites))}
	for i := range m.sites {
		s := &m.sites[i]
		a.sites[i] = stand{float32(1 + m.distance(key, s).sum()/m.costs.Radius), s.class(key), s.closed(key)}
		if a.sites[i].closed != welcome {
			a.sites[i].class = outside
		}
	}
	return m.areas.put(key, a)
}

// distance returns what stands between an area and a site.
func (m *Map) distance(key areaKey, s *place) distance {
	if s.class(key) == atHome {
		return distance{}
	}
	return m.costs.distance(key.Where, s.finding.Where)
}

// terms explains it.
func (m *Map) terms(key areaKey, s *place) []Term {
	if s.class(key) == atHome {
		return home(m.networks.all[key.network].Name)
	}
	return m.distance(key, s).terms(key.Where, s.finding.Where)
}

func (p *place) class(key areaKey) class {
	switch {
	case slices.Contains(p.networks, key.network):
		return atHome
	case p.weight == 0:
		return lastResort
	}
	return ordinary
}

// closed says whether a site serves an area. The operator's word that clients of a network
// are at home at a site goes before what the site says of countries in general.
func (p *place) closed(key areaKey) closed {
	a := &p.audience
	switch {
	case p.class(key) == atHome:
		return welcome
	case len(a.Countries) > 0 && !slices.Contains(a.Countries, key.Country):
		return otherCountry
	case slices.Contains(a.Not, key.Country):
		return notCountry
	case len(a.ASes) > 0 && !slices.Contains(a.ASes, key.AS):
		return otherAS
	}
	return welcome
}

// why writes why a site does not serve clients of which this is known.
func (c closed) why(w Where) string {
	switch c {
	case otherCountry, notCountry:
		if w.Country == "" {
			return "it serves some countries only, and the client's is not known"
		}
		if c == notCountry {
			return "it does not serve clients in " + w.Country
		}
		return "it serves other countries than " + w.Country + " only"
	case otherAS:
		if w.AS == 0 {
			return "it serves some autonomous systems only, and the client's is not known"
		}
		return fmt.Sprintf("it serves other autonomous systems than AS%d only", w.AS)
	}
	return ""
}

// odds returns what a site of this weight has at this cost.
func (c Costs) odds(weight, cost float64) float64 {
	return max(weight, 1) / math.Pow(1+cost/c.Radius, 4)
}
