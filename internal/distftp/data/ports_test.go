package data

import (
	"net/netip"
	"strings"
	"testing"
	"time"
)

func TestParsePorts(t *testing.T) {
	for text, want := range map[string]string{
		"50000-50999":    "50000-50999",
		" 1024 - 65535 ": "1024-65535",
		"4000-4000":      "4000-4000",
		"1023-4000":      "", "4000-3999": "", "4000": "", "4000-65536": "", "-": "", "": "", "a-b": "", "-4000-5000": "",
	} {
		ports, err := ParsePorts(text)
		if want == "" {
			if err == nil || !strings.Contains(err.Error(), text) {
				t.Errorf("%q: %v, %v", text, ports, err)
			}
			continue
		}
		if err != nil || ports.String() != want {
			t.Errorf("%q: %v, %v", text, ports, err)
		}
	}
}

// A small range is used to its last port, and then it is full.
func TestPortsRunOut(t *testing.T) {
	local := netip.MustParseAddr("127.0.0.1")
	free, err := Listen(t.Context(), local, Ports{}, Partner{Peer: local}, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	port := free.Addr().Port()
	if port < 49152 {
		t.Errorf("port %d by default", port)
	}
	if l, err := Listen(t.Context(), local, Ports{port, port}, Partner{Peer: local}, time.Second); err == nil {
		t.Errorf("listens on %s twice", l.Addr())
	}
	free.Close()
	again, err := Listen(t.Context(), local, Ports{port, port}, Partner{Peer: local}, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	again.Close()
}
