package world

import (
	"io"
	"net"
	"net/netip"
	"strings"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"
)

// WriteCities writes a database in MaxMind's format (MaxMind DB, version 2.0) that says in
// which cities clients are.
func WriteCities(w io.Writer, clients []Client) error {
	return writeGeo(w, "GeoLite2-City", clients, func(c Client) mmdbtype.Map {
		return mmdbtype.Map{
			"city":    mmdbtype.Map{"names": mmdbtype.Map{"en": mmdbtype.String(c.City.Name)}},
			"country": mmdbtype.Map{"iso_code": mmdbtype.String(strings.ToUpper(c.City.Country))},
			"location": mmdbtype.Map{
				"latitude":  mmdbtype.Float64(c.City.Latitude),
				"longitude": mmdbtype.Float64(c.City.Longitude),
			},
		}
	})
}

// WriteASes writes one that says in which autonomous systems they are.
func WriteASes(w io.Writer, clients []Client) error {
	return writeGeo(w, "GeoLite2-ASN", clients, func(c Client) mmdbtype.Map {
		return mmdbtype.Map{"autonomous_system_number": mmdbtype.Uint32(c.AS)}
	})
}

func writeGeo(w io.Writer, kind string, clients []Client, record func(Client) mmdbtype.Map) error {
	tree, err := mmdbwriter.New(mmdbwriter.Options{DatabaseType: kind, RecordSize: 24})
	if err != nil {
		return err
	}
	seen := map[netip.Prefix]bool{}
	for _, c := range clients {
		if seen[c.Prefix] {
			continue
		}
		seen[c.Prefix] = true
		network := &net.IPNet{IP: c.Prefix.Addr().AsSlice(), Mask: net.CIDRMask(c.Prefix.Bits(), 32)}
		if err := tree.Insert(network, record(c)); err != nil {
			return err
		}
	}
	_, err = tree.WriteTo(w)
	return err
}
