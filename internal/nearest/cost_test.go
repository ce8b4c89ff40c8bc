package nearest

import (
	"fmt"
	"math"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/maxmind/mmdbwriter/mmdbtype"
	"pgregory.net/rapid"

	"mirrortracker/internal/mirror"
)

func TestTerms(t *testing.T) {
	costs := DefaultCosts()
	inBerlin := Where{"de", Spot{berlin, 0, true}, 1}
	for name, c := range map[string]struct {
		client, site Where
		want         [3]float64
	}{
		"nothing is known":         {Where{}, Where{}, [3]float64{}},
		"nothing of the client":    {Where{}, inBerlin, [3]float64{}},
		"nothing of the site":      {inBerlin, Where{}, [3]float64{5000, 100, 100}},
		"itself":                   {inBerlin, inBerlin, [3]float64{}},
		"another town":             {inBerlin, Where{"de", Spot{hamburg, 0, true}, 1}, [3]float64{255, 0, 0}},
		"abroad":                   {inBerlin, Where{"nl", Spot{amsterdam, 0, true}, 2}, [3]float64{577, 200, 100}},
		"roughly here":             {Where{"de", Spot{berlin, 30, true}, 1}, Where{"de", Spot{berlin, 40, true}, 1}, [3]float64{50, 0, 0}},
		"no AS on either side":     {Where{"de", Spot{berlin, 0, true}, 0}, Where{"de", Spot{berlin, 0, true}, 0}, [3]float64{}},
		"countries and no places":  {Where{Country: "de"}, Where{Country: "fr"}, [3]float64{0, 200, 0}},
		"the client's place alone": {Where{Spot: Spot{berlin, 0, true}}, Where{"de", Spot{hamburg, 0, true}, 1}, [3]float64{255, 0, 0}},
	} {
		terms := costs.distance(c.client, c.site).terms(c.client, c.site)
		for i, term := range terms {
			if math.Abs(term.KM-c.want[i]) > 1 || term.Why == "" {
				t.Errorf("%s: got %+v, want %v", name, terms, c.want)
				break
			}
		}
	}
}

// No cliff: where a client or a site moves by a km, the odds move by a few thousandths.
func TestOddsAreContinuous(t *testing.T) {
	costs := DefaultCosts()
	rapid.Check(t, func(t *rapid.T) {
		client, site := Spot{drawPlace(t, "client"), rapid.Float64Range(0, 1000).Draw(t, "radius"), true}, Spot{drawPlace(t, "site"), 0, true}
		moved := client
		moved.Latitude = max(-90, min(90, client.Latitude+rapid.Float64Range(-0.009, 0.009).Draw(t, "north")))
		before := costs.odds(1, costs.places(client, site))
		after := costs.odds(1, costs.places(moved, site))
		if ratio := after / before; ratio < 0.983 || ratio > 1.017 {
			t.Fatalf("by a km the odds change from %v to %v", before, after)
		}
	})
}

// What is said of an address is put together of networks and databases, those that come
// first before the others, and the prefix is that of the narrowest.
func TestClient(t *testing.T) {
	first := atlasOf(t, row{"192.0.2.0/24", city("DE", berlin, 20)}, row{"198.51.100.0/24", mmdbtype.Map{"country_code": mmdbtype.String("NL")}})
	second := atlasOf(t,
		row{"192.0.0.0/16", mmdbtype.Map{"country_code": mmdbtype.String("FR"), "asn": mmdbtype.String("AS7")}},
		row{"198.51.100.0/25", city("FR", munich, 1)})
	both := &Atlas{append(first.databases, second.databases...)}
	one, two := first.databases[0].path, second.databases[0].path
	m := NewMap(nil, Options{Costs: DefaultCosts(), Atlas: both, Networks: []Network{
		{Name: "campus", Prefixes: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, Country: "de", Place: &hamburg},
		{Name: "house", Prefixes: []netip.Prefix{netip.MustParsePrefix("10.7.0.0/16"), netip.MustParsePrefix("2001:db8:7::/48")}},
	}})
	for _, c := range []struct {
		addr, country string
		spot          Spot
		as            uint32
		sources       Sources
		prefix        string
		network       string
	}{
		{"192.0.2.9", "de", Spot{berlin, 20, true}, 7, Sources{one, one, two}, "192.0.2.0/24", ""},
		{"::ffff:192.0.2.9", "de", Spot{berlin, 20, true}, 7, Sources{one, one, two}, "192.0.2.0/24", ""},
		{"198.51.100.9", "nl", countrySpots()["nl"], 0, Sources{one, "country", ""}, "198.51.100.0/25", ""}, // not in Munich, which is in another country
		{"10.1.2.3", "de", Spot{hamburg, 0, true}, 0, Sources{"network campus", "network campus", ""}, "10.0.0.0/8", "campus"},
		{"10.7.2.3", "", Spot{}, 0, Sources{}, "10.7.0.0/16", "house"},
		{"2001:db8:7::1", "", Spot{}, 0, Sources{}, "2001:db8:7::/48", "house"},
	} {
		got := m.View(netip.MustParseAddr(c.addr), noon).Client()
		want := Client{Where{c.country, c.spot, c.as}, c.sources, netip.MustParseAddr(c.addr).Unmap(), netip.MustParsePrefix(c.prefix), c.network}
		if strings.HasPrefix(c.addr, "2001:") {
			want.Address = netip.MustParseAddr("2001:db8:7::")
		}
		if got != want {
			t.Errorf("%s:\ngot  %+v\nwant %+v", c.addr, got, want)
		}
	}
}

// A site is where it says; else where its address is.
func TestSite(t *testing.T) {
	a := atlasOf(t, row{"192.0.2.0/24", city("DE", berlin, 20)}, row{"192.0.3.0/24", mmdbtype.Map{"asn": mmdbtype.String("AS7")}})
	numeric := siteAt("numeric", mirror.Reach{})
	numeric.URL.Host = "192.0.2.7"
	sites := []mirror.Site{siteAt("said", mirror.Reach{Country: "jp", AS: 9}), siteAt("named", mirror.Reach{}), numeric, siteAt("unknown", mirror.Reach{})}
	m := NewMap(sites, Options{Costs: DefaultCosts(), Atlas: a, Addresses: func(id mirror.SiteID) []netip.Addr {
		if id == sites[3].ID() {
			return nil
		}
		return []netip.Addr{netip.MustParseAddr("192.0.3.1"), netip.MustParseAddr("192.0.2.1")}
	}})
	for i, want := range []Where{
		{"jp", countrySpots()["jp"], 9},
		{"de", Spot{berlin, 20, true}, 7},
		{"de", Spot{berlin, 20, true}, 0},
		{},
	} {
		if got, sources := m.Site(int32(i)); got != want {
			t.Errorf("%s is at %+v by %+v, want %+v", sites[i].Name, got, sources, want)
		}
	}
}

// Sites of the client's own network go first whatever else, those of weight 0 last, and
// what cannot be is a problem and no more.
func TestNetworks(t *testing.T) {
	sites := []mirror.Site{siteAt("near", mirror.Reach{}), siteAt("own", mirror.Reach{Audience: mirror.Audience{Countries: []string{"jp"}}}), siteAt("last", mirror.Reach{})}
	sites[2].Weight = 0
	m := NewMap(sites, Options{Costs: DefaultCosts(), Networks: []Network{
		{Name: "campus", Prefixes: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8::/65")}, Sites: []string{"own", "gone"}},
		{Name: "twice", Prefixes: []netip.Prefix{netip.MustParsePrefix("::ffff:10.0.0.0/104")}, Sites: []string{"last"}},
	}})
	if got := strings.Join(m.Problems(), "\n"); strings.Count(got, "\n") != 2 || !strings.Contains(got, "at most 64 bits") || !strings.Contains(got, `"gone"`) || !strings.Contains(got, "network twice: ::ffff:10.0.0.0/104 is ignored") {
		t.Errorf("problems:\n%s", got)
	}
	for addr, want := range map[string]string{"10.1.2.3": "[1 0 2]", "192.0.2.1": "[0 2]"} {
		for hour := range 50 {
			best := make([]int32, 3)
			v := m.View(netip.MustParseAddr(addr), noon.Add(time.Duration(hour)*time.Hour))
			best = best[:v.Rank(fieldOf(candidates(3)), 0, best)]
			if got := fmt.Sprint(best); got != want {
				t.Fatalf("%s gets %s, want %s", addr, got, want)
			}
		}
	}
	e := m.View(netip.MustParseAddr("192.0.2.1"), noon).Explain(candidates(3), 0)
	for i, want := range []string{"", "it serves some countries only, and the client's is not known", "its weight is 0: it is the last resort"} {
		if e[i].Reason != want {
			t.Errorf("site %d: %q, want %q", i, e[i].Reason, want)
		}
	}
	e = m.View(netip.MustParseAddr("10.1.2.3"), noon).Explain(candidates(3), 0)
	if e[0].Reason != "others are in the client's own network" || e[1].Probability != 1 || e[1].Cost != 0 {
		t.Errorf("got %+v", e)
	}
}
