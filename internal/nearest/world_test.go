package nearest

import (
	"bytes"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"
	"go4.org/netipx"

	"mirrortracker/internal/mirror"
)

// Places to be at.
var (
	berlin    = mirror.Place{Latitude: 52.52, Longitude: 13.40}
	hamburg   = mirror.Place{Latitude: 53.55, Longitude: 10.00}
	munich    = mirror.Place{Latitude: 48.14, Longitude: 11.58}
	amsterdam = mirror.Place{Latitude: 52.37, Longitude: 4.90}
	newYork   = mirror.Place{Latitude: 40.71, Longitude: -74.01}
	tokyo     = mirror.Place{Latitude: 35.68, Longitude: 139.69}
)

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

// siteAt returns a site of the default weight.
func siteAt(name string, reach mirror.Reach) mirror.Site {
	return mirror.Site{
		Name: name, URL: mirror.URL{Scheme: "ftp", Host: name + ".example", Port: 21, Base: "/"},
		Weight: mirror.DefaultWeight, Reach: reach,
	}
}

// candidates returns the first n sites of a map as candidates.
func candidates(n int) []Candidate {
	all := make([]Candidate, n)
	for i := range all {
		all[i].Site = int32(i)
	}
	return all
}

func fieldOf(all []Candidate) *Field {
	var f Field
	f.Reset(all)
	return &f
}

// A row is what a database of a test says of a prefix.
type row struct {
	prefix string
	says   mmdbtype.Map
}

// writeDatabase puts a database into a file.
func writeDatabase(t testing.TB, path string, rows ...row) {
	t.Helper()
	tree, err := mmdbwriter.New(mmdbwriter.Options{DatabaseType: "Test", BuildEpoch: 1_700_000_000, IncludeReservedNetworks: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if err := tree.Insert(netipx.PrefixIPNet(netip.MustParsePrefix(r.prefix)), r.says); err != nil {
			t.Fatal(err)
		}
	}
	var text bytes.Buffer
	if _, err := tree.WriteTo(&text); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

// atlasOf returns the atlas of one database.
func atlasOf(t testing.TB, rows ...row) *Atlas {
	t.Helper()
	path := filepath.Join(t.TempDir(), "test.mmdb")
	writeDatabase(t, path, rows...)
	d, _, err := open(path)
	if err != nil {
		t.Fatal(err)
	}
	return &Atlas{[]*database{d}}
}

// city is what a database in MaxMind's format says of a city.
func city(country string, p mirror.Place, radius uint16) mmdbtype.Map {
	return mmdbtype.Map{
		"country":  mmdbtype.Map{"iso_code": mmdbtype.String(country), "names": mmdbtype.Map{"en": mmdbtype.String("X")}},
		"location": mmdbtype.Map{"latitude": mmdbtype.Float64(p.Latitude), "longitude": mmdbtype.Float64(p.Longitude), "accuracy_radius": mmdbtype.Uint16(radius)},
	}
}
