package master

import (
	"net/netip"
	"testing"
)

// What only one network knows is not tried from another: it may be somebody else there.
func TestReach(t *testing.T) {
	for _, tt := range []struct {
		slave, client  string
		dials, invites bool
	}{
		{"198.51.100.1", "203.0.113.9", true, true},
		{"2001:db8::1", "2001:db8:5::9", true, true},
		{"10.0.0.1", "10.0.0.9", true, true},
		{"10.0.0.1", "203.0.113.9", true, false},
		{"198.51.100.1", "10.0.0.9", false, true},
		{"127.0.0.2", "127.0.0.1", true, true},
		{"127.0.0.2", "203.0.113.9", false, false},
		{"198.51.100.1", "127.0.0.1", false, true},
		{"10.0.0.1", "127.0.0.1", false, true},
		{"198.51.100.1", "169.254.0.9", false, true},
		{"fe80::1", "2001:db8::9", true, false},
	} {
		slave, client := netip.MustParseAddr(tt.slave), netip.MustParseAddr(tt.client)
		if got := dials(slave, client); got != tt.dials {
			t.Errorf("%s dials %s: %v", slave, client, got)
		}
		if got := invites(slave, client); got != tt.invites {
			t.Errorf("%s invites %s: %v", slave, client, got)
		}
	}
	if dials(netip.Addr{}, netip.MustParseAddr("203.0.113.9")) || invites(netip.Addr{}, netip.MustParseAddr("203.0.113.9")) {
		t.Error("a slave without an address of the family is met")
	}
}
