package redirect

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"path/filepath"
	"strings"

	"mirrortracker/internal/nearest"
)

// A Beneficiary is the client that an answer is for: what is known of it, and what says
// so. Everybody may ask for any address, so that where exactly it is remains untold, and
// of a database the last name of its path is all that is told.
type Beneficiary struct{ nearest.Client }

// beneficiary returns what a decision knows of the client that it is made for.
func (d *decision) beneficiary(client netip.Addr) Beneficiary {
	b := Beneficiary{d.view.Client()}
	b.Address = client // the view is that of all IPv6 clients with the same 64 bits
	return b.discreet()
}

// discreet leaves out where on this machine the databases are.
func (b Beneficiary) discreet() Beneficiary {
	for _, source := range []*string{&b.Sources.Country, &b.Sources.Spot, &b.Sources.AS} {
		if filepath.IsAbs(*source) || strings.HasSuffix(*source, ".mmdb") {
			*source = filepath.Base(*source)
		}
	}
	return b
}

// String writes all of it in a line.
func (b Beneficiary) String() string {
	if !b.Address.IsValid() {
		return "not known"
	}
	all := []string{b.Address.String()}
	add := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	if b.Country != "" {
		add("country %s (%s)", b.Country, b.Sources.Country)
	}
	switch {
	case b.Sources.Spot == "country":
		add("somewhere in it")
	case b.Spot.Known && b.Spot.Radius > 0:
		add("place to within %.0f km (%s)", b.Spot.Radius, b.Sources.Spot)
	case b.Spot.Known:
		add("place (%s)", b.Sources.Spot)
	}
	if b.AS != 0 {
		add("AS%d (%s)", b.AS, b.Sources.AS)
	}
	if b.Network != "" {
		add("in the network %s", b.Network)
	}
	if len(all) == 1 {
		add("of which nothing is known")
	} else if b.Prefix.IsValid() && !b.Prefix.IsSingleIP() {
		add("as all of %s", b.Prefix)
	}
	return strings.Join(all, ", ")
}

// MarshalJSON writes what is known.
func (b Beneficiary) MarshalJSON() ([]byte, error) {
	type sources struct {
		Country string `json:"country,omitempty"`
		Place   string `json:"place,omitempty"`
		AS      string `json:"as,omitempty"`
	}
	return json.Marshal(struct {
		Address  netip.Addr   `json:"address,omitzero"`
		Prefix   netip.Prefix `json:"prefix,omitzero"`
		Network  string       `json:"network,omitempty"`
		Country  string       `json:"country,omitempty"`
		Accuracy float64      `json:"accuracy_km,omitempty"`
		AS       uint32       `json:"as,omitempty"`
		Sources  sources      `json:"sources,omitzero"`
	}{
		b.Address, b.Prefix, b.Network, b.Country, b.Spot.Radius, b.AS,
		sources{b.Sources.Country, b.Sources.Spot, b.Sources.AS},
	})
}
