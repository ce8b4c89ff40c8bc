package choice

import (
	"net/netip"
	"testing"

	"mirrortracker/internal/mirror"
	"mirrortracker/internal/nearest"
)

func TestPlacesByNetwork(t *testing.T) {
	networks := []nearest.Network{
		{Name: "berlin", Prefixes: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}, Sites: []string{"near"}, Place: &mirror.Place{Latitude: 52.5, Longitude: 13.4}},
	}
	p := NewPlaces(nearest.Options{Networks: networks}, nil)
	client := netip.MustParseAddr("10.1.2.3")
	if got := p.Distance(client, "near"); got != 0 {
		t.Errorf("an unknown slave is %v km away", got)
	}
	p.Set("near", []netip.Addr{netip.MustParseAddr("10.1.0.1")})
	p.Set("far", []netip.Addr{netip.MustParseAddr("10.9.0.1")})
	if near, far := p.Distance(client, "near"), p.Distance(client, "far"); near != 0 || far < 1000 {
		t.Errorf("near is %v km away, far %v", near, far)
	}
	p.Remove("far")
	if got := p.Distance(client, "far"); got != 0 {
		t.Errorf("a forgotten slave is %v km away", got)
	}
}
