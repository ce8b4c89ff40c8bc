package outage

import (
	"fmt"
	"testing"
	"time"

	"mirrortracker/internal/testbed"
)

// One of two masters dies: clients log in at the other, and see everything that was
// acknowledged. It sees what they did, when it is back.
func TestMasterKilled(t *testing.T) {
	database := testbed.StartMariaDB(t)
	cluster := testbed.StartCluster(t, testbed.ClusterConfig{Masters: 2, Slaves: 2, Database: database.Database(t), User: user, Password: password})
	want := map[string]int{}
	for round := range 4 {
		dies, lives := cluster.Masters[round%2], cluster.Masters[(round+1)%2]
		c, err := testbed.DialFTP(nil, dies.FTP(), user, password)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 10 {
			n := 100*round + i
			path := fmt.Sprint("/file", n)
			if err := c.Store("STOR "+path, piece(n)); err != nil {
				t.Fatal(err)
			}
			want[path] = n
		}
		dies.Kill()
		c.Close()
		c, err = testbed.DialFTP(nil, lives.FTP(), user, password)
		if err != nil {
			t.Fatal(err)
		}
		until(t, c, want)
		c.Close()
		if err := dies.Start(); err != nil {
			t.Fatal(err)
		}
		c, err = testbed.DialFTP(nil, dies.FTP(), user, password)
		if err != nil {
			t.Fatal(err)
		}
		until(t, c, want)
		c.Close()
	}
}

// until compares: names are to be there after the two seconds in which a master must see what
// another one did, and the content when the slaves have found a master that was away.
func until(t *testing.T, c *testbed.FTPClient, want map[string]int) {
	t.Helper()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for limit := time.Now().Add(2 * time.Second); time.Now().Before(limit); <-again.C {
		if names, err := c.Fetch("NLST /"); err == nil && len(fields(names)) == len(want) {
			break
		}
	}
	began := time.Now()
	for path := range want {
		for {
			_, err := c.Fetch("RETR " + path)
			if code(err) != 450 || time.Since(began) > 15*time.Second {
				break
			}
			<-again.C
		}
	}
	t.Logf("all slaves were there after %v", time.Since(began))
	compare(t, c, want)
}
