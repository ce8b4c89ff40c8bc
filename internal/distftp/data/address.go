package data

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// Errors of addresses that a client names.
var (
	ErrSyntax  = errors.New("malformed address")
	ErrFamily  = errors.New("address family not possible here")
	ErrForeign = errors.New("not the address of the control connection's peer")
	ErrLowPort = errors.New("port below 1024")
	ErrOurs    = errors.New("an address of this server")
)

// ParsePort reads the argument of PORT, "h1,h2,h3,h4,p1,p2" (RFC 959, 4.1.2).
func ParsePort(arg string) (netip.AddrPort, error) {
	fields := strings.Split(arg, ",")
	if len(fields) != 6 {
		return netip.AddrPort{}, fmt.Errorf("%w: %q", ErrSyntax, arg)
	}
	var n [6]byte
	for i, field := range fields {
		v, ok := number(field, 255)
		if !ok {
			return netip.AddrPort{}, fmt.Errorf("%w: %q", ErrSyntax, arg)
		}
		n[i] = byte(v)
	}
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte(n[:4])), uint16(n[4])<<8|uint16(n[5])), nil
}

// AppendPasv writes an IPv4 address as the answer to PASV holds it:
// "h1,h2,h3,h4,p1,p2".
func AppendPasv(b []byte, addr netip.AddrPort) []byte {
	for _, n := range addr.Addr().As4() {
		b = strconv.AppendUint(b, uint64(n), 10)
		b = append(b, ',')
	}
	b = strconv.AppendUint(b, uint64(addr.Port()>>8), 10)
	b = append(b, ',')
	return strconv.AppendUint(b, uint64(addr.Port()&0xff), 10)
}

// ParseEprt reads the argument of EPRT, "|protocol|address|port|", where any
// printable character may take the place of "|" (RFC 2428, 2). A protocol number
// that is well formed and unknown gives [ErrFamily].
func ParseEprt(arg string) (netip.AddrPort, error) {
	malformed := fmt.Errorf("%w: %q", ErrSyntax, arg)
	if arg == "" || arg[0] < 33 || arg[0] > 126 {
		return netip.AddrPort{}, malformed
	}
	fields := strings.Split(arg, arg[:1])
	if len(fields) != 5 || fields[0] != "" || fields[4] != "" {
		return netip.AddrPort{}, malformed
	}
	family, ok := number(fields[1], 65535)
	if !ok {
		return netip.AddrPort{}, malformed
	}
	if family != Family(netip.IPv4Unspecified()) && family != Family(netip.IPv6Unspecified()) {
		return netip.AddrPort{}, fmt.Errorf("%w: protocol %d", ErrFamily, family)
	}
	addr, err := netip.ParseAddr(fields[2])
	if err != nil || addr.Zone() != "" || family != Family(addr) {
		return netip.AddrPort{}, malformed
	}
	port, ok := number(fields[3], 65535)
	if !ok {
		return netip.AddrPort{}, malformed
	}
	return netip.AddrPortFrom(addr, uint16(port)), nil
}

// Family returns the address family number of RFC 2428: 1 for IPv4, 2 for IPv6.
func Family(addr netip.Addr) int {
	if addr.Is4() {
		return 1
	}
	return 2
}

// A Partner is who may be on the other end of a data connection.
type Partner struct {
	Peer    netip.Addr     // of the control connection
	Local   netip.AddrPort // our end of it
	Foreign bool           // or any other host: a permission, for transfers between servers (FXP)

	// Stranger is told of connections from elsewhere that were closed; nil if nobody
	// wants to know.
	Stranger func(from netip.Addr)
}

// Admit checks an address that the client asked us to connect to (RFC 2577, 3). Nobody
// has us connect to ourselves: what comes from this machine may have more rights here
// than the client. Only who is on this machine may name its addresses, but for the door
// that it came in by.
func (p Partner) Admit(addr netip.AddrPort) error {
	host := plain(addr.Addr())
	switch {
	case !p.may(host):
		return fmt.Errorf("connect to %s for %s: %w", addr, p.Peer, ErrForeign)
	case addr.Port() < 1024:
		return fmt.Errorf("connect to %s: %w", addr, ErrLowPort)
	case host == plain(p.Local.Addr()) && (host != plain(p.Peer) || addr.Port() == p.Local.Port()):
		return fmt.Errorf("connect to %s: %w", addr, ErrOurs)
	}
	return nil
}

// may reports whether addr may take part. With the permission those are other hosts: no
// groups of them, and nothing that means this machine, or this network, to whoever is
// on it, unless the client is on it too.
func (p Partner) may(addr netip.Addr) bool {
	addr, peer := plain(addr), plain(p.Peer)
	switch {
	case addr == peer:
		return true
	case !p.Foreign, addr.IsUnspecified(), addr.IsMulticast(), addr == broadcast:
		return false
	case addr.IsLoopback():
		return peer.IsLoopback()
	case addr.IsLinkLocalUnicast():
		return peer.IsLinkLocalUnicast()
	}
	return true
}

var broadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})

// plain makes addresses of one host comparable: IPv4 in its own family, no zone.
func plain(addr netip.Addr) netip.Addr { return addr.Unmap().WithZone("") }

// number reads a decimal number of digits alone, up to limit.
func number(s string, limit int) (int, bool) {
	if s == "" || len(s) > 5 {
		return 0, false
	}
	n := 0
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + int(c-'0')
	}
	return n, n <= limit
}
