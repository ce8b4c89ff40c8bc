package config

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"mirrortracker/internal/mirror"
	"mirrortracker/internal/nearest"
)

// All that the file says of costs and networks reaches those who order replicas.
func TestNearestOptions(t *testing.T) {
	c, err := Load(write(t, `
[nearest]
radius = 1.0
other_country = 2.0
other_network = 3.0
unknown_place = 4.0
blind_match = 5.0
file_match = 6.0
other_generation = 7.0
[[network]]
name = "campus"
prefixes = ["10.0.0.0/8", "2001:db8::/32"]
sites = ["a", "b"]
country = "de"
latitude = 52.5
longitude = 13.4
[[network]]
name = "elsewhere"
prefixes = ["192.168.0.0/16"]
`), nothing)
	if err != nil {
		t.Fatal(err)
	}
	want := nearest.Options{
		Costs: nearest.Costs{Radius: 1, Country: 2, Network: 3, Unknown: 4, Blind: 5, File: 6, Generation: 7},
		Networks: []nearest.Network{
			{
				Name: "campus", Prefixes: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8::/32")},
				Sites: []string{"a", "b"}, Country: "de", Place: &mirror.Place{Latitude: 52.5, Longitude: 13.4},
			},
			{Name: "elsewhere", Prefixes: []netip.Prefix{netip.MustParsePrefix("192.168.0.0/16")}},
		},
	}
	if diff := cmp.Diff(want, c.NearestOptions(), cmpopts.EquateComparable(netip.Prefix{})); diff != "" {
		t.Error(diff)
	}
	standard := Default()
	if diff := cmp.Diff(nearest.DefaultCosts(), standard.NearestOptions().Costs); diff != "" {
		t.Error(diff)
	}
}
