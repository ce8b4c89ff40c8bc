package config

import (
	"cmp"
	"net/netip"
	"strings"

	"mirrortracker/internal/distftp/control"
	"mirrortracker/internal/distftp/data"
)

// A Door is a place where the server listens, and what holds for those who come in
// there.
type Door struct {
	Listen    string     `toml:"listen"` // one address
	TLS       string     `toml:"tls"`    // "" stands for explicit
	Ports     string     `toml:"ports"`  // "" stands for those of passive
	External4 netip.Addr `toml:"external_ipv4"`
	External6 netip.Addr `toml:"external_ipv6"`
}

const (
	explicit = "explicit"
	implicit = "implicit"
)

// Main returns the door that [passive] describes, at no address yet.
func (c *Config) Main(secure bool) Door {
	d := Door{TLS: explicit, Ports: c.Passive.Ports, External4: c.Passive.External4, External6: c.Passive.External6}
	if secure {
		d.TLS = implicit
	}
	return d
}

// Everywhere returns all doors, each at its address.
func (c *Config) Everywhere() []Door {
	var all []Door
	at := func(addresses string, d Door) {
		for address := range strings.FieldsSeq(addresses) {
			d.Listen = address
			all = append(all, d)
		}
	}
	at(c.Listen, c.Main(false))
	at(c.TLSListen, c.Main(true))
	for _, d := range c.Doors {
		d.TLS, d.Ports = cmp.Or(d.TLS, explicit), cmp.Or(d.Ports, c.Passive.Ports)
		all = append(all, d)
	}
	return all
}

// Implicit reports whether clients speak TLS from the first byte on.
func (d Door) Implicit() bool { return d.TLS == implicit }

// Rules returns what holds for those who come in. The door was validated.
func (d Door) Rules() control.Door {
	ports, err := data.ParsePorts(d.Ports)
	if err != nil {
		panic("config: door was not validated: " + err.Error())
	}
	return control.Door{Implicit: d.Implicit(), Ports: ports, External4: d.External4, External6: d.External6}
}
