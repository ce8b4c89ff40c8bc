package abroad

import (
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"

	"mirrortracker/internal/testbed"
)

// user is the administrator.
const user, password = "operator", "open-sesame"

// A world has an ftpd, and room for others.
type world struct {
	network *testbed.Network
	cluster *testbed.Cluster

	guests, cases atomic.Int32

	mu    sync.Mutex
	admin *testbed.FTPClient
}

// A kind of ftpd.
type kind string

const (
	alone  kind = "serve"  // one that has its files itself
	slaves kind = "master" // a master with slaves that have them
)

const configuration = `
[log]
level = "debug"
format = "json"
[limits]
per_address = 0
`

// newWorld starts an ftpd of a kind, otherwise than usual as is said. Everything ends with
// the test.
func newWorld(t *testing.T, k kind, otherwise ...func(*testbed.ClusterConfig)) *world {
	t.Helper()
	cfg := testbed.ClusterConfig{Network: testbed.NewNetwork(t), User: user, Password: password, Ports: "1024-65535", Tables: configuration}
	if k == alone {
		cfg.Folder = testbed.Dir(t)
	} else {
		cfg.Slaves = 2
	}
	for _, change := range otherwise {
		change(&cfg)
	}
	w := &world{network: cfg.Network, cluster: testbed.StartCluster(t, cfg)}
	w.admin = w.client(t, user, password)
	return w
}

// host makes a host, to the end of the test.
func (w *world) host(t *testing.T, ipv4, ipv6 string) *testbed.Host {
	t.Helper()
	h, err := w.network.Host(netip.MustParseAddr(ipv4), netip.MustParseAddr(ipv6))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	return h
}

// guest makes a host that ftpd has not seen yet.
func (w *world) guest(t *testing.T) *testbed.Host {
	t.Helper()
	n := w.guests.Add(1)
	return w.host(t, fmt.Sprintf("99.1.%d.%d", n>>8, n&255), fmt.Sprintf("2a00:99::%x", n))
}

// client logs in from a host that ftpd has not seen yet.
func (w *world) client(t *testing.T, user, password string) *testbed.FTPClient {
	t.Helper()
	c, err := testbed.DialFTP(w.guest(t), w.cluster.Masters[0].FTP(), user, password)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// do lets the administrator send a command, and returns the reply.
func (w *world) do(t *testing.T, code int, format string, args ...any) string {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	text, err := w.admin.Do(code, format, args...)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// store lets ftpd have a file of the past, with the directory that it is in.
func (w *world) store(t *testing.T, dir, name string, content []byte) {
	t.Helper()
	w.do(t, 257, "MKD %s", dir)
	w.mu.Lock()
	err := w.admin.Store("STOR "+dir+"/"+name, content)
	w.mu.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	w.do(t, 213, "MFMT %s %s/%s", modified.Format("20060102150405"), dir, name)
}

// mirror lets a directory be mirrored at a foreign server, to which all clients are sent.
// ftpd itself is the default.
func (w *world) mirror(t *testing.T, dir, alias string) {
	t.Helper()
	id := w.cases.Add(1)
	w.do(t, 2, "SITE REMOTE ADDMIRROR %d 0 LOCAL", id)
	w.do(t, 2, "SITE REMOTE ADDMIRROR %d 1 %s", id, alias)
	w.do(t, 2, "SITE DIRMIRROR %d %s", id, dir)
}

// link makes an alias of a foreign server.
func (w *world) link(t *testing.T, alias, addr, user, password string) {
	t.Helper()
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	w.do(t, 2, "SITE REMOTE ADDALIAS %s %s %s %s %s /", alias, host, port, user, password)
}
