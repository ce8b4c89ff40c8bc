package config

import (
	"mirrortracker/internal/config/strict"
	"mirrortracker/internal/mirror"
)

// A Site is a site as the file declares it.
type Site struct {
	Name     string       `toml:"name"`
	URL      mirror.URL   `toml:"url"`
	Serving  []mirror.URL `toml:"serving"`
	Weight   *int         `toml:"weight"` // nil for the default
	Schedule string       `toml:"schedule"`
	Zone     string       `toml:"zone"`

	// How it is visited: the fields of mirror.Visit.
	Listing     string          `toml:"listing"`
	Connections int             `toml:"connections"`
	Rate        float64         `toml:"rate"`
	Bandwidth   strict.Size     `toml:"bandwidth"`
	Hours       string          `toml:"hours"`
	Pause       strict.Duration `toml:"pause"`
	TLS         string          `toml:"tls"`
	CA          string          `toml:"ca"`
	Insecure    bool            `toml:"insecure"`
	Family      string          `toml:"family"`
	User        string          `toml:"user"`
	Password    string          `toml:"password"`

	// Where it is and whom it serves: the fields of mirror.Reach.
	Country       string      `toml:"country"`
	Latitude      *float64    `toml:"latitude"`
	Longitude     *float64    `toml:"longitude"`
	AS            uint32      `toml:"as"`
	OnlyCountries []string    `toml:"only_countries"`
	NotCountries  []string    `toml:"not_countries"`
	OnlyAS        []uint32    `toml:"only_as"`
	MaxFile       strict.Size `toml:"max_file"`
}

// Site returns the site in the words of the rest of the tracker.
func (s Site) Site() mirror.Site {
	weight := mirror.DefaultWeight
	if s.Weight != nil {
		weight = *s.Weight
	}
	return mirror.Site{
		Name:     s.Name,
		URL:      s.URL,
		Serving:  s.Serving,
		Weight:   weight,
		Schedule: s.Schedule,
		Zone:     s.Zone,
		Visit: mirror.Visit{
			Listing:     s.Listing,
			Connections: s.Connections,
			Rate:        s.Rate,
			Bandwidth:   int64(s.Bandwidth),
			Hours:       s.Hours,
			Pause:       s.Pause.Duration,
			TLS:         s.TLS,
			CA:          s.CA,
			Insecure:    s.Insecure,
			Family:      s.Family,
			User:        s.User,
			Password:    s.Password,
		},
		Reach: mirror.Reach{
			Country: s.Country,
			Place:   placeOf(s.Latitude, s.Longitude),
			AS:      s.AS,
			Audience: mirror.Audience{
				Countries: s.OnlyCountries,
				Not:       s.NotCountries,
				ASes:      s.OnlyAS,
				MaxFile:   int64(s.MaxFile),
			},
		},
	}
}

// placeOf returns the place with these degrees, nil if they are not both given.
func placeOf(latitude, longitude *float64) *mirror.Place {
	if latitude == nil || longitude == nil {
		return nil
	}
	return &mirror.Place{Latitude: *latitude, Longitude: *longitude}
}
