package config

import (
	"errors"
	"fmt"
	"net/netip"
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
		optional("redirector.icp.listen", i.Listen, address),
		canonical("redirector.icp.allow", i.Allow),
	)
	if i.Listen != "" && len(i.Allow) == 0 {
		err = errors.Join(err, fmt.Errorf(`redirector.icp.allow is empty, must name the networks that may ask, such as "192.0.2.0/24", where redirector.icp.listen is set`))
	}
	return err
}
