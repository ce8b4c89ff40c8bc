package nearest

import (
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/maxmind/mmdbwriter/mmdbtype"

	"mirrortracker/internal/mirror"
)

// crowd returns a map of 200 sites all over the world, and 10,000 clients in 1,000
// prefixes.
func crowd(t testing.TB) (*Map, []netip.Addr) {
	random := rand.New(rand.NewPCG(3, 4))
	place := func() mirror.Place {
		return mirror.Place{Latitude: random.Float64()*120 - 50, Longitude: random.Float64()*360 - 180}
	}
	countries := mirror.Countries()
	var rows []row
	for i := range 1000 {
		says := city(countries[random.IntN(len(countries))], place(), 20)
		says["asn"] = mmdbtype.Uint32(uint32(i))
		rows = append(rows, row{netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i >> 8), byte(i), 0}), 24).String(), says})
	}
	sites := make([]mirror.Site, 200)
	for i := range sites {
		p := place()
		sites[i] = siteAt("site"+string(rune('a'+i/26))+string(rune('a'+i%26)), mirror.Reach{Country: countries[i], Place: &p, AS: uint32(i)})
	}
	clients := make([]netip.Addr, 10_000)
	for i := range clients {
		clients[i] = netip.AddrFrom4([4]byte{10, byte(i % 1000 >> 8), byte(i % 1000), byte(i / 1000)})
	}
	random.Shuffle(len(clients), func(i, j int) { clients[i], clients[j] = clients[j], clients[i] })
	return NewMap(sites, Options{Costs: DefaultCosts(), Atlas: atlasOf(t, rows...)}), clients
}

// everySecond returns 100 of 200 sites as candidates.
func everySecond() []Candidate {
	all := candidates(100)
	for i := range all {
		all[i].Site *= 2
	}
	return all
}

func TestWarmRankingAllocatesNothing(t *testing.T) {
	m, clients := crowd(t)
	all, now := fieldOf(everySecond()), noon
	var best [5]int32
	for _, c := range clients[:1000] {
		m.View(c, now)
	}
	i := 0
	if n := testing.AllocsPerRun(1000-1, func() {
		m.View(clients[i%1000], now).Rank(all, 7, best[:])
		i++
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// However many clients there are, what is kept of them is bounded, and hardly any of as
// many as half of that is forgotten.
func TestViewsAreKeptWithinBounds(t *testing.T) {
	m := equals(t, 5)
	clients := make([]netip.Addr, 10_000)
	for i := range clients {
		clients[i] = netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)})
		m.View(clients[i], noon)
	}
	kept := 0
	for _, c := range clients {
		if m.views.get(keyOf(c)) != nil {
			kept++
		}
	}
	if kept < len(clients)*999/1000 {
		t.Errorf("%d of %d clients are kept", kept, len(clients))
	}
	again := m.views.put(keyOf(clients[0]), View{})
	set := m.views.set(keyOf(clients[0]))
	for i := range set {
		if e := set[i].Load(); e != nil && e.key == keyOf(clients[0]) && &e.value != again {
			t.Error("a client is kept twice")
		}
	}
	small := newCache[clientKey, View](100)
	for _, c := range clients {
		small.put(keyOf(c), View{})
	}
	if n := len(small.sets) * ways; n > 256 {
		t.Errorf("a cache of 100 has %d slots", n)
	}
}

func BenchmarkRank(b *testing.B) {
	m, clients := crowd(b)
	all := fieldOf(everySecond())
	var best [5]int32
	for _, c := range clients {
		m.View(c, noon)
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		m.View(clients[i], noon).Rank(all, 0, best[:])
		if i++; i == len(clients) {
			i = 0
		}
	}
}

func BenchmarkView(b *testing.B) {
	m, clients := crowd(b)
	b.Run("warm", func(b *testing.B) {
		b.ReportAllocs()
		i := 0
		for b.Loop() {
			m.View(clients[i], noon)
			if i++; i == len(clients) {
				i = 0
			}
		}
	})
	b.Run("cold", func(b *testing.B) {
		b.ReportAllocs()
		now, i := noon, 0
		for b.Loop() {
			m.View(clients[i], now)
			if i++; i == len(clients) {
				i = 0
				now = now.Add(time.Hour)
			}
		}
	})
}

func BenchmarkNewMap(b *testing.B) {
	m, _ := crowd(b)
	sites := make([]mirror.Site, len(m.sites))
	for i := range sites {
		sites[i] = siteAt("a", mirror.Reach{Country: "de"})
	}
	b.ReportAllocs()
	for b.Loop() {
		NewMap(sites, Options{Costs: DefaultCosts(), Atlas: m.atlas})
	}
}
