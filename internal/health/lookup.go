package health

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"syscall"
)

// A Lookup finds the addresses of a name in one family. The error for a name that
// has none there is a *net.DNSError of which IsNotFound is true.
type Lookup func(ctx context.Context, f Family, host string) ([]netip.Addr, error)

// systemLookup asks as the system is configured.
func systemLookup(ctx context.Context, f Family, host string) ([]netip.Addr, error) {
	network := "ip4"
	if f == IPv6 {
		network = "ip6"
	}
	all, err := net.DefaultResolver.LookupNetIP(ctx, network, host)
	if none, ok := errors.AsType[*net.AddrError](err); ok {
		return nil, &net.DNSError{Err: none.Err, Name: host, IsNotFound: true}
	}
	return all, err
}

// notFound reports whether a name has no address of the family asked for.
func notFound(err error) bool {
	e, ok := errors.AsType[*net.DNSError](err)
	return ok && e.IsNotFound
}

// documentation are addresses that nobody has (RFC 5737, RFC 3849): there is a route
// to them where there is one to anybody.
var documentation = [len(Families)]string{"192.0.2.1:9", "[2001:db8::1]:9"}

// systemRouted reports whether this machine has a network of the family. A UDP socket
// is connected without a packet being sent.
func systemRouted(f Family) bool {
	conn, err := net.Dial("udp", documentation[f])
	if err != nil {
		return false
	}
	return conn.Close() == nil
}

// unrouted reports whether an error may mean that we have no such network.
func unrouted(err error) bool {
	for _, no := range []error{syscall.ENETUNREACH, syscall.EHOSTUNREACH, syscall.EADDRNOTAVAIL, syscall.EAFNOSUPPORT, syscall.ENETDOWN} {
		if errors.Is(err, no) {
			return true
		}
	}
	return false
}
