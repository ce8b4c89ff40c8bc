package config

import (
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mirrortracker/internal/config/strict"
	"mirrortracker/internal/config/strict/stricttest"
)

func TestDocumented(t *testing.T) {
	stricttest.Documented(t, Commented, func() strict.Configuration {
		c := Default()
		return &c
	})
}

func load(t *testing.T, text string, environ ...string) (Config, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "slave.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return Load(path, environ, func(name string) string {
		for _, v := range environ {
			if value, ok := strings.CutPrefix(v, name+"="); ok {
				return value
			}
		}
		return ""
	}, nil)
}

func TestMistakes(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"unknown key":   {"[data]\nport = 3\n", ".toml:2: unknown key data.port"},
		"ports":         {"[data]\nports = '20-30'\n", `.toml:2: data.ports: "20-30": want a range within 1024-65535`},
		"no folder":     {"folders = ['']\n", ".toml:1: folders has an empty name"},
		"folder twice":  {"folders = ['a', 'a']\n", `folders has "a" twice`},
		"two of a kind": {"[data]\naddresses = ['192.0.2.1', '192.0.2.2']\n", "data.addresses has two of a family"},
		"everywhere":    {"[data]\naddresses = ['0.0.0.0']\n", `data.addresses has "0.0.0.0", must be addresses of this machine`},
		"other family":  {"[data]\nexternal_ipv4 = '::1'\n", `data.external_ipv4 is "::1", must be an address of IPv4`},
		"relay":         {"[relay]\nlisten = '2120'\n", `relay.listen is "2120", must be HOST:PORT`},
		"relay at":      {"[relay]\naddresses = ['192.0.2.1:0']\n", `relay.addresses has "192.0.2.1:0"`},
		"rack":          {"rack = '" + strings.Repeat("r", 65) + "'\n", "rack has 65 bytes"},
		"identity":      {"identity = ''\n", "identity is empty"},
		"no unit":       {"stop_timeout = 5\n", "stop_timeout is 5, must be a duration"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := load(t, c.text); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %s", err, c.want)
			}
		})
	}
	if _, err := load(t, "", "FTPD_SLAVE_RAK=1"); err == nil || !strings.Contains(err.Error(), "FTPD_SLAVE_RAK names no key") {
		t.Error(err)
	}
	if c, err := load(t, "rack = 'a'", "FTPD_SLAVE_RACK=b"); err != nil || c.Rack != "b" {
		t.Errorf("%q, %v", c.Rack, err)
	}
}

// Masters and slaves are told where the relay port is.
func TestRelayAt(t *testing.T) {
	public := []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")}
	for text, want := range map[string]string{
		"":                               "192.0.2.1:5 [2001:db8::1]:5",
		"[relay]\nlisten = '0.0.0.0:1'":  "192.0.2.1:5 [2001:db8::1]:5",
		"[relay]\nlisten = '10.0.0.1:1'": "10.0.0.1:5",
		"[relay]\naddresses = ['198.51.100.1:7']": "198.51.100.1:7",
	} {
		c, err := load(t, text)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, a := range c.RelayAt(5, public) {
			got = append(got, a.String())
		}
		if !slices.Equal(got, strings.Fields(want)) {
			t.Errorf("%s: %q, want %s", text, got, want)
		}
	}
}
