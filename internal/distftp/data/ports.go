package data

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"syscall"
)

// Ports is a range of ports that data connections may come to, both ends included. The
// zero value is the range that is meant for such uses, 49152-65535 (RFC 6335, 6).
type Ports struct{ First, Last uint16 }

// ParsePorts reads a range as it is written in configurations: "50000-50999".
func ParsePorts(text string) (Ports, error) {
	first, last, ok := strings.Cut(text, "-")
	from, err := strconv.ParseUint(strings.TrimSpace(first), 10, 16)
	to, err2 := strconv.ParseUint(strings.TrimSpace(last), 10, 16)
	if !ok || err != nil || err2 != nil || from < 1024 || to < from {
		return Ports{}, fmt.Errorf("%q: want a range within 1024-65535, such as 50000-50999", text)
	}
	return Ports{uint16(from), uint16(to)}, nil
}

// String writes the range as ParsePorts reads it.
func (p Ports) String() string {
	first, n := p.span()
	return fmt.Sprintf("%d-%d", first, first+n-1)
}

// span returns the first port and how many there are.
func (p Ports) span() (first, n int) {
	if p == (Ports{}) {
		p = Ports{49152, 65535}
	}
	return int(p.First), int(p.Last) - int(p.First) + 1
}

// Holds reports whether a port is in the range.
func (p Ports) Holds(port uint16) bool {
	first, n := p.span()
	return int(port) >= first && int(port) < first+n
}

// ErrNoPort says that all ports of a range are in use.
var ErrNoPort = errors.New("no port free")

// tries bounds how many ports in use are met before the range counts as full.
const tries = 1024

// listen listens on a port of the range, the search beginning at a random one (RFC
// 2577, 8). It is not left to the system, which gives no port on which a connection
// ended within the last minute, and so runs out of them at some hundred transfers a
// second.
func (p Ports) listen(ctx context.Context, local netip.Addr) (net.Listener, error) {
	first, n := p.span()
	begin := rand.IntN(n)
	for i := range min(n, tries) {
		port := uint16(first + (begin+i)%n)
		ln, err := listenAt(ctx, netip.AddrPortFrom(local, port))
		if !errors.Is(err, syscall.EADDRINUSE) {
			return ln, err
		}
	}
	return nil, fmt.Errorf("%w at %s among %s", ErrNoPort, local, p)
}

// listenAt listens for data connections at one address.
func listenAt(ctx context.Context, addr netip.AddrPort) (net.Listener, error) {
	// A data connection does not last, and ends without progress: it needs no probes.
	// Multipath TCP takes twice the sockets for each.
	config := net.ListenConfig{KeepAlive: -1}
	config.SetMultipathTCP(false)
	return config.Listen(ctx, "tcp", addr.String())
}
