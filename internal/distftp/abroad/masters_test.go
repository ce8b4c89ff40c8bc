package abroad

import (
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mirrortracker/internal/ftpconn/ftpscript"
	"mirrortracker/internal/testbed"
)

// What is set up at one of two masters holds at the other within two seconds.
func TestTwoMasters(t *testing.T) {
	cluster := pair(t, testbed.StartMariaDB(t))
	var masters [2]*testbed.FTPClient
	for i, m := range cluster.Masters {
		c, err := testbed.DialFTP(nil, m.FTP(), user, password)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		masters[i] = c
	}
	const size = 1000
	one, other := masters[0], masters[1]
	do := func(code int, format string, args ...any) {
		t.Helper()
		if _, err := one.Do(code, format, args...); err != nil {
			t.Fatal(err)
		}
	}
	do(257, "MKD /pub")
	if err := one.Store("STOR /pub/file", version(local, size)); err != nil {
		t.Fatal(err)
	}
	do(213, "MFMT %s /pub/file", modified.Format("20060102150405"))
	s := ftpscript.Start(t, ftpscript.Mirror(map[string]ftpscript.File{"/pub/file": {Content: string(version(first, size)), Modified: modified}}))
	host, port, err := net.SplitHostPort(s.Addr)
	if err != nil {
		t.Fatal(err)
	}
	do(2, "SITE REMOTE ADDALIAS /away %s %s somebody secret /", host, port)
	seen(t, other, "SITE REMOTE ALIASES", "/away", true)
	do(2, "SITE REMOTE ADDMIRROR 1 0 LOCAL")
	do(2, "SITE REMOTE ADDMIRROR 1 1 /away")
	do(2, "SITE DIRMIRROR 1 /pub")
	seen(t, other, "SITE DIRMIRROR /pub", "1", true)
	for i, c := range masters {
		got, err := c.Fetch("RETR /pub/file")
		all, wrong := parts(got)
		if err != nil || wrong != nil || len(all) != 1 || all[0] != (part{first, size}) {
			t.Errorf("from master %d the client has %v, %v, %v", i+1, all, err, wrong)
		}
	}
	do(2, "SITE DIRMIRROR 0 /pub")
	do(2, "SITE REMOTE DELMIRROR 1 /away")
	do(2, "SITE REMOTE DELALIAS /away")
	seen(t, other, "SITE REMOTE ALIASES", "/away", false)
}

// pair starts two masters on one database, with a slave that has joined both.
func pair(t *testing.T, database *testbed.MariaDBServer) *testbed.Cluster {
	t.Helper()
	c := testbed.StartCluster(t, testbed.ClusterConfig{
		Masters: 2, Slaves: 1, Database: database.Database(t), User: user, Password: password,
		Keys: fmt.Sprintf("secrets = %q\n", filepath.Join(testbed.Dir(t), "secrets")),
	})
	for _, m := range c.Masters {
		if err := m.AwaitLog("slave has joined"); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// seen waits until an answer has some text, or has it no more, for as long as the other master
// may take.
func seen(t *testing.T, c *testbed.FTPClient, command, text string, want bool) {
	t.Helper()
	within(t, 2*time.Second, c, command, text, want)
}

// within waits until an answer has some text, or has it no more.
func within(t *testing.T, limit time.Duration, c *testbed.FTPClient, command, text string, want bool) {
	t.Helper()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for begun := time.Now(); ; <-again.C {
		answer, err := c.Do(2, "%s", command)
		switch {
		case err == nil && strings.Contains(answer, text) == want:
			return
		case time.Since(begun) > limit:
			t.Fatalf("after %v %s says %q, %v", limit, command, answer, err)
		}
	}
}
