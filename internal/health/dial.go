package health

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"syscall"
	"time"
)

// maxAddresses bounds how many addresses of one name are tried.
const maxAddresses = 4

// A dialer connects to hosts over one family, and to no special address that it must
// not go to: neither because a name leads there now, nor because it will in a moment.
type dialer struct {
	family  Family
	lookup  Lookup
	private bool           // any special address will do
	allowed []netip.Prefix // special networks that will do
	connect time.Duration  // for connecting to one address
}

// An absentError says that a name has addresses, but none of the family.
type absentError struct {
	host   string
	family Family
}

func (e *absentError) Error() string { return fmt.Sprintf("%s has no %s address", e.host, e.family) }

// A specialError says that a name leads where it must not.
type specialError struct {
	host string
	addr netip.Addr
}

func (e *specialError) Error() string {
	if e.host == e.addr.String() {
		return fmt.Sprintf("%s is a private or special address", e.addr)
	}
	return fmt.Sprintf("%s is %s, a private or special address: if it belongs there, name its network in health.private", e.host, e.addr)
}

// DialContext connects to "host:port"; of network only that it is TCP counts.
func (d *dialer) DialContext(ctx context.Context, _, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return nil, err
	}
	addrs, err := d.addresses(ctx, host)
	if err != nil {
		return nil, err
	}
	var failed error
	for _, a := range addrs[:min(len(addrs), maxAddresses)] {
		if !d.allows(a) {
			failed = errors.Join(failed, &specialError{host, a})
			continue
		}
		conn, err := d.dial(ctx, netip.AddrPortFrom(a, uint16(n)))
		if err == nil {
			return conn, nil
		}
		failed = errors.Join(failed, err)
		if ctx.Err() != nil {
			break
		}
	}
	return nil, failed
}

func (d *dialer) dial(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
	network := "tcp4"
	if d.family == IPv6 {
		network = "tcp6"
	}
	dialer := net.Dialer{
		Timeout: d.connect,
		Control: func(_, address string, _ syscall.RawConn) error {
			reached, err := netip.ParseAddrPort(address)
			if err == nil && !d.allows(reached.Addr()) {
				err = &specialError{reached.Addr().String(), reached.Addr()}
			}
			return err
		},
	}
	return dialer.DialContext(ctx, network, to.String())
}

// addresses returns at least one address of the family.
func (d *dialer) addresses(ctx context.Context, host string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		if FamilyOf(a) != d.family {
			return nil, &absentError{host, d.family}
		}
		return []netip.Addr{a.Unmap()}, nil
	}
	all, err := d.lookup(ctx, d.family, host)
	if notFound(err) {
		// A name that has no address of the other family either is none.
		if other, errOther := d.lookup(ctx, 1-d.family, host); errOther == nil && len(other) > 0 {
			return nil, &absentError{host, d.family}
		}
	}
	if err != nil {
		return nil, err
	}
	var addrs []netip.Addr
	for _, a := range all {
		if FamilyOf(a) == d.family {
			addrs = append(addrs, a.Unmap())
		}
	}
	if len(addrs) == 0 {
		return nil, &absentError{host, d.family}
	}
	return addrs, nil
}

func (d *dialer) allows(a netip.Addr) bool {
	if d.private || !isSpecial(a) {
		return true
	}
	for _, p := range d.allowed {
		if p.Contains(a.Unmap()) {
			return true
		}
	}
	return false
}

// permits reports whether a host is none of which its name alone says that it must not be
// gone to.
func (d *dialer) permits(host string) bool {
	if a, err := netip.ParseAddr(host); err == nil {
		return d.allows(a)
	}
	return d.private || !private(host)
}

// private reports whether a host, by its own name, is on a special address: who
// tracks it means it.
func private(host string) bool {
	if host == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && isSpecial(a)
}
