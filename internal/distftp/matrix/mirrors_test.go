package matrix

import (
	"bytes"
	"cmp"
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
	own, theirs := testbed.Dir(t), testbed.Dir(t)
	s, client := f.start(t, testbed.ClusterConfig{Folder: own}, testbed.FTPConfig{Root: theirs})
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
	f.meet(t, s, client, "/first")
	return s
}

// start starts an ftpd and a foreign server, to the end of the test, and an administrator's
// session.
func (f foreign) start(t *testing.T, ours testbed.ClusterConfig, theirs testbed.FTPConfig) (*server, *testbed.FTPClient) {
	t.Helper()
	dir := t.TempDir()
	certify(t, dir, "44.1.1.1", "2a00:44::1")
	ours.Network = testbed.NewNetwork(t)
	ours.Ports = "1024-65535"
	ours.Tables = fmt.Sprintf(distributedConfiguration, filepath.Join(dir, "certificate.pem"))
	ours.User, ours.Password = user, password
	cluster := testbed.StartCluster(t, ours)
	host, err := ours.Network.Host(netip.MustParseAddr("88.1.1.1"), netip.MustParseAddr("2a00:88::1"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(host.Close)
	theirs.Host, theirs.Foreign = host, f.loose
	testbed.StartFTP(t, f.kind, theirs)
	h := &holders{
		network:  ours.Network,
		master:   cluster.Masters[0],
		holds:    func(addr netip.Addr) bool { return addr == host.IPv4 || addr == host.IPv6 },
		routes:   f.routes,
		patience: 2 * hang,
		content: func(c cell) []byte {
			if c.active() && strings.HasSuffix(c.operation.name, "download") {
				return longContent
			}
			return content
		},
	}
	return h.serve(t, dir)
}

// takes reports whether the server has data connections in a way with others than its client.
func (f foreign) takes(w way) bool {
	return f.loose || f.kind == "proftpd" && !w.active() // which asks nobody who comes
}

// meet lets ftpd find out what the server says to others than its client, after all else: that
// is seen only when one comes, and costs it a 425.
func (f foreign) meet(t *testing.T, s *server, client *testbed.FTPClient, dir string) {
	t.Helper()
	tried := func() error {
		said, err := client.Do(2, "SITE REMOTE ALIAS %s", linkAlias)
		if err == nil && !strings.Contains(said, "tried out") {
			err = fmt.Errorf("it is not known what the server allows: %s", said)
		}
		return err
	}
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for limit := time.Now().Add(2 * hang); tried() != nil; <-again.C {
		if time.Now().After(limit) {
			t.Fatal(tried())
		}
	}
	if err := errors.Join(s.stock.makeDir(dir), s.stock.plant(dir+"/file", content)); err != nil {
		t.Fatal(err)
	}
	client.Way = testbed.Named
	for attempt := range 2 {
		_, err := client.Do(213, "SIZE %s/file", dir)
		if err != nil {
			t.Fatal(err)
		}
		_, err = client.Fetch("RETR " + dir + "/file")
		if refused := (*textproto.Error)(nil); f.takes(way{verb: "PASV"}) || attempt == 1 || !errors.As(err, &refused) || refused.Code != 425 {
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
	return cmp.Or(c.relayedAbroad[way], c.relays(way, operation))
}

const onlyIPv4 = "the foreign server has IPv4 only"

// routes says which way the file of a cell must go.
func (f foreign) routes(c cell) (want route, known bool) {
	switch {
	case !slices.Contains(fileTransfers, c.operation.name):
		return "", false
	case !f.takes(c.way) || c.protection != plain:
		return relayed, true
	case c.client.mayFollow == c.way.String():
		return "", false
	case c.client.relaysMirror(c.way.String(), c.operation.name) != "":
		return relayed, true
	case c.active() && strings.HasSuffix(c.operation.name, "upload"):
		return relayed, true // as it would not show that an unknown client takes nothing from others than ftpd
	}
	return direct, true
}
