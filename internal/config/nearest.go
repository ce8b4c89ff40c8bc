package config

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"mirrortracker/internal/config/strict"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/nearest"
)

// Nearest says how replicas are ordered for a client. All but the first two are in
// kilometres: the fields of nearest.Costs.
type Nearest struct {
	Databases       []string        `toml:"databases"` // files in MaxMind's format
	Reload          strict.Duration `toml:"reload"`
	Radius          float64         `toml:"radius"`
	OtherCountry    float64         `toml:"other_country"`
	OtherNetwork    float64         `toml:"other_network"`
	UnknownPlace    float64         `toml:"unknown_place"`
	BlindMatch      float64         `toml:"blind_match"`
	FileMatch       float64         `toml:"file_match"`
	OtherGeneration float64         `toml:"other_generation"`
}

// A Network is one of the operator's own networks as the file declares it.
type Network struct {
	Name      string         `toml:"name"`
	Prefixes  []netip.Prefix `toml:"prefixes"`
	Sites     []string       `toml:"sites"` // names
	Country   string         `toml:"country"`
	Latitude  *float64       `toml:"latitude"`
	Longitude *float64       `toml:"longitude"`
}

// NearestOptions returns what a map of sites is made of, as far as it is configured.
func (c *Config) NearestOptions() nearest.Options {
	n := &c.Nearest
	o := nearest.Options{Costs: nearest.Costs{
		Radius:     n.Radius,
		Country:    n.OtherCountry,
		Network:    n.OtherNetwork,
		Unknown:    n.UnknownPlace,
		Blind:      n.BlindMatch,
		File:       n.FileMatch,
		Generation: n.OtherGeneration,
	}}
	for _, d := range c.Networks {
		o.Networks = append(o.Networks, nearest.Network{
			Name:     d.Name,
			Prefixes: d.Prefixes,
			Sites:    d.Sites,
			Country:  d.Country,
			Place:    placeOf(d.Latitude, d.Longitude),
		})
	}
	return o
}

func defaultNearest() Nearest {
	c := nearest.DefaultCosts()
	return Nearest{
		Databases:       []string{},
		Reload:          strict.Span(time.Minute),
		Radius:          c.Radius,
		OtherCountry:    c.Country,
		OtherNetwork:    c.Network,
		UnknownPlace:    c.Unknown,
		BlindMatch:      c.Blind,
		FileMatch:       c.File,
		OtherGeneration: c.Generation,
	}
}

// maxCost bounds the configured costs, in kilometres: several times around the earth.
const maxCost = 100_000

func (n *Nearest) validate() error {
	failed := []error{
		strict.Lasting("nearest.reload", n.Reload, time.Second, 24*time.Hour),
		strict.Between("nearest.radius", n.Radius, 1, maxCost),
		strict.Between("nearest.other_country", n.OtherCountry, 0, maxCost),
		strict.Between("nearest.other_network", n.OtherNetwork, 0, maxCost),
		strict.Between("nearest.unknown_place", n.UnknownPlace, 0, maxCost),
		strict.Between("nearest.blind_match", n.BlindMatch, 0, maxCost),
		strict.Between("nearest.file_match", n.FileMatch, 0, maxCost),
		strict.Between("nearest.other_generation", n.OtherGeneration, 0, maxCost),
	}
	for i, file := range n.Databases {
		failed = append(failed, strict.Filled(fmt.Sprintf("nearest.databases: file %d", i+1), file))
	}
	return errors.Join(failed...)
}

// validateNetworks checks the declared networks. That their sites are tracked cannot be
// known here.
func validateNetworks(declared []Network) error {
	var failed []error
	owners := map[netip.Prefix]string{}
	for i, d := range declared {
		refuse := func(format string, args ...any) {
			failed = append(failed, fmt.Errorf("network %s: %w", d.Name, fmt.Errorf(format, args...)))
		}
		if d.Name == "" {
			failed = append(failed, fmt.Errorf("network: number %d has no name", i+1))
			continue
		}
		if len(d.Prefixes) == 0 {
			refuse("it has no prefixes")
		}
		for _, p := range d.Prefixes {
			canonical := nearest.Canonical(p)
			switch owner := owners[canonical]; {
			case !p.IsValid():
				refuse("a prefix is empty")
			case canonical != p:
				refuse("prefix %s: write %s", p, canonical)
			case p.Addr().Is6() && p.Bits() > nearest.MaxBits6:
				refuse("prefix %s: clients of IPv6 are told apart by %d bits, so it can have no more", p, nearest.MaxBits6)
			case owner != "":
				refuse("prefix %s stands in network %s too", p, owner)
			}
			owners[canonical] = d.Name
		}
		for _, name := range d.Sites {
			if err := mirror.ValidName(name); err != nil {
				refuse("sites: %w", err)
			}
		}
		if d.Country != "" {
			if err := mirror.ValidCountry(d.Country); err != nil {
				refuse("%w", err)
			}
		}
		if place := placeOf(d.Latitude, d.Longitude); place != nil {
			if err := place.Validate(); err != nil {
				refuse("%w", err)
			}
		} else if d.Latitude != nil || d.Longitude != nil {
			refuse("latitude and longitude belong together")
		}
	}
	return errors.Join(failed...)
}
