package matrix

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"net/textproto"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mirrortracker/internal/testbed"
)

// A foreign server is one that the files are mirrored at.
type foreign struct {
	kind  string
	loose bool // others than its client may have the data
}

// Do the same clients get the same where they are sent to a foreign server, and do they,
// who can, get it from there?
func TestMatrixWithMirrors(t *testing.T) {
	for _, f := range []foreign{{"proftpd", true}, {"vsftpd", false}} {
		t.Run(f.kind, func(t *testing.T) {
			t.Parallel()
			cells := sample(clients, mirrored)
			if *all {
				cells = slices.DeleteFunc(allCells(), func(c cell) bool { return !mirrored(c) })
			}
			startMirrored(t, f).tryAll(t, cells)
		})
	}
}

// mirrored reports whether a cell is about what foreign servers have to do with.
func mirrored(c cell) bool {
	return slices.Contains([]string{"download", "resumed download"}, c.operation.name)
}

// startMirrored starts an ftpd and a foreign server to which it sends all, to the end of
// the test.
func startMirrored(t *testing.T, f foreign) *server {
	t.Helper()
	dir, own, theirs := t.TempDir(), testbed.Dir(t), testbed.Dir(t)
	certify(t, dir, "44.1.1.1", "2a00:44::1")
	network := testbed.NewNetwork(t)
	cluster := testbed.StartCluster(t, testbed.ClusterConfig{
		Network: network,
		Folder:  own,
		Ports:   "1024-65535",
		Tables:  fmt.Sprintf(distributedConfiguration, filepath.Join(dir, "certificate.pem")),
		User:    user, Password: password,
	})
	host, err := network.Host(netip.MustParseAddr("88.1.1.1"), netip.MustParseAddr("2a00:88::1"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(host.Close)
	testbed.StartFTP(t, f.kind, testbed.FTPConfig{Root: theirs, Host: host, Foreign: f.loose})
	h := &holders{
		network:  network,
		master:   cluster.Masters[0],
		holds:    func(addr netip.Addr) bool { return addr == host.IPv4 || addr == host.IPv6 },
		routes:   f.routes,
		patience: 2 * hang,
		content: func(c cell) []byte {
			if c.active() {
				return longContent
			}
			return content
		},
	}
	s, client := h.serve(t, dir)
	s.stock = both{folder(own), folder(theirs)}
	for _, command := range []string{
		"ADDALIAS /elsewhere 88.1.1.1 21 anonymous nobody /", "ADDMIRROR 1 0 LOCAL", "ADDMIRROR 1 1 /elsewhere",
	} {
		if _, err := client.Do(2, "SITE REMOTE %s", command); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := client.Do(2, "SITE DIRMIRROR 1 /"); err != nil {
		t.Fatal(err)
	}
	f.meet(t, s, client)
	return s
}

// meet lets ftpd find out what the server says to others than its client: that is seen only
// when one comes, and costs it a 425.
func (f foreign) meet(t *testing.T, s *server, client *testbed.FTPClient) {
	t.Helper()
	if err := errors.Join(s.stock.makeDir("/first"), s.stock.plant("/first/file", content)); err != nil {
		t.Fatal(err)
	}
	client.Way = testbed.Named
	for attempt := range 2 {
		_, err := client.Do(213, "SIZE /first/file")
		if err != nil {
			t.Fatal(err)
		}
		_, err = client.Fetch("RETR /first/file")
		if refused := (*textproto.Error)(nil); f.loose || attempt == 1 || !errors.As(err, &refused) || refused.Code != 425 {
			if err != nil {
				t.Errorf("attempt %d: %v", attempt+1, err)
			}
			return
		}
	}
}

// hang is how long nobody may have to wait. A machine on which all is tested at once is
// given twice that.
const hang = 10 * time.Second

// longContent is more than is relayed for fear that an unknown client, whom a foreign
// server connects to, takes nothing from others than ftpd.
var longContent = bytes.Repeat(content, 9<<20/len(content)+1)

// both are the stocks of ftpd and of a foreign server that has the same. Only ftpd's is
// looked into.
type both struct {
	folder
	theirs folder
}

func (b both) makeDir(path string) error {
	return errors.Join(b.folder.makeDir(path), b.theirs.makeDir(path))
}

func (b both) plant(path string, what []byte) error {
	return errors.Join(b.folder.plant(path, what), b.theirs.plant(path, what))
}

// relaysMirror tells why an operation of the client's is relayed in a way where a foreign
// server has the file, which others than its client may have; "" if it is not.
func (c *client) relaysMirror(way, operation string) string {
	if strings.Contains(way, "IPv6") {
		return onlyIPv4
	}
	return c.relays(way, operation)
}

const onlyIPv4 = "the foreign server has IPv4 only"

// routes says which way the file of a cell must go.
func (f foreign) routes(c cell) (want route, known bool) {
	switch {
	case !f.loose || c.protection != plain:
		return relayed, true
	case c.client.mayFollow == c.way.String():
		return "", false
	case c.client.relaysMirror(c.way.String(), c.operation.name) != "":
		return relayed, true
	}
	return direct, true
}
