package outage

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"mirrortracker/internal/testbed"
)

// noise makes content that nothing can make less of.
func noise(size int) []byte {
	b := make([]byte, size)
	rand.NewChaCha8(sha256.Sum256([]byte("outage"))).Read(b)
	return b
}

// repairing lets a cluster repair at once.
const repairing = "repair_after = \"1s\"\n"

// keepTwo asks for two copies of everything.
func keepTwo(t *testing.T, c *testbed.Cluster) {
	t.Helper()
	if out, err := c.Command("rule", "set", "/", "--copies", "2"); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

// A slave that is killed while it sends is noticed soon, and the client gets the rest from
// another one. Then there are as many copies again as there are to be, and no more of them
// when it comes back.
func TestSlaveKilledWhileSending(t *testing.T) {
	const size = 48 << 20
	for _, way := range []testbed.Way{testbed.Active, testbed.Extended} {
		t.Run(string(way), func(t *testing.T) {
			t.Parallel()
			cluster := testbed.StartCluster(t, testbed.ClusterConfig{Slaves: 3, User: user, Password: password, MasterKeys: repairing})
			keepTwo(t, cluster)
			c, err := testbed.DialFTP(nil, cluster.Masters[0].FTP(), user, password)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			want := noise(size)
			if err := c.Store("STOR /large", want); err != nil {
				t.Fatal(err)
			}
			first := copies(t, cluster.Slaves, "large", size, 2)

			c.Way = way
			data, err := c.Open("RETR /large")
			if err != nil {
				t.Fatal(err)
			}
			got := make([]byte, 1<<20)
			if _, err := io.ReadFull(data, got); err != nil {
				t.Fatal(err)
			}
			victim := sender(t, first, data, way)
			t.Logf("%s sends, of %d", victim.Name, len(first))
			victim.Kill()
			killed := time.Now()
			rest, _ := io.ReadAll(data)
			data.Close()
			if err := c.End(); code(err) != 426 {
				t.Errorf("the transfer ends with %v, want 426", err)
			}
			if took := time.Since(killed); took > 5*time.Second {
				t.Errorf("the client is told after %v", took)
			}
			got = append(got, rest...)
			if _, err := c.Do(350, "REST %d", len(got)); err != nil {
				t.Fatal(err)
			}
			rest, err = c.Fetch("RETR /large")
			if err != nil || !bytes.Equal(append(got, rest...), want) {
				t.Errorf("%d bytes, and %d from another slave: not what was stored; %v", len(got), len(rest), err)
			}

			var others []*testbed.Member
			for _, m := range cluster.Slaves {
				if m != victim {
					others = append(others, m)
				}
			}
			copies(t, others, "large", size, 2)
			if err := victim.Start(); err != nil {
				t.Fatal(err)
			}
			copies(t, cluster.Slaves, "large", size, 2)
		})
	}
}

// sender finds out who sends: the one at the other end, or behind the master the one that
// has the file open.
func sender(t *testing.T, all []*testbed.Member, data net.Conn, way testbed.Way) *testbed.Member {
	t.Helper()
	from := data.RemoteAddr().(*net.TCPAddr).AddrPort().Addr()
	for _, m := range all {
		if way == testbed.Active && m.Addr == from || way != testbed.Active && opens(m, "large") {
			return m
		}
	}
	t.Fatalf("none of the slaves sends, but %v", from)
	return nil
}

// opens reports whether a member has a file of that name open (proc_pid_fd(5)).
func opens(m *testbed.Member, name string) bool {
	links, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", m.PID()))
	return slices.ContainsFunc(links, func(link string) bool {
		to, err := os.Readlink(link)
		return err == nil && filepath.Base(to) == name
	})
}

// copies waits until so many slaves have a file, and returns them.
func copies(t *testing.T, slaves []*testbed.Member, name string, size int64, want int) (have []*testbed.Member) {
	t.Helper()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for limit := time.Now().Add(time.Minute); ; <-again.C {
		have = nil
		for _, m := range slaves {
			if is, err := os.Stat(filepath.Join(m.Folder, name)); err == nil && is.Size() == size {
				have = append(have, m)
			}
		}
		if len(have) == want {
			return have
		}
		if time.Now().After(limit) {
			t.Fatalf("%d slaves have %s, want %d", len(have), name, want)
		}
	}
}
