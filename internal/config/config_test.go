package config

import (
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"mirrortracker/internal/config/strict"
	"mirrortracker/internal/config/strict/stricttest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// write makes a file of a text and returns its path.
func write(t *testing.T, text string) string {
	path := filepath.Join(t.TempDir(), "tracker.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func nothing(string) string { return "" }

func defaults() strict.Configuration {
	c := Default()
	return &c
}

func TestDocumented(t *testing.T) {
	stricttest.Documented(t, Commented, defaults)
	sites := stricttest.DocumentedTable(t, Commented, "site", reflect.TypeFor[Site](), defaults).(*Config).Sites
	networks := stricttest.DocumentedTable(t, Commented, "network", reflect.TypeFor[Network](), defaults).(*Config).Networks
	peers := stricttest.DocumentedTable(t, Commented, "peer", reflect.TypeFor[Peer](), defaults).(*Config).Peers
	if len(sites) != 1 || len(networks) != 1 || len(peers) != 1 {
		t.Errorf("%d sites, %d networks, %d peers", len(sites), len(networks), len(peers))
	}
}

func TestOrder(t *testing.T) {
	file := write(t, "database = 'sqlite:file.db'\n[crawl]\ntimeout = '5s'\nconnections = 7\n[crawl.limits]\nlisting = 4096\n")
	flags := Flags{Config: file, Database: "sqlite:flag.db"}
	c, err := flags.Load(func(name string) string {
		return map[string]string{
			"TRACKER_DATABASE":             "sqlite:env.db",
			"TRACKER_CRAWL_TIMEOUT":        "6s",
			"TRACKER_CRAWL_LIMITS_LISTING": "2MiB",
			"TRACKER_CRAWL_PARALLEL":       "9",
			"TRACKER_CRAWL_JITTER":         "",
			"TRACKER_CRAWL_RATE":           "2.5",
		}[name]
	})
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.Database = "sqlite:flag.db"
	want.Crawl.Timeout = strict.Span(6 * time.Second)
	want.Crawl.Connections = 7
	want.Crawl.Parallel = 9
	want.Crawl.Rate = 2.5
	want.Crawl.Limits.Listing = 2 << 20
	if diff := cmp.Diff(want, c, cmpopts.EquateComparable(netip.Prefix{})); diff != "" {
		t.Error(diff)
	}
}

func TestMistakes(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []string // in the error
	}{
		"unknown key":         {"[crawl]\nconections = 3\n", []string{":2: unknown key crawl.conections", "2 | conections = 3", "| ^"}},
		"two unknown keys":    {"a = 1\nb = 2\n", []string{":1: unknown key a", ":2: unknown key b"}},
		"unknown table":       {"[crawlers]\n", []string{"unknown key crawlers"}},
		"no TOML":             {"database = \n", []string{":1:", "1 | database ="}},
		"number as duration":  {"[crawl]\ntimeout = 30\n", []string{`crawl.timeout is 30, must be a duration with a unit such as "30s"`}},
		"not a duration":      {"[crawl]\ntimeout = 'soon'\n", []string{"crawl.timeout", `"soon" is not a duration`}},
		"text as number":      {"[crawl]\nretries = 'x'\n", []string{"crawl.retries", "where a whole number belongs"}},
		"not a size":          {"[crawl.limits]\nlisting = '32MB'\n", []string{"crawl.limits.listing", `"32MB" is not a size`}},
		"too small":           {"[crawl]\nconnections = 0\n", []string{"crawl.connections is 0, must be from 1 to 32"}},
		"too short":           {"[crawl]\ntimeout = '1ms'\n", []string{"crawl.timeout is 1ms, must be from 1s to 1h"}},
		"inconsistent":        {"[crawl]\ntimeout = '2m'\nlisting_timeout = '1m'\n", []string{"crawl.listing_timeout is 1m, must be from 2m to 24h"}},
		"two mistakes":        {"[crawl]\nconnections = 0\nlisting = 'nlst'\n", []string{"crawl.connections", `crawl.listing is "nlst", must be one of auto, index, stat, recursive, pipelined, single, mlsd, list`}},
		"schedule":            {"[crawl]\nschedule = 'daily'\n", []string{"crawl.schedule", `"daily" is not a cron expression`}},
		"rate":                {"[crawl]\nrate = 1e-9\n", []string{"crawl.rate is 1e-09, must be 0 or from 0.01 to 1e+06"}},
		"rate that is none":   {"[crawl]\nrate = nan\n", []string{"crawl.rate is NaN, must be 0 or from"}},
		"bandwidth":           {"[crawl]\nbandwidth = 1\n", []string{"crawl.bandwidth is 1, must be 0 or from 1KiB to 1TiB"}},
		"share":               {"[crawl]\nsuspect = 80\n", []string{"crawl.suspect is 80, must be from 0 to 1"}},
		"contact":             {"[crawl]\ncontact = \"a\\r\\nDELE b\"\n", []string{"crawl.contact", "visible ASCII"}},
		"zone":                {"[crawl]\nzone = 'Local'\n", []string{`crawl.zone is "Local", must be UTC or`}},
		"hours":               {"[crawl]\nhours = '6'\n", []string{`crawl.hours: hours "6": want`}},
		"pause without unit":  {"[[site]]\nname = 'a'\nurl = 'ftp://a.example/'\npause = 3\n", []string{`"3" is not a duration such as "30s"`}},
		"crawler listens":     {"[crawler]\nlisten = '9100'\n", []string{`crawler.listen is "9100", must be HOST:PORT`}},
		"size out of range":   {"[crawl.limits]\nlisting = 10\n", []string{"crawl.limits.listing is 10, must be from 1KiB to 4GiB"}},
		"several listen":      {"[redirector]\nlisten = ':80 unix:/x 81'\n", []string{`redirector.listen is "81", must be HOST:PORT`}},
		"no listen":           {"[redirector]\nlisten = ''\n", []string{"redirector.listen is empty"}},
		"HTTPS without a key": {"[redirector]\ntls_listen = ':443'\n", []string{"redirector.tls_listen needs redirector.certificate"}},
		"key alone":           {"[redirector]\nkey = 'x.pem'\n", []string{"redirector.certificate and redirector.key go together"}},
		"no header":           {"[redirector]\nforwarded_header = 'X-Real-IP'\n", []string{`redirector.forwarded_header is "X-Real-IP", must be one of X-Forwarded-For, Forwarded`}},
		"host as a network":   {"[redirector]\ntrusted_proxies = ['10.0.0.1/8']\n", []string{"redirector.trusted_proxies has 10.0.0.1/8, of which the network is 10.0.0.0/8"}},
		"limit":               {"[redirector.limit]\nrate = -1.0\n", []string{"redirector.limit.rate is -1, must be 0 or from 0.01 to 1e+06"}},
		"listen":              {"[redirector]\nlisten = '8080'\n", []string{`redirector.listen is "8080", must be HOST:PORT`}},
		"checks":              {"[health]\nchecks = 'yes'\n", []string{`health.checks is "yes", must be one of on, off`}},
		"check interval":      {"[health]\ninterval = '1ms'\n", []string{"health.interval is 1ms, must be from 1s to 1h"}},
		"brake":               {"[health]\nbrake = 0\n", []string{"health.brake is 0, must be from 0.01 to 1"}},
		"private network":     {"[health]\nprivate = ['10.0.0.1']\n", []string{"health.private"}},
		"webhook":             {"[health]\nwebhooks = ['ftp://x/']\n", []string{"health.webhooks: number 1 must be a URL"}},
		"webhook's secret":    {"[health]\nwebhook_secret = 'x'\n", []string{"health.webhook_secret must be env:NAME"}},
		"proxy":               {"[redirector.proxy]\nlisten = '3128'\n", []string{`redirector.proxy.listen is "3128", must be HOST:PORT`}},
		"ICP":                 {"[redirector.icp]\nlisten = '3130'\n", []string{`redirector.icp.listen is "3130", must be HOST:PORT`, "redirector.icp.allow is empty"}},
		"ICP for nobody":      {"[redirector.icp]\nlisten = ':3130'\n", []string{"redirector.icp.allow is empty, must name the networks"}},
		"no network":          {"[redirector.icp]\nallow = ['192.0.2.1']\n", []string{"redirector.icp.allow"}},
		"site without a name": {"[[site]]\nurl = 'ftp://a.example/'\n", []string{"site: number 1 has no name"}},
		"site without a URL":  {"[[site]]\nname = 'a'\n", []string{"site a: it has no url"}},
		"site of HTTP":        {"[[site]]\nname = 'a'\nurl = 'http://a.example/'\n", []string{"site a", "ftp://"}},
		"site's weight":       {"[[site]]\nname = 'a'\nurl = 'ftp://a.example/'\nweight = -1\n", []string{"site a: weight -1 is not between 0 and 1000000"}},
		"site's schedule":     {"[[site]]\nname = 'a'\nurl = 'ftp://a.example/'\nschedule = 'x'\n", []string{"site a: schedule"}},
		"site's visit":        {"[[site]]\nname = 'a'\nurl = 'ftp://a.example/'\nconnections = 99\n", []string{"site a: connections 99 is not between 1 and 32"}},
		"radius":              {"[nearest]\nradius = 0.5\n", []string{"nearest.radius is 0.5, must be from 1 to 100000"}},
		"cost that is none":   {"[nearest]\nother_country = nan\n", []string{"nearest.other_country is NaN, must be from 0"}},
		"no database":         {"[nearest]\ndatabases = ['a', '']\n", []string{"nearest.databases: file 2 is empty"}},
		"network's name":      {"[[network]]\nprefixes = ['10.0.0.0/8']\n", []string{"network: number 1 has no name"}},
		"empty network":       {"[[network]]\nname = 'a'\n", []string{"network a: it has no prefixes"}},
		"mapped proxies":      {"[redirector]\ntrusted_proxies = ['::ffff:10.0.0.0/104']\n", []string{"of which the network is 10.0.0.0/8"}},
		"nothing as network":  {"[redirector.limit]\nexempt = ['']\n", []string{"redirector.limit.exempt has one that is empty"}},
		"private with a host": {"[health]\nprivate = ['10.0.0.1/8']\n", []string{"health.private has 10.0.0.1/8, of which the network is 10.0.0.0/8"}},
		"caches with a host":  {"[redirector.icp]\nallow = ['10.0.0.1/8']\n", []string{"redirector.icp.allow has 10.0.0.1/8, of which"}},
		"address as network":  {"[[network]]\nname = 'a'\nprefixes = ['10.0.0.7']\n", []string{":3: ", `"10.0.0.7" is one address; as a network it is "10.0.0.7/32"`}},
		"trusted address":     {"[redirector]\ntrusted_proxies = ['::1']\n", []string{":2: redirector.trusted_proxies: ", `as a network it is "::1/128"`}},
		"poll of peers":       {"[peers]\npoll = '1ms'\n", []string{"peers.poll is 1ms, must be from 1s to 24h"}},
		"tracker's name":      {"[peers]\nname = \"a\\nb\"\n", []string{"peers.name", "can be printed"}},
		"tracker's URL":       {"[peers]\nurl = 'ftp://a/'\n", []string{"peers.url", "http:// or https://"}},
		"shared sites":        {"[peers]\nshare = ['*a']\n", []string{"peers.share", `pattern "*a"`}},
		"peer without a URL":  {"[[peer]]\nkey = 'x'\n", []string{"peer: number 1 has no url"}},
		"peer without a key":  {"[[peer]]\nurl = 'http://a/'\ntrust = ['']\n", []string{"peer http://a/: a public key has", `peer http://a/: pattern ""`}},
		"private name":        {"[health]\nprivate = ['localhost']\n", []string{":2: health.private: ", `"localhost" is not a network such as "192.0.2.0/24"`}},
		"exempt wide":         {"[redirector.limit]\nexempt = ['10.0.0.0/33']\n", []string{":2: redirector.limit.exempt: ", `"10.0.0.0/33" is not a network`}},
		"network of numbers":  {"[health]\nprivate = [10]\n", []string{`"10" is not a network`}},
		"prefix with a host":  {"[[network]]\nname = 'a'\nprefixes = ['10.1.0.0/8']\n", []string{"network a: prefix 10.1.0.0/8: write 10.0.0.0/8"}},
		"mapped prefix":       {"[[network]]\nname = 'a'\nprefixes = ['::ffff:10.0.0.0/104']\n", []string{"write 10.0.0.0/8"}},
		"narrow prefix":       {"[[network]]\nname = 'a'\nprefixes = ['2001:db8::/65']\n", []string{"told apart by 64 bits"}},
		"prefix twice":        {"[[network]]\nname = 'a'\nprefixes = ['10.0.0.0/8']\n[[network]]\nname = 'b'\nprefixes = ['10.0.0.0/8']\n", []string{"network b: prefix 10.0.0.0/8 stands in network a too"}},
		"prefix of nothing":   {"[[network]]\nname = 'a'\nprefixes = ['']\n", []string{"network a: a prefix is empty"}},
		"network's site":      {"[[network]]\nname = 'a'\nprefixes = ['10.0.0.0/8']\nsites = ['A']\n", []string{"network a: sites: site name \"A\""}},
		"network's country":   {"[[network]]\nname = 'a'\nprefixes = ['10.0.0.0/8']\ncountry = 'eu'\n", []string{"network a: country \"eu\""}},
		"network's place":     {"[[network]]\nname = 'a'\nprefixes = ['10.0.0.0/8']\nlatitude = 91.0\nlongitude = 0.0\n", []string{"network a: latitude 91"}},
		"network's half":      {"[[network]]\nname = 'a'\nprefixes = ['10.0.0.0/8']\nlatitude = 1.0\n", []string{"network a: latitude and longitude belong together"}},
		"site's country":      {"[[site]]\nname = 'a'\nurl = 'ftp://a.example/'\ncountry = 'uk'\n", []string{"site a", "the United Kingdom is gb"}},
		"half a place":        {"[[site]]\nname = 'a'\nurl = 'ftp://a.example/'\nlatitude = 5.0\n", []string{"site a: latitude and longitude belong together"}},
		"site's password":     {"[[site]]\nname = 'a'\nurl = 'ftp://a.example/'\nuser = 'm'\npassword = 'x'\n", []string{"site a: password must be env:NAME"}},
		"site's URL": {"[[site]]\nname = 'a'\nurl = 'gopher://a.example/'\n",
			[]string{":3:", "gopher"}},
		"same name": {"[[site]]\nname = 'a'\nurl = 'ftp://a.example/'\n[[site]]\nname = 'a'\nurl = 'ftp://b.example/'\n",
			[]string{"site a: two sites have this name"}},
		"same URL": {"[[site]]\nname = 'a'\nurl = 'ftp://a.example/'\n[[site]]\nname = 'b'\nurl = 'FTP://A.example:21'\n",
			[]string{"site b: ftp://a.example/ is the url of site a too"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Load(write(t, c.text), nothing)
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range append(c.want, "tracker.toml") {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%v\nhas no %q", err, want)
				}
			}
		})
	}
}

func TestNoPasswordInErrors(t *testing.T) {
	for _, text := range []string{
		"databse = 'mysql://tracker:hunter2@db.example/tracker'\n",
		"database = 'mysql://tracker:hunter2@db.example/tracker\n",
		"database = mysql://tracker:hunter2@db.example/tracker\n",
		"database = ['mysql://tracker:hunter2@db.example/tracker']\n",
		"database = 'mysql://tracker:hunter2@db.example/tracker' x\n",
		"'mysql://tracker:hunter2@db.example/tracker' = 1\n",
		"mysql://tracker:hunter2@db.example/?a=b\n",
		"database_password = 'hunter2'\n",
		"token = 'hunter2'\n",
		"database = 'mysql://tracker:hunter2@db.example/tracker'\ndatabase = 'x'\n",
		"database = 'mysql://tracker:hunter2@db.example/tracker'\ncolour = 'x'\n",
		"[[site]]\nname = 'a'\nurl = 'ftp://me:hunter2@a.example/'\n",
		"[[site]]\nname = 'a'\nurl = 'ftp://me:hunter2@a.exa mple/'\n",
		"[log]\nlevel = 'x'\n[other]\ndatabase = '''\nmysql://tracker:hunter2@db.example/'''\n",
	} {
		_, err := Load(write(t, text), nothing)
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s\ngives %v", text, err)
		}
	}
}

func TestMissingFile(t *testing.T) {
	if _, err := Load("no/such/file.toml", nothing); err == nil || !strings.Contains(err.Error(), "no/such/file.toml") {
		t.Errorf("%v", err)
	}
}

// A misspelt variable is found out; what Kubernetes sets for a service is not one.
func TestCheckEnvironment(t *testing.T) {
	for variable, sound := range map[string]bool{
		"TRACKER_CONFIG=x":                              true,
		"TRACKER_DATABASE=":                             true,
		"TRACKER_CRAWL_LIMITS_DEPTH=7":                  true,
		"HOME=/root":                                    true,
		"MY_TRACKER_X=1":                                true,
		"TRACKER_SERVICE_HOST=10.0.0.1":                 true,
		"TRACKER_SERVICE_PORT_HTTP=80":                  true,
		"TRACKER_PORT=tcp://10.0.0.1:80":                true,
		"TRACKER_PORT_80_TCP_ADDR=10.0.0.1":             true,
		"TRACKER_CRAWL_CONECTIONS=3":                    false,
		"TRACKER_CRAWL_LIMITS=3":                        false,
		"TRACKER_SITE=ftp://a.example/":                 false,
		"TRACKER_PASSWORD=mysql://u:hunter2@db.example": false,
	} {
		err := CheckEnvironment([]string{variable})
		name, _, _ := strings.Cut(variable, "=")
		if (err == nil) != sound || err != nil && (!strings.Contains(err.Error(), name+" names no key") || strings.Contains(err.Error(), "hunter2")) {
			t.Errorf("%s: %v", variable, err)
		}
	}
}

func TestEnvironmentMistakes(t *testing.T) {
	_, err := Load("", func(name string) string {
		return map[string]string{"TRACKER_CRAWL_TIMEOUT": "soon", "TRACKER_CRAWL_PARALLEL": "many"}[name]
	})
	for _, want := range []string{"TRACKER_CRAWL_TIMEOUT", `"soon"`, "TRACKER_CRAWL_PARALLEL", `"many"`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v has no %s", err, want)
		}
	}
}
