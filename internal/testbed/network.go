package testbed

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"runtime"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"
)

// A Network is an Ethernet of its own with hosts on it, each in a network namespace. Its
// hosts can have any addresses, and reach each other at these and nothing else: so
// programs that treat private and loopback addresses in another way see what they would
// see on the Internet.
type Network struct {
	cable *namespace // holds the bridge that all hosts are on
	hosts atomic.Int32
}

// A Host is a machine on a [Network].
type Host struct {
	IPv4, IPv6 netip.Addr

	net    *Network
	inside *namespace
	port   string // of the bridge
}

// NewNetwork makes a network without hosts. It ends with the test.
func NewNetwork(t testing.TB) *Network {
	t.Helper()
	Need(t, "root")
	Need(t, "ip")
	cable, err := newNamespace()
	if err != nil {
		t.Fatalf("make a network namespace: %v", err)
	}
	t.Cleanup(cable.close)
	if err := errors.Join(cable.ip("link", "add", "cable", "type", "bridge"), cable.ip("link", "set", "cable", "up")); err != nil {
		t.Fatal(err)
	}
	return &Network{cable: cable}
}

// Host puts a host on the network. The caller closes it.
func (n *Network) Host(ipv4, ipv6 netip.Addr) (*Host, error) {
	inside, err := newNamespace()
	if err != nil {
		return nil, fmt.Errorf("make a network namespace: %w", err)
	}
	h := &Host{IPv4: ipv4, IPv6: ipv6, net: n, inside: inside, port: fmt.Sprint("port", n.hosts.Add(1))}
	err = errors.Join(
		n.cable.ip("link", "add", h.port, "type", "veth", "peer", "name", "eth0", "netns", inside.path),
		n.cable.ip("link", "set", h.port, "master", "cable", "up"),
		inside.ip("link", "set", "lo", "up"),
		inside.ip("link", "set", "eth0", "up"),
		inside.ip("addr", "add", ipv4.String()+"/32", "dev", "eth0"),
		inside.ip("route", "add", "default", "dev", "eth0"),
		inside.ip("addr", "add", ipv6.String()+"/128", "dev", "eth0", "nodad"),
		inside.ip("-6", "route", "add", "default", "dev", "eth0"))
	if err != nil {
		h.Close()
		return nil, err
	}
	return h, nil
}

// Close takes a host off the network. What still runs there reaches nobody.
func (h *Host) Close() { h.inside.close() }

// Cut pulls the host's plug: nothing arrives and nothing leaves, and nobody is told.
func (h *Host) Cut() error { return h.net.cable.ip("link", "set", h.port, "nomaster") }

// Mend ends a Cut.
func (h *Host) Mend() error { return h.net.cable.ip("link", "set", h.port, "master", "cable") }

// Do calls a function on the host: sockets that it makes and processes that it starts,
// itself and not in another goroutine, are and stay there. Calls come one after the
// other.
func (h *Host) Do(fn func() error) error { return h.inside.do(fn) }

// A namespace is a network namespace, and the thread of this process that is in it.
type namespace struct {
	path  string // below /proc
	calls chan func()
}

func newNamespace() (*namespace, error) {
	s := &namespace{calls: make(chan func())}
	made := make(chan error)
	go s.run(made)
	return s, <-made
}

// run answers calls. The thread is never unlocked, because it belongs to no other network
// any more; it ends with this goroutine.
func (s *namespace) run(made chan<- error) {
	runtime.LockOSThread()
	err := unix.Unshare(unix.CLONE_NEWNET)
	s.path = fmt.Sprintf("/proc/%d/task/%d/ns/net", os.Getpid(), unix.Gettid())
	made <- err
	if err != nil {
		return
	}
	for call := range s.calls {
		call()
	}
}

func (s *namespace) do(fn func() error) error {
	done := make(chan error)
	s.calls <- func() { done <- fn() }
	return <-done
}

// ip changes what is in the namespace (ip(8)).
func (s *namespace) ip(args ...string) error {
	path, err := find("ip")
	if err != nil {
		return err
	}
	return s.do(func() error { return run(path, args...) })
}

func (s *namespace) close() { close(s.calls) }
