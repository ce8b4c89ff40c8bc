package control

import (
	"net/netip"

	"mirrortracker/internal/distftp/data"
)

// A Door is what holds for the sessions that come in through one listener. The zero
// value is right where no address is translated and no port is filtered.
type Door struct {
	Implicit bool       // TLS from the first byte on, and PROT P; otherwise from AUTH on
	Ports    data.Ports // that data connections come to

	// How clients reach us, one address per family, where that is not the address at
	// which their control connections arrive: behind NAT. It is what PASV announces.
	External4, External6 netip.Addr
}

// announce turns the address of a data listener into the one that the client can
// connect to.
func (d Door) announce(addr netip.AddrPort) netip.AddrPort {
	external := d.External4
	if addr.Addr().Is6() {
		external = d.External6
	}
	if !external.IsValid() {
		return addr
	}
	return netip.AddrPortFrom(external, addr.Port())
}
