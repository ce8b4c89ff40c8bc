package nearest

import (
	"fmt"
	"net/netip"
	"os"
	"strings"
	"testing"

	"github.com/maxmind/mmdbwriter/mmdbtype"

	"mirrortracker/internal/mirror"
)

// What docs/nearest.md says of defaults and examples is what the code does.
func TestDocument(t *testing.T) {
	text, err := os.ReadFile("../../docs/nearest.md")
	if err != nil {
		t.Fatal(err)
	}
	c := DefaultCosts()
	for key, km := range map[string]float64{
		"radius": c.Radius, "other_country": c.Country, "other_network": c.Network, "unknown_place": c.Unknown,
		"blind_match": c.Blind, "file_match": c.File, "other_generation": c.Generation,
	} {
		if want := fmt.Sprintf("| `nearest.%s` | %v |", key, km); !strings.Contains(string(text), want) {
			t.Errorf("docs/nearest.md has no line with %s", want)
		}
	}
	sites := []mirror.Site{
		siteAt("hamburg", mirror.Reach{Country: "de", Place: &hamburg, AS: 680}),
		siteAt("munich", mirror.Reach{Country: "de", Place: &munich, AS: 553}),
		siteAt("amsterdam", mirror.Reach{Country: "nl", Place: &amsterdam, AS: 1103}),
		siteAt("newyork", mirror.Reach{Country: "us", Place: &newYork, AS: 3}),
		siteAt("somewhere", mirror.Reach{}),
	}
	sites[2].Weight = 300
	all := candidates(len(sites))
	all[1].Add = float32(c.Blind)
	berliner := city("DE", berlin, 20)
	berliner["autonomous_system_number"] = mmdbtype.Uint32(680)
	for _, example := range []struct {
		what  string
		atlas *Atlas
		all   []Candidate
	}{
		{"city and network", atlasOf(t, row{"192.0.2.0/24", berliner}), candidates(len(sites))},
		{"city and network, munich a blind match", atlasOf(t, row{"192.0.2.0/24", berliner}), all},
		{"country", atlasOf(t, row{"192.0.2.0/24", mmdbtype.Map{"country_code": mmdbtype.String("DE")}}), candidates(len(sites))},
		{"nothing", nil, candidates(len(sites))},
	} {
		m := NewMap(sites, Options{Costs: c, Atlas: example.atlas})
		want := table(sites, m.View(netip.MustParseAddr("192.0.2.7"), noon).Explain(example.all, 0))
		if !strings.Contains(string(text), want) {
			t.Errorf("docs/nearest.md does not have, for a client of whom this is known: %s\n%s", example.what, want)
		}
	}
}

// table writes an explanation as the document has it.
func table(sites []mirror.Site, explained []Explained) string {
	var b strings.Builder
	b.WriteString("| site | weight | distance | country | network | match | cost | probability |\n|---|---|---|---|---|---|---|---|\n")
	for i, e := range explained {
		fmt.Fprintf(&b, "| %s | %d |", sites[i].Name, sites[i].Weight)
		for _, term := range e.Terms {
			fmt.Fprintf(&b, " %.0f |", term.KM)
		}
		fmt.Fprintf(&b, " %.0f | %.1f %% |\n", e.Cost, 100*e.Probability)
	}
	return b.String()
}
