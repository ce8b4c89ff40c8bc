package matrix

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"mirrortracker/internal/testbed"
)

// holders are the slaves of a server, on a network where all have addresses as on the
// Internet.
type holders struct {
	network *testbed.Network
	cluster *testbed.Cluster
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
	master := cluster.Masters[0]
	s := &server{trust: filepath.Join(dir, "trust.pem"), holders: &holders{network, cluster}, addrs: map[door]string{}}
	for _, ipv6 := range []bool{false, true} {
		s.addrs[door{ipv6: ipv6}], s.addrs[door{ipv6, true}] = master.Doors(ipv6)
	}
	probe, err := network.Host(netip.MustParseAddr("99.1.255.1"), netip.MustParseAddr("2a00:99::ffff:1"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(probe.Close)
	client, err := testbed.DialFTP(probe, master.FTP(), user, password)
	if err != nil {
		t.Fatal(err)
	}
	if err := awaitCrowd(master); err != nil {
		t.Fatal(err)
	}
	s.stock = &slaves{members: cluster.Slaves, client: client}
	log, err := master.Follow()
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
	return s
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
