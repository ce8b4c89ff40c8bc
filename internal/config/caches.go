package config

import (
	"errors"
	"net/netip"

	"mirrortracker/internal/config/strict"
)

// Squid is about the proxy's helpers.
type Squid struct {
	Socket string `toml:"socket"` // path, "" for none
}

// ICP is about caches that ask by ICP.
type ICP struct {
	Listen string         `toml:"listen"` // "" for nowhere
	Allow  []netip.Prefix `toml:"allow"`
}

// Proxy is about caches that ask for absolute URLs.
type Proxy struct {
	Listen string `toml:"listen"` // "" for nowhere
}

func (i *ICP) validate() error {
	err := errors.Join(
		strict.Optional("redirector.icp.listen", i.Listen, strict.Address),
		canonical("redirector.icp.allow", i.Allow),
	)
	if i.Listen != "" && len(i.Allow) == 0 {
		err = errors.Join(err, strict.Wrong("redirector.icp.allow", `is empty, must name the networks that may ask, such as "192.0.2.0/24", where redirector.icp.listen is set`))
	}
	return err
}
