package nearest

import (
	"math"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/maxmind/mmdbwriter/mmdbtype"
	"pgregory.net/rapid"

	"mirrortracker/internal/mirror"
)

// A world of a property test: sites, and databases that say of four networks where they are.
type testWorld struct {
	sites []mirror.Site
	m     *Map
}

var worldPlaces = []mirror.Place{berlin, hamburg, munich, amsterdam, newYork, tokyo}

var worldClients = []string{"192.0.2.0/25", "192.0.2.128/25", "198.51.100.0/24", "2001:db8::/32"}

func worldAtlas(t testing.TB) *Atlas {
	system := func(says mmdbtype.Map, n uint32) mmdbtype.Map {
		says["autonomous_system_number"] = mmdbtype.Uint32(n)
		return says
	}
	return atlasOf(t,
		row{worldClients[0], system(city("DE", berlin, 20), 1)},
		row{worldClients[1], mmdbtype.Map{"country": mmdbtype.Map{"iso_code": mmdbtype.String("NL")}}},
		row{worldClients[2], system(city("US", newYork, 100), 2)},
		row{worldClients[3], city("JP", tokyo, 5)},
	)
}

func drawReach(t *rapid.T) mirror.Reach {
	var r mirror.Reach
	country := rapid.SampledFrom([]string{"", "de", "nl", "us", "jp"})
	r.Country = country.Draw(t, "country")
	if rapid.Bool().Draw(t, "placed") {
		place := rapid.SampledFrom(worldPlaces).Draw(t, "place")
		r.Place = &place
	}
	r.AS = rapid.Uint32Range(0, 2).Draw(t, "as")
	switch rapid.IntRange(0, 5).Draw(t, "audience") {
	case 0:
		r.Audience.Countries = []string{"de", "us"}
	case 1:
		r.Audience.Not = []string{"de", "jp"}
	case 2:
		r.Audience.ASes = []uint32{1}
	case 3:
		r.Audience.MaxFile = 1000
	}
	return r
}

func drawWorld(t *rapid.T, a *Atlas) testWorld {
	var w testWorld
	for i := range rapid.IntRange(1, 8).Draw(t, "sites") {
		s := siteAt(string(rune('a'+i)), drawReach(t))
		s.Weight = rapid.SampledFrom([]int{0, 1, 100, 700}).Draw(t, "weight")
		w.sites = append(w.sites, s)
	}
	w.m = w.mapOf(a)
	return w
}

func (w testWorld) mapOf(a *Atlas) *Map {
	return NewMap(w.sites, Options{
		Costs: DefaultCosts(), Atlas: a,
		Networks: []Network{{Name: "campus", Prefixes: []netip.Prefix{netip.MustParsePrefix("192.0.2.64/26")}, Sites: []string{"b"}}},
	})
}

func drawAddr(t *rapid.T) netip.Addr {
	prefix := netip.MustParsePrefix(rapid.SampledFrom(append(worldClients, "203.0.113.0/24", "192.0.2.64/26")).Draw(t, "network"))
	bytes := prefix.Addr().AsSlice()
	bytes[len(bytes)-1] |= byte(rapid.IntRange(0, 1<<min(prefix.Addr().BitLen()-prefix.Bits(), 8)-1).Draw(t, "host"))
	addr, _ := netip.AddrFromSlice(bytes)
	return addr
}

func (w testWorld) drawCandidates(t *rapid.T) []Candidate {
	var all []Candidate
	seen := map[Candidate]bool{}
	for range rapid.IntRange(0, 2*len(w.sites)).Draw(t, "candidates") {
		c := Candidate{
			Site:  int32(rapid.IntRange(0, len(w.sites)-1).Draw(t, "site")),
			Add:   rapid.SampledFrom([]float32{0, 0, 1000}).Draw(t, "add"),
			Tier:  rapid.SampledFrom([]uint8{0, 0, 1, MaxTier}).Draw(t, "tier"),
			Lacks: rapid.SampledFrom([]Family{0, 0, IPv4, IPv6}).Draw(t, "lacks"),
		}
		same := c // to clients of whom it lacks nothing: of two such the caller says which comes first
		same.Lacks = 0
		if !seen[same] {
			seen[same] = true
			all = append(all, c)
		}
	}
	return all
}

// serves says again, by its own means, whether a site serves a client.
func serves(s *mirror.Site, c Client, size int64) bool {
	a := s.Audience
	if a.MaxFile > 0 && size > a.MaxFile {
		return false
	}
	if c.Network == "campus" && s.Name == "b" {
		return true
	}
	return (len(a.Countries) == 0 || slices.Contains(a.Countries, c.Country)) &&
		!slices.Contains(a.Not, c.Country) &&
		(len(a.ASes) == 0 || slices.Contains(a.ASes, c.AS))
}

// Whatever the world: none comes out that does not serve the client and all that do,
// tiers are kept, probabilities add up, the beginning of a ranking is that of the whole,
// and what is explained is what is done.
func TestRankLaws(t *testing.T) {
	a := worldAtlas(t)
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t, a)
		all := w.drawCandidates(t)
		size := rapid.SampledFrom([]int64{0, 1000, 1001}).Draw(t, "size")
		v := w.m.View(drawAddr(t), noon)
		whole := make([]int32, MaxQuick+len(all)) // in the other way than what comes below
		whole = whole[:v.Rank(fieldOf(all), size, whole)]

		want := 0
		for i := range all {
			if serves(&w.sites[all[i].Site], v.Client(), size) {
				want++
			} else if slices.Contains(whole, int32(i)) {
				t.Fatalf("candidate %d comes out", i)
			}
		}
		if len(whole) != want || len(slices.Compact(slices.Sorted(slices.Values(whole)))) != want {
			t.Fatalf("%v come out, want %d", whole, want)
		}
		limit := rapid.IntRange(0, len(all)+1).Draw(t, "limit")
		part := make([]int32, limit)
		part = part[:v.Rank(fieldOf(all), size, part)]
		if !slices.Equal(part, whole[:min(limit, len(whole))]) {
			t.Fatalf("%v is not the beginning of %v", part, whole)
		}

		explained := v.Explain(all, size)
		total := 0.0
		for i, e := range explained {
			if e.Rank != slices.Index(whole, int32(i)) {
				t.Fatalf("candidate %d is explained as %d in %v", i, e.Rank, whole)
			}
			if (e.Reason == "") != (e.Probability > 0) || e.Rank == 0 && e.Reason != "" || e.Rank < 0 && e.Reason == "" {
				t.Fatalf("candidate %d: %+v", i, e)
			}
			if e.Cost != sum(e.Terms) || e.Cost < 0 || len(e.Terms) != 4 {
				t.Fatalf("candidate %d: %+v", i, e)
			}
			total += e.Probability
		}
		if len(whole) > 0 && math.Abs(total-1) > 1e-9 {
			t.Fatalf("the probabilities add up to %v", total)
		}
		for j := 1; j < len(whole); j++ {
			before, after := &all[whole[j-1]], &all[whole[j]]
			if b, a := before.Lacks&v.family, after.Lacks&v.family; b > a || b == a && before.Tier > after.Tier {
				t.Fatalf("%+v goes before %+v", before, after)
			}
		}
	})
}

// The order of the answer does not depend on that of the question, nor does that of the
// sites.
func TestOrderOfInput(t *testing.T) {
	a := worldAtlas(t)
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t, a)
		all, addr := w.drawCandidates(t), drawAddr(t)
		want := w.ranked(all, addr)
		perm := rapid.Permutation(all).Draw(t, "candidates in another order")
		if got := w.ranked(perm, addr); !slices.Equal(got, want) {
			t.Fatalf("got %v, want %v", got, want)
		}
		turned := testWorld{sites: slices.Clone(w.sites)}
		slices.Reverse(turned.sites)
		turned.m = turned.mapOf(a)
		for i := range perm {
			perm[i].Site = int32(len(w.sites)-1) - perm[i].Site
		}
		got := turned.ranked(perm, addr)
		for i := range got {
			got[i].Site = int32(len(w.sites)-1) - got[i].Site
		}
		if !slices.Equal(got, want) {
			t.Fatalf("sites in another order: got %v, want %v", got, want)
		}
	})
}

func (w testWorld) ranked(all []Candidate, addr netip.Addr) []Candidate {
	best := make([]int32, len(all))
	best = best[:w.m.View(addr, noon).Rank(fieldOf(all), 0, best)]
	ranked := make([]Candidate, len(best))
	for i, at := range best {
		ranked[i] = all[at]
	}
	return ranked
}

// firstTwo returns the sites that are drawn first and second for an address.
func firstTwo(m *Map, n int, addr netip.Addr) (int32, int32) {
	var best [2]int32
	m.View(addr, noon).Rank(fieldOf(candidates(n)), 0, best[:])
	return best[0], best[1]
}

// A site that comes, however near or far, takes clients and exchanges none between others.
func TestAnotherSiteMovesClientsOnlyToItself(t *testing.T) {
	a := worldAtlas(t)
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t, a)
		more := testWorld{sites: append(slices.Clone(w.sites), siteAt("new", drawReach(t)))}
		more.m = more.mapOf(a)
		for range 20 {
			addr := drawAddr(t)
			before, after := w.ranked(candidates(len(w.sites)), addr), more.ranked(candidates(len(more.sites)), addr)
			after = slices.DeleteFunc(after, func(c Candidate) bool { return int(c.Site) == len(w.sites) })
			if !slices.Equal(before, after) {
				t.Fatalf("%s had %v and has %v", addr, before, after)
			}
		}
	})
}

// Over many clients each site is first as often as its odds say, and second as often as
// is proportional to the odds of those that are left.
func TestFrequencies(t *testing.T) {
	sites := []mirror.Site{
		siteAt("near", mirror.Reach{Country: "de", Place: &hamburg}),
		siteAt("heavy", mirror.Reach{Country: "de", Place: &munich}),
		siteAt("abroad", mirror.Reach{Country: "nl", Place: &amsterdam}),
		siteAt("far", mirror.Reach{Country: "us", Place: &newYork}),
		siteAt("nowhere", mirror.Reach{}),
	}
	sites[1].Weight, sites[3].Weight = 300, 100_000
	m := NewMap(sites, Options{Costs: DefaultCosts(), Networks: []Network{
		{Name: "everybody", Prefixes: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, Country: "de", Place: &berlin},
	}})
	all := candidates(len(sites))
	all[0].Add = 300
	explained := m.View(netip.MustParseAddr("10.0.0.1"), noon).Explain(all, 0)
	const clients = 60_000
	var first [5]int
	var second [5][5]int
	random := rand.New(rand.NewPCG(1, 2))
	for range clients {
		n := random.Uint32()
		var best [2]int32
		m.View(netip.AddrFrom4([4]byte{10, byte(n), byte(n >> 8), byte(n >> 16)}), noon).Rank(fieldOf(all), 0, best[:])
		first[best[0]]++
		second[best[0]][best[1]]++
	}
	chi, freedom := 0.0, 0
	for i := range first {
		p := explained[i].Probability
		expected := clients * p
		if expected < 5 {
			t.Fatalf("site %d is expected %.1f times only", i, expected)
		}
		chi += square(float64(first[i])-expected) / expected
		freedom++
		for j := range first {
			if expected := float64(first[i]) * explained[j].Probability / (1 - p); j != i && expected >= 5 {
				chi += square(float64(second[i][j])-expected) / expected
				freedom++
			}
		}
	}
	// Five standard deviations of chi-square's normal approximation.
	if most := float64(freedom) + 5*math.Sqrt(2*float64(freedom)); chi > most {
		t.Errorf("chi-square is %.1f with less than %d degrees of freedom: %v, %v", chi, freedom, first, explained)
	}
}

func square(x float64) float64 { return x * x }

// equals returns a map of sites of which nothing is known.
func equals(t testing.TB, n int) *Map {
	sites := make([]mirror.Site, n)
	for i := range sites {
		sites[i] = siteAt("site"+string(rune('a'+i)), mirror.Reach{})
	}
	return NewMap(sites, Options{Costs: DefaultCosts()})
}

// Neighbours do not all get the same site, and a client keeps its own for an hour that
// ends at another moment for each.
func TestNeighboursAndEpochs(t *testing.T) {
	m := equals(t, 5)
	const neighbours = 256
	var got [5]int
	moved := map[int]int{} // by minute, how many clients
	for host := range neighbours {
		addr := netip.AddrFrom4([4]byte{198, 51, 100, byte(host)})
		first, _ := firstTwo(m, 5, addr)
		got[first]++
		changes := 0
		for minute := range 120 {
			now := noon.Add(time.Duration(minute) * time.Minute)
			before, after := m.View(addr, now).from, m.View(addr, now.Add(time.Minute)).from
			if before != after {
				moved[minute%60]++
				changes++
			}
			if after-before != 0 && after-before != epoch {
				t.Fatalf("%s: epochs begin at %d and %d", addr, before, after)
			}
		}
		if changes != 2 {
			t.Errorf("%s had %d new epochs in two hours", addr, changes)
		}
	}
	for site, n := range got {
		if n < neighbours/10 || n > neighbours/3 {
			t.Errorf("site %d has %d of %d neighbours", site, n, neighbours)
		}
	}
	if len(moved) < 50 {
		t.Errorf("clients move in %d minutes of the hour only", len(moved))
	}
}

// An address is the same in whatever form it comes; of IPv6 the first half counts.
func TestFormsOfAnAddress(t *testing.T) {
	m := equals(t, 20)
	order := func(text string) []int32 {
		best := make([]int32, 20)
		m.View(netip.MustParseAddr(text), noon).Rank(fieldOf(candidates(20)), 0, best)
		return best
	}
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"192.0.2.7", "::ffff:192.0.2.7", true},
		{"192.0.2.7", "192.0.2.8", false},
		{"2001:db8::1", "2001:db8::2:0:0:1", true},
		{"2001:db8::1", "2001:db8:0:1::1", false},
		{"fe80::1%eth0", "fe80::1", true},
	} {
		if same := slices.Equal(order(c.a), order(c.b)); same != c.same {
			t.Errorf("%s and %s get the same: %v", c.a, c.b, same)
		}
	}
	if c := m.View(netip.Addr{}, noon).Client(); c.Address.IsValid() || c.Prefix.IsValid() || c.Where != (Where{}) {
		t.Errorf("of no address %+v is known", c)
	}
}

// The answers are those of this algorithm on every machine and in every version: a change
// of it would move all clients at once, which a cluster that is updated step by step
// would feel.
func TestDrawIsFixed(t *testing.T) {
	key := keyOf(netip.MustParseAddr("192.0.2.7"))
	number, from := key.epochAt(noon.Unix())
	site := mirror.URL{Scheme: "ftp", Host: "a.example", Port: 21, Base: "/"}
	got := key.draw(number, mirror.Site{URL: site}.ID())
	if wantNumber, wantFrom, want := int64(490908), int64(1767266785), 0.244842228611039; number != wantNumber || from != wantFrom || math.Abs(got-want) > 1e-14 {
		t.Errorf("epoch %d from %d: drew %.15f; want %d from %d, %.15f", number, from, got, wantNumber, wantFrom, want)
	}
}
