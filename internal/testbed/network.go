package testbed

import (
	"fmt"
	"net/netip"
	"os"
	"runtime"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"
)

// A Network is an Ethernet of its own with hosts on it, each in a network namespace. Its
// hosts can have any addresses, and reach each other at these and nothing else: so
// programs that treat private and loopback addresses in another way see what they would
// see on the Internet.
type Network struct {
	t     testing.TB
	cable *namespace // holds the bridge that all hosts are on
	hosts int
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
	n := &Network{t: t, cable: cable}
	n.ip(cable, "link", "add", "cable", "type", "bridge")
	n.ip(cable, "link", "set", "cable", "up")
	return n
}

// Host puts a host on the network. Either address may be the zero one, for none of its
// kind.
func (n *Network) Host(ipv4, ipv6 netip.Addr) *Host {
	n.t.Helper()
	inside, err := newNamespace()
	if err != nil {
		n.t.Fatalf("make a network namespace: %v", err)
	}
	n.t.Cleanup(inside.close)
	n.hosts++
	h := &Host{IPv4: ipv4, IPv6: ipv6, net: n, inside: inside, port: "port" + strconv.Itoa(n.hosts)}
	n.ip(n.cable, "link", "add", h.port, "type", "veth", "peer", "name", "eth0", "netns", inside.path)
	n.ip(n.cable, "link", "set", h.port, "master", "cable", "up")
	n.ip(inside, "link", "set", "lo", "up")
	n.ip(inside, "link", "set", "eth0", "up")
	if ipv4.IsValid() {
		n.ip(inside, "addr", "add", ipv4.String()+"/32", "dev", "eth0")
		n.ip(inside, "route", "add", "default", "dev", "eth0")
	}
	if ipv6.IsValid() {
		n.ip(inside, "addr", "add", ipv6.String()+"/128", "dev", "eth0", "nodad")
		n.ip(inside, "-6", "route", "add", "default", "dev", "eth0")
	}
	return h
}

// Cut pulls the host's plug: nothing arrives and nothing leaves, and nobody is told.
func (h *Host) Cut() { h.net.ip(h.net.cable, "link", "set", h.port, "nomaster") }

// Mend ends a Cut.
func (h *Host) Mend() { h.net.ip(h.net.cable, "link", "set", h.port, "master", "cable") }

// Do calls a function on the host: sockets that it makes and processes that it starts,
// itself and not in another goroutine, are and stay there. Calls come one after the
// other.
func (h *Host) Do(fn func() error) error { return h.inside.do(fn) }

// ip changes what is in a namespace.
func (n *Network) ip(where *namespace, args ...string) {
	n.t.Helper()
	path, err := find("ip")
	if err == nil {
		err = where.do(func() error { return run(path, args...) })
	}
	if err != nil {
		n.t.Fatal(err)
	}
}

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

func (s *namespace) close() { close(s.calls) }
