package mirror

import (
	"fmt"
	"slices"
)

// A Reach says where a site is and whom it serves, as far as its operator says so.
// What is not said of its place may be found out from its address.
type Reach struct {
	Country  string   `json:"country,omitempty"` // see ValidCountry
	Place    *Place   `json:"place,omitempty"`
	AS       uint32   `json:"as,omitempty"` // number of its autonomous system (RFC 6793)
	Audience Audience `json:"audience,omitzero"`
}

// A Place is a point on the earth, in degrees.
type Place struct {
	Latitude  float64 `json:"latitude"`  // from -90 to 90, north is positive
	Longitude float64 `json:"longitude"` // from -180 to 180, east is positive
}

// An Audience says which clients a site is offered to. The zero value is all of them.
type Audience struct {
	Countries []string `json:"countries,omitempty"` // only clients in these
	Not       []string `json:"not,omitempty"`       // no clients in these
	ASes      []uint32 `json:"ases,omitempty"`      // only clients in these autonomous systems
	MaxFile   int64    `json:"max_file,omitempty"`  // of the files it is asked for, in bytes; 0 for any
}

// maxAudience bounds each list of an audience.
const maxAudience = 1000

// Equal reports whether two say the same.
func (r Reach) Equal(o Reach) bool {
	return r.Country == o.Country && r.AS == o.AS &&
		(r.Place == o.Place || r.Place != nil && o.Place != nil && *r.Place == *o.Place) &&
		slices.Equal(r.Audience.Countries, o.Audience.Countries) &&
		slices.Equal(r.Audience.Not, o.Audience.Not) &&
		slices.Equal(r.Audience.ASes, o.Audience.ASes) &&
		r.Audience.MaxFile == o.Audience.MaxFile
}

// Validate reports whether a place is one on the earth.
func (p Place) Validate() error {
	switch {
	case !(p.Latitude >= -90 && p.Latitude <= 90): // false for what is no number, too
		return fmt.Errorf("latitude %v is not between -90 and 90", p.Latitude)
	case !(p.Longitude >= -180 && p.Longitude <= 180):
		return fmt.Errorf("longitude %v is not between -180 and 180", p.Longitude)
	}
	return nil
}

func (r Reach) validate() error {
	if r.Country != "" {
		if err := ValidCountry(r.Country); err != nil {
			return err
		}
	}
	if r.Place != nil {
		if err := r.Place.Validate(); err != nil {
			return err
		}
	}
	return r.Audience.validate()
}

func (a Audience) validate() error {
	for _, list := range []struct {
		name      string
		countries []string
	}{{"only_countries", a.Countries}, {"not_countries", a.Not}} {
		if n := len(list.countries); n > maxAudience {
			return fmt.Errorf("%s has %d countries, more than %d", list.name, n, maxAudience)
		}
		for _, c := range list.countries {
			if err := ValidCountry(c); err != nil {
				return fmt.Errorf("%s: %w", list.name, err)
			}
		}
	}
	for _, c := range a.Not {
		if slices.Contains(a.Countries, c) {
			return fmt.Errorf("country %q stands in only_countries and in not_countries", c)
		}
	}
	switch {
	case len(a.ASes) > maxAudience:
		return fmt.Errorf("only_as has %d numbers, more than %d", len(a.ASes), maxAudience)
	case slices.Contains(a.ASes, 0):
		return fmt.Errorf("only_as: 0 is no autonomous system")
	case a.MaxFile < 0:
		return fmt.Errorf("max_file %d is negative", a.MaxFile)
	}
	return nil
}
