package outage

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"mirrortracker/internal/testbed"
)

// A slave that is cut off is missed by nobody, as others have what it has. When it is back,
// what was deleted meanwhile is gone there too, what was renamed or replaced is so, and
// nothing is lost: whether its link is lost or was silent for a moment only.
func TestCutOff(t *testing.T) {
	t.Run("until all know", func(t *testing.T) { cutOff(t, true) })
	t.Run("for a moment", func(t *testing.T) { cutOff(t, false) })
}

// cutOff cuts a slave off while much is changed, or until its link is lost as well.
func cutOff(t *testing.T, noticed bool) {
	network := testbed.NewNetwork(t)
	cluster := testbed.StartCluster(t, testbed.ClusterConfig{Network: network, Slaves: 3, User: user, Password: password, MasterKeys: repairing})
	keepTwo(t, cluster)
	home, err := network.Host(netip.MustParseAddr("99.1.1.1"), netip.MustParseAddr("2a00:99::1"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(home.Close)
	c, err := testbed.DialFTP(home, cluster.Masters[0].FTP(), user, password)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()

	const files = 24
	name := func(i int) string { return fmt.Sprint("/file", i) }
	want := map[string]int{} // the piece of each file
	for i := range files {
		if err := c.Store("STOR "+name(i), piece(i)); err != nil {
			t.Fatal(err)
		}
		want[name(i)] = i
	}
	for i := range files {
		copies(t, cluster.Slaves, name(i), int64(len(piece(i))), 2)
	}

	lost := cluster.Slaves[0]
	lost.Mark()
	cluster.Masters[0].Mark()
	if err := lost.Host.Cut(); err != nil {
		t.Fatal(err)
	}
	cut := time.Now()
	for i := range files { // the first ones may be planned to go to the slave that was cut off
		for {
			err := c.Store("STOR "+name(100+i), piece(100+i))
			if err == nil {
				break
			}
			if code(err)/100 != 4 || time.Since(cut) > 15*time.Second {
				t.Fatalf("%v after the cut: %v", time.Since(cut), err)
			}
		}
		want[name(100+i)] = 100 + i
	}
	for i := range files {
		switch i % 4 {
		case 0:
			_, err = c.Do(250, "DELE %s", name(i))
			delete(want, name(i))
		case 1:
			if _, err = c.Do(350, "RNFR %s", name(i)); err == nil {
				_, err = c.Do(250, "RNTO %s", name(200+i))
			}
			delete(want, name(i))
			want[name(200+i)] = i
		case 2:
			err = c.Store("STOR "+name(i), piece(300+i))
			want[name(i)] = 300 + i
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	compare(t, c, want)

	if noticed {
		if err := errors.Join(cluster.Masters[0].AwaitLog("slave has left"), lost.AwaitLog("link to the master is lost")); err != nil {
			t.Fatal(err)
		}
		lost.Mark()
	}
	if err := lost.Host.Mend(); err != nil {
		t.Fatal(err)
	}
	if noticed {
		if err := lost.Await(); err != nil {
			t.Fatal(err)
		}
	}
	compare(t, c, want)
	for path, n := range want {
		copies(t, cluster.Slaves, path, int64(len(piece(n))), 2)
	}
	converge(t, cluster, want)
	examine(t, cluster)
}

// compare reads all files at the master.
func compare(t *testing.T, c *testbed.FTPClient, want map[string]int) {
	t.Helper()
	names, err := c.Fetch("NLST /")
	if got := slices.Sorted(slices.Values(fields(names))); err != nil || !slices.Equal(got, slices.Sorted(maps.Keys(want))) {
		t.Errorf("there are\n%q, want\n%q; %v", got, slices.Sorted(maps.Keys(want)), err)
	}
	for path, n := range want {
		content, err := c.Fetch("RETR " + path)
		if numbers, bad := pieces(content); err != nil || bad != nil || !slices.Equal(numbers, []int{n}) {
			t.Errorf("%s has %v, want %d; %v", path, numbers, n, errors.Join(err, bad))
		}
	}
}

// converge waits until no slave has anything but what is to be there.
func converge(t *testing.T, cluster *testbed.Cluster, want map[string]int) {
	t.Helper()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for limit := time.Now().Add(30 * time.Second); ; <-again.C {
		var wrong []string
		for _, m := range cluster.Slaves {
			names, err := stored(m.Folder)
			if err != nil {
				t.Fatal(err)
			}
			for _, path := range names {
				content, err := os.ReadFile(filepath.Join(m.Folder, path))
				if n, there := want[path]; err != nil || !there || string(content) != string(piece(n)) {
					wrong = append(wrong, m.Name+":"+path)
				}
			}
		}
		if len(wrong) == 0 {
			return
		}
		if time.Now().After(limit) {
			t.Fatalf("slaves have what they are not to have: %q", wrong)
		}
	}
}
