package matrix

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"mirrortracker/internal/testbed"
)

// holders are others than the server who have its files, on a network where all have
// addresses as on the Internet.
type holders struct {
	network *testbed.Network
	master  *testbed.Member
	holds   func(netip.Addr) bool            // whether somebody at an address has the files
	routes  func(cell) (want route, of bool) // which way the file of a cell must go, if it is about one and it is known
	content func(cell) []byte                // of files; nil: as where nobody else has them

	patience time.Duration // with clients; 0: as where nobody else has them
}

const distributedConfiguration = `
[log]
level = "debug"
format = "json"
[tls]
certificate = %q
key = %[1]q
require = "nothing"
[limits]
per_address = 0
`

// startHolders starts a master and two slaves, to the end of the test.
func startHolders(t *testing.T) *server {
	t.Helper()
	dir := t.TempDir()
	certify(t, dir, "44.1.1.1", "2a00:44::1")
	network := testbed.NewNetwork(t)
	cluster := testbed.StartCluster(t, testbed.ClusterConfig{
		Network: network,
		Slaves:  2,
		Tables:  fmt.Sprintf(distributedConfiguration, filepath.Join(dir, "certificate.pem")),
		User:    user, Password: password,
	})
	h := &holders{network: network, master: cluster.Masters[0], holds: func(addr netip.Addr) bool {
		return slices.ContainsFunc(cluster.Slaves, func(m *testbed.Member) bool { return addr == m.Addr || addr == m.Addr6 })
	}, routes: func(c cell) (route, bool) { return c.client.routes(c) }}
	crowded := filepath.Join(dir, "crowded")
	if err := os.MkdirAll(filepath.Join(crowded, crowdFolder), 0o755); err != nil {
		t.Fatal(err)
	}
	for i := range crowdSize {
		if err := os.WriteFile(filepath.Join(crowded, crowdFolder, fmt.Sprintf("entry-%05d", i)), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := cluster.AddSlave("crowded", crowded); err != nil {
		t.Fatal(err)
	}
	for _, m := range cluster.Slaves {
		if _, err := cluster.Command("slave", "trust", m.Name); err != nil {
			t.Fatal(err)
		}
	}
	s, client := h.serve(t, dir)
	if err := awaitCrowd(h.master); err != nil {
		t.Fatal(err)
	}
	s.stock = &slaves{members: cluster.Slaves, client: client}
	return s
}

// serve makes a server without a stock of a master that runs, and a client who changes its
// files. The folder has the certificate of the authority that clients are to trust.
func (h *holders) serve(t *testing.T, dir string) (*server, *testbed.FTPClient) {
	t.Helper()
	s := &server{trust: filepath.Join(dir, "trust.pem"), holders: h, addrs: map[door]string{}}
	for _, ipv6 := range []bool{false, true} {
		s.addrs[door{ipv6: ipv6}], s.addrs[door{ipv6, true}] = h.master.Doors(ipv6)
	}
	probe, err := h.network.Host(netip.MustParseAddr("99.1.255.1"), netip.MustParseAddr("2a00:99::ffff:1"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(probe.Close)
	client, err := testbed.DialFTP(probe, h.master.FTP(), user, password)
	if err != nil {
		t.Fatal(err)
	}
	log, err := h.master.Follow()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { log.Close() })
	s.trace = follow(log, func(network, addr string) (conn net.Conn, err error) {
		err = probe.Do(func() (err error) {
			conn, err = net.Dial(network, addr)
			return err
		})
		return conn, err
	})
	return s, client
}

// client makes a host for one cell: the master remembers what clients at an address do.
func (h *holders) client(t *testing.T, n int) *testbed.Host {
	t.Helper()
	host, err := h.network.Host(netip.AddrFrom4([4]byte{99, 1, byte(n >> 8), byte(n)}), netip.MustParseAddr(fmt.Sprintf("2a00:99::%x", n)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(host.Close)
	return host
}
