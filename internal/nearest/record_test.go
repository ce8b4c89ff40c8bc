package nearest

import (
	"encoding/binary"
	"math"
	"net/netip"
	"testing"

	"github.com/maxmind/mmdbwriter/mmdbtype"

	"mirrortracker/internal/mirror"
)

// The same facts are read from every publisher's files.
func TestFormats(t *testing.T) {
	text := func(s string) mmdbtype.String { return mmdbtype.String(s) }
	for name, c := range map[string]struct {
		says mmdbtype.Map
		want Where
	}{
		"MaxMind city":     {city("DE", berlin, 20), Where{Country: "de", Spot: Spot{berlin, 20, true}}},
		"MaxMind country":  {mmdbtype.Map{"country": mmdbtype.Map{"iso_code": text("DE")}}, Where{Country: "de"}},
		"MaxMind ASN":      {mmdbtype.Map{"autonomous_system_number": mmdbtype.Uint32(4200000000), "autonomous_system_organization": text("X")}, Where{AS: 4200000000}},
		"MaxMind business": {mmdbtype.Map{"traits": mmdbtype.Map{"autonomous_system_number": mmdbtype.Uint32(680)}}, Where{AS: 680}},
		"registered only":  {mmdbtype.Map{"registered_country": mmdbtype.Map{"iso_code": text("FR")}}, Where{Country: "fr"}},
		"country, though another is registered": {
			mmdbtype.Map{"country": mmdbtype.Map{"iso_code": text("DE")}, "registered_country": mmdbtype.Map{"iso_code": text("FR")}},
			Where{Country: "de"},
		},
		"DB-IP in float32": {
			mmdbtype.Map{"country": mmdbtype.Map{"iso_code": text("NL")}, "location": mmdbtype.Map{"latitude": mmdbtype.Float32(52.5), "longitude": mmdbtype.Float32(4.5)}},
			Where{Country: "nl", Spot: Spot{mirror.Place{Latitude: 52.5, Longitude: 4.5}, 0, true}},
		},
		"flat": {
			mmdbtype.Map{"country_code": text("US"), "latitude": mmdbtype.Float64(40.71), "longitude": mmdbtype.Float64(-74.01)},
			Where{Country: "us", Spot: Spot{newYork, 0, true}},
		},
		"IPinfo location": {
			mmdbtype.Map{"country": text("JP"), "lat": text("35.68"), "lng": text("139.69"), "radius": text("50")},
			Where{Country: "jp", Spot: Spot{tokyo, 50, true}},
		},
		"IPinfo lite": {
			mmdbtype.Map{"asn": text("AS15169"), "as_name": text("X"), "country_code": text("US"), "country": text("United States"), "continent_code": text("NA")},
			Where{Country: "us", AS: 15169},
		},
		"IPinfo core": {
			mmdbtype.Map{
				"geo": mmdbtype.Map{"country": text("Japan"), "country_code": text("JP"), "latitude": mmdbtype.Float64(35.68), "longitude": mmdbtype.Float64(139.69), "radius": mmdbtype.Uint16(10)},
				"as":  mmdbtype.Map{"asn": text("AS2500")},
			},
			Where{Country: "jp", Spot: Spot{tokyo, 10, true}, AS: 2500},
		},
		"number without AS":  {mmdbtype.Map{"asn": text("680")}, Where{AS: 680}},
		"no country of ISO":  {mmdbtype.Map{"country_code": text("EU")}, Where{}},
		"country of a shape": {mmdbtype.Map{"country": mmdbtype.Slice{text("DE")}}, Where{}},
		"half a place":       {mmdbtype.Map{"latitude": mmdbtype.Float64(1)}, Where{}},
		"place off the map":  {mmdbtype.Map{"lat": text("91"), "lng": text("0")}, Where{}},
		"place that is none": {mmdbtype.Map{"lat": text("NaN"), "lng": text("0")}, Where{}},
		"endless radius":     {city("DE", berlin, 65535), Where{Country: "de", Spot: Spot{berlin, 0, true}}},
		"system too large":   {mmdbtype.Map{"asn": text("AS4294967296")}, Where{}},
		"system of a shape":  {mmdbtype.Map{"asn": mmdbtype.Bool(true), "autonomous_system_number": mmdbtype.Float64(1)}, Where{}},
		"negative system":    {mmdbtype.Map{"asn": mmdbtype.Int32(-1)}, Where{}},
		"long system":        {mmdbtype.Map{"autonomous_system_number": mmdbtype.Uint64(math.MaxUint64)}, Where{}},
		"nothing":            {mmdbtype.Map{}, Where{}},
	} {
		t.Run(name, func(t *testing.T) {
			a := atlasOf(t, row{"192.0.2.0/24", c.says}, row{"2001:db8::/32", c.says})
			for _, addr := range []string{"192.0.2.7", "2001:db8::7"} {
				var f finding
				a.addTo(&f, netip.MustParseAddr(addr), netip.Prefix{})
				if f.Where != c.want {
					t.Errorf("%s: got %+v, want %+v", addr, f.Where, c.want)
				}
			}
		})
	}
}

// Whatever a record holds, reading it ends, and what is read of it can be relied on.
func FuzzRecord(f *testing.F) {
	f.Add([]byte("\xe1\x43asn\x45AS680"))
	f.Add([]byte("\xe2\x43lat\x411\x43lng\x68\x3f\xf0\x00\x00\x00\x00\x00\x00"))
	f.Add([]byte("\xe1\x47country\xe1\x48iso_code\x42DE"))
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := parse("fuzz.mmdb", handmade(data))
		if err != nil {
			t.Fatal(err)
		}
		addr := netip.MustParseAddr("2001:db8::7")
		w, prefix := d.find(addr)
		if w.Country != "" && mirror.ValidCountry(w.Country) != nil || w.Spot.Validate() != nil || !(w.Spot.Radius >= 0 && w.Spot.Radius <= farthest) {
			t.Errorf("it is at %+v", w)
		}
		if prefix.IsValid() && !prefix.Contains(addr) {
			t.Errorf("it is in %s", prefix)
		}
	})
}

// A record made by hand is read, so that the fuzzing of records is about them.
func TestHandmade(t *testing.T) {
	d, err := parse("handmade.mmdb", handmade([]byte("\xe1\x43asn\x45AS680")))
	if err != nil {
		t.Fatal(err)
	}
	if w, _ := d.find(netip.MustParseAddr("2001:db8::7")); w.AS != 680 {
		t.Errorf("got %+v", w)
	}
}

// handmade returns a database of which every address has the record that data encodes,
// sound or not (MaxMind DB File Format Specification 2.0).
func handmade(data []byte) []byte {
	const nodes, separator = 1, 16
	text := make([]byte, 6, 6+separator+len(data)+256)
	text[2], text[5] = nodes+separator, nodes+separator // both branches of 24 bits lead to the beginning of the data
	text = append(text, make([]byte, separator)...)
	text = append(text, data...)
	text = append(text, "\xab\xcd\xefMaxMind.com"...)
	number := func(name string, n uint16) {
		text = append(append(text, 0x40|byte(len(name))), name...)
		text = binary.BigEndian.AppendUint16(append(text, 0xa2), n)
	}
	text = append(text, 0xe0|7)
	number("node_count", nodes)
	number("record_size", 24)
	number("ip_version", 6)
	number("binary_format_major_version", 2)
	number("binary_format_minor_version", 0)
	text = append(text, "\x4bbuild_epoch\x02\x02\x00\x01"...)
	text = append(text, "\x4ddatabase_type\x44Fuzz"...)
	return text
}
