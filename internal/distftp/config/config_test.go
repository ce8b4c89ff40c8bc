package config

import (
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"mirrortracker/internal/config/strict"
	"mirrortracker/internal/config/strict/stricttest"
	"mirrortracker/internal/distftp/control"
	"mirrortracker/internal/distftp/data"
)

func defaults() strict.Configuration {
	c := Default()
	return &c
}

func TestDocumented(t *testing.T) {
	stricttest.Documented(t, Commented, defaults)
	doors := stricttest.DocumentedTable(t, Commented, "door", reflect.TypeFor[Door](), defaults).(*Config).Doors
	networks := stricttest.DocumentedTable(t, Commented, "network", reflect.TypeFor[Network](), defaults).(*Config).Networks
	if len(doors) != 1 || len(networks) != 1 {
		t.Errorf("%d doors, %d networks", len(doors), len(networks))
	}
}

func TestOrder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ftpd.toml")
	text := "directory = 'file'\nlisten = ':1'\nusers = true\numask = '027'\n[passive]\nexternal_ipv4 = '192.0.2.1'\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	flags := Flags{Config: path, Database: "sqlite:flag.db"}
	c, err := flags.Load(func(name string) string {
		return map[string]string{
			"FTPD_DATABASE":              "sqlite:env.db",
			"FTPD_LISTEN":                ":2",
			"FTPD_DIRECTORY":             "environment",
			"FTPD_ANONYMOUS":             "false",
			"FTPD_PASSIVE_EXTERNAL_IPV6": "2001:db8::1",
			"FTPD_TLS_CERTIFICATE":       "",
		}[name]
	}, map[string]string{"directory": "flag", "tls_listen": ""})
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.Directory = "flag"
	want.Listen = ":2"
	want.Database = "sqlite:flag.db"
	want.Users, want.Anonymous = true, false
	want.Umask = Umask{0o027}
	want.Passive.External4, want.Passive.External6 = netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")
	if diff := cmp.Diff(want, c, cmpopts.EquateComparable(netip.Addr{})); diff != "" {
		t.Error(diff)
	}
}

func TestMistakes(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"unknown key":    {"[limits]\nsesions = 3\n", ".toml:2: unknown key limits.sesions"},
		"nobody":         {"anonymous = false\n", ".toml:1: anonymous and users are both false, so that nobody can log in"},
		"listen":         {"\nlisten = ':21 2121'\n", `.toml:2: listen is "2121", must be HOST:PORT`},
		"no port":        {"listen = ':99999'\n", `.toml:1: listen is ":99999", must be HOST:PORT`},
		"without a key":  {"[tls]\ncertificate = 'a'\n", "tls.certificate and tls.key go together; one of them is empty"},
		"implicit":       {"tls_listen = ':990'\n", "implicit TLS at :990 needs tls.certificate and tls.key"},
		"no TLS":         {"[tls]\nrequire = 'logins'\n", `.toml:2: tls.require is "logins", which needs tls.certificate and tls.key`},
		"no sessions":    {"[tls]\nrequire_reuse = true\n", `.toml:2: tls.require_reuse is true, which needs tls.certificate and tls.key`},
		"requirement":    {"[tls]\nrequire = 'all'\n", `.toml:2: tls.require is "all", must be one of nothing, passwords, logins, data`},
		"ports":          {"[passive]\nports = '20-30'\n", `.toml:2: passive.ports: "20-30": want a range within 1024-65535`},
		"no address":     {"[passive]\nexternal_ipv4 = 'here'\n", `"here" is not an address such as`},
		"other family":   {"[passive]\nexternal_ipv4 = '::1'\n", `.toml:2: passive.external_ipv4 is "::1", must be an address of IPv4`},
		"IPv4 as IPv6":   {"[passive]\nexternal_ipv6 = '::ffff:192.0.2.1'\n", "passive.external_ipv6 is"},
		"umask":          {"umask = '888'\n", `.toml:1: umask: "888" is not a umask such as "022"`},
		"umask's number": {"umask = 18\n", `.toml:1: umask: "18" is not a umask`},
		"short umask":    {"umask = '22'\n", `"22" is not a umask`},
		"banner":         {"banner = \"a\\r\\nb\"\n", ".toml:1: banner is"},
		"no banner":      {"banner = ''\n", ".toml:1: banner is"},
		"host":           {"hosts = ['FTP.example']\n", `.toml:1: hosts has "FTP.example", must be names in small letters`},
		"limit":          {"[limits]\nsessions = -1\n", ".toml:2: limits.sessions is -1, must be from 0 to 1000000"},
		"timeout":        {"[timeouts]\nidle = 300\n", `.toml:2: timeouts.idle is 300, must be a duration with a unit`},
		"no timeout":     {"[timeouts]\ndata = '0s'\n", ".toml:2: timeouts.data is 0s, must be from 1s to 1h"},
		"failures":       {"[limits]\nfailures = -1\n", ".toml:2: limits.failures is -1, must be from 0 to 10000"},
		"no memory":      {"[limits]\nfailure_memory = '0s'\n", ".toml:2: limits.failure_memory is 0s, must be from 1s to 24h"},
		"events":         {"[transfer_log]\nevents = 'some'\n", `.toml:2: transfer_log.events is "some", must be one of transfers, all`},
		"one file":       {"[transfer_log]\nxferlog = 'a'\njson = 'a'\n", `.toml:3: transfer_log.json and transfer_log.xferlog are both "a"`},
		"metrics":        {"[metrics]\nlisten = '9121'\n", `.toml:2: metrics.listen is "9121", must be HOST:PORT`},
		"mirrored":       {"auto_mirror = ['/pub/']\n", `.toml:1: auto_mirror has "/pub/", must be paths from the root such as "/pub"`},
		"no tracker":     {"auto_mirror = ['/pub']\n", `.toml:1: auto_mirror needs tracker.database`},
		"no site":        {"[tracker]\nself = ['A/b']\n", `.toml:2: tracker.self: site name "A/b"`},
		"refresh":        {"[tracker]\nrefresh = '1ms'\n", ".toml:2: tracker.refresh is 1ms, must be from 100ms to 1h"},
		"network":        {"[[network]]\nname = 'x'\nprefixes = ['10.0.0.0/8']\n", "network x: needs prefixes, and slaves, sites"},
		"half a place":   {"[[network]]\nname = 'x'\nprefixes = ['10.0.0.0/8']\nlatitude = 1.0\nsites = ['a']\n", "network x: latitude and longitude go together"},
		"no country":     {"[[network]]\nname = 'x'\nprefixes = ['10.0.0.0/8']\ncountry = 'xx'\n", "network x: country"},
		"log":            {"[log]\nlevel = 'all'\n", ".toml:2: log.level is"},
		"door":           {"[[door]]\nlisten = '2'\n", `door 1: listen is "2", must be HOST:PORT`},
		"door's TLS":     {"[[door]]\nlisten = ':2'\ntls = 'on'\n", `door 1: tls is "on", must be one of explicit, implicit`},
		"door's family":  {"[[door]]\nlisten = ':2'\n[[door]]\nlisten = ':3'\nexternal_ipv6 = '192.0.2.1'\n", "door 2: external_ipv6 is"},
		"same address":   {"listen = ':2'\n[[door]]\nlisten = ':2'\n", ":2 is the address of two doors"},
	} {
		_, err := stricttest.Load(t, c.text, defaults)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}

// Where it listens, and what holds there.
func TestDoors(t *testing.T) {
	text := "listen = ':2121 [::1]:2122'\ntls_listen = ':990'\n[tls]\ncertificate = 'a'\nkey = 'b'\n[passive]\nports = '50000-50009'\nexternal_ipv4 = '192.0.2.1'\n" +
		"[[door]]\nlisten = '10.0.0.1:21'\n[[door]]\nlisten = '10.0.0.1:990'\ntls = 'implicit'\nports = '6000-6000'\nexternal_ipv6 = '2001:db8::1'\n"
	c, err := stricttest.Load(t, text, defaults)
	if err != nil {
		t.Fatal(err)
	}
	outside := control.Door{Ports: data.Ports{First: 50000, Last: 50009}, External4: netip.MustParseAddr("192.0.2.1")}
	secure := outside
	secure.Implicit = true
	want := map[string]control.Door{
		":2121":        outside,
		"[::1]:2122":   outside,
		":990":         secure,
		"10.0.0.1:21":  {Ports: outside.Ports},
		"10.0.0.1:990": {Implicit: true, Ports: data.Ports{First: 6000, Last: 6000}, External6: netip.MustParseAddr("2001:db8::1")},
	}
	got := map[string]control.Door{}
	for _, d := range c.(*Config).Everywhere() {
		got[d.Listen] = d.Rules()
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateComparable(netip.Addr{})); diff != "" {
		t.Error(diff)
	}
}
