package abroad

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mirrortracker/internal/testbed"
)

// hostsFile has ftpd know hosts by name, whatever else is on this machine.
func hostsFile(t *testing.T, lines string) func(*testbed.ClusterConfig) {
	t.Helper()
	file := filepath.Join(testbed.Dir(t), "hosts")
	if err := os.WriteFile(file, []byte(lines), 0o644); err != nil {
		t.Fatal(err)
	}
	testbed.Need(t, "unshare")
	return func(c *testbed.ClusterConfig) {
		c.Under = func(string) []string {
			return []string{"unshare", "-m", "sh", "-c", `mount --bind "$0" /etc/hosts && exec "$@"`, file}
		}
	}
}

// Servers of others are found by IPv6 as by IPv4, and clients have their data from them
// directly where both speak the same, and by way of ftpd otherwise.
func TestIPv6(t *testing.T) {
	w := newWorld(t, alone, hostsFile(t, `
127.0.0.1 localhost
2a00:88::6 six.example
2a00:88::6 both.example
88.1.1.6 both.example
2a00:88::4 four.example
88.1.1.4 four.example
`))
	const size = 9 << 20 // of less than that nobody makes a direct connection to a client that is not known
	six, four := w.host(t, "88.1.1.6", "2a00:88::6"), w.host(t, "88.1.1.4", "2a00:88::4")
	closed := w.host(t, "88.1.1.7", "2a00:88::7")
	root, dirs := testbed.Dir(t), []string{"by-address", "in-brackets", "by-name", "by-other-name", "four", "closed"}
	for _, dir := range dirs {
		w.store(t, "/"+dir, "file", version(local, size))
		file := filepath.Join(root, dir, "file")
		if err := os.Mkdir(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, version(first, size), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(file, modified, modified); err != nil {
			t.Fatal(err)
		}
	}
	testbed.StartFTP(t, "proftpd", testbed.FTPConfig{Root: root, Host: six, IPv6: true, Foreign: true}) // there alone
	testbed.StartFTP(t, "proftpd", testbed.FTPConfig{Root: root, Host: four, Foreign: true})
	testbed.StartFTP(t, "vsftpd", testbed.FTPConfig{Root: root, Host: closed, IPv6: true})
	for i, host := range []string{"2a00:88::6", "[2A00:88:0::6]", "six.example", "both.example", "four.example", "2a00:88::7"} {
		alias := fmt.Sprintf("/link-%d", i)
		if said := w.do(t, 2, "SITE REMOTE ADDALIAS %s %s 21 anonymous x /", alias, host); !strings.Contains(said, "allows:") {
			t.Errorf("%s: the administrator is told %q", host, said)
		}
		w.mirror(t, "/"+dirs[i], alias)
	}
	if said := w.do(t, 2, "SITE REMOTE ALIASES"); strings.Count(said, "[2a00:88::6]:21") != 2 {
		t.Errorf("the aliases are %q", said)
	}
	clear4, _ := w.cluster.Masters[0].Doors(false)
	clear6, _ := w.cluster.Masters[0].Doors(true)
	for _, test := range []struct {
		door   string
		way    testbed.Way
		direct map[string]string // from where data come, by directory; from ftpd if it is not there
	}{
		{clear6, testbed.Active, map[string]string{"by-address": "2a00:88::6", "in-brackets": "2a00:88::6", "by-name": "2a00:88::6", "by-other-name": "2a00:88::6"}},
		{clear6, testbed.Extended, nil},
		{clear4, testbed.Active, map[string]string{"four": "88.1.1.4"}},
		{clear4, testbed.Named, map[string]string{"four": "88.1.1.4"}},
		{clear4, testbed.Extended, nil},
	} {
		ours, _, err := net.SplitHostPort(test.door)
		if err != nil {
			t.Fatal(err)
		}
		for _, dir := range dirs {
			t.Run(fmt.Sprint(ours, " ", test.way, " ", dir), func(t *testing.T) {
				c, err := testbed.DialFTP(w.guest(t), test.door, "anonymous", "x")
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				c.Way = test.way
				path := "/" + dir + "/file"
				if _, err := c.Do(213, "SIZE %s", path); err != nil {
					t.Fatal(err)
				}
				data, err := c.Open("RETR " + path)
				if err != nil {
					t.Fatal(err)
				}
				got, err := io.ReadAll(data)
				data.Close()
				if err == nil {
					err = c.End()
				}
				all, wrong := parts(got)
				if err != nil || wrong != nil || len(all) != 1 || all[0] != (part{first, size}) {
					t.Errorf("the client has %v, %v, %v", all, err, wrong)
				}
				want := test.direct[dir]
				if want == "" {
					want = ours
				}
				if from, _, _ := net.SplitHostPort(data.RemoteAddr().String()); from != want {
					t.Errorf("it comes from %s, want %s", from, want)
				}
			})
		}
	}
}
