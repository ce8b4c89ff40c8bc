package operator_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mirrortracker/internal/testbed"
)

// A cluster is one that an operator works on.
type cluster struct {
	*testing.T
	*testbed.Cluster
	ftp *testbed.FTPClient
}

// ftpd runs a command.
func (c *cluster) ftpd(args ...string) string {
	c.Helper()
	out, err := c.Command(args...)
	if err != nil {
		c.Fatalf("%v\n%s", err, out)
	}
	return string(out)
}

// holders returns the slaves that have a file on their disks.
func (c *cluster) holders(path string, content []byte) (names []string) {
	for _, s := range c.Slaves {
		if got, err := os.ReadFile(filepath.Join(s.Folder, path)); err == nil && bytes.Equal(got, content) {
			names = append(names, s.Name)
		}
	}
	return names
}

// await waits until something is so.
func (c *cluster) await(what string, is func() bool) {
	c.Helper()
	for deadline := time.Now().Add(time.Minute); !is(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			c.Fatalf("it is not so: %s\n%s", what, c.ftpd("status"))
		}
	}
}

// What an operator does with slaves, from rules to the end of one of them, with programs
// as they are.
func TestOperator(t *testing.T) {
	c := &cluster{T: t, Cluster: testbed.StartCluster(t, testbed.ClusterConfig{Slaves: 3, MasterKeys: `repair_after = "2s"`})}
	var err error
	if c.ftp, err = testbed.DialFTP(nil, c.Masters[0].FTP(), c.User, c.Password); err != nil {
		t.Fatal(err)
	}
	defer c.ftp.Close()
	content := bytes.Repeat([]byte("content"), 10_000)
	c.ftpd("rule", "set", "/pub", "--copies", "2")
	c.do(257, "MKD pub")
	if err := c.ftp.Store("STOR pub/x", content); err != nil {
		t.Fatal(err)
	}
	if err := c.ftp.Store("STOR y", content); err != nil {
		t.Fatal(err)
	}
	two := func() bool { return len(c.holders("pub/x", content)) == 2 }
	c.await("/pub/x has two copies", two)
	if got := c.ftpd("fsck"); !strings.HasPrefix(got, "2 files; 0 lost, 0 short of copies, 0 to be settled") {
		t.Errorf("fsck: %s", got)
	}
	if got := c.ftpd("status"); strings.Contains(got, "fsck") {
		t.Errorf("an answered question is shown as work: %s", got)
	}
	for command, want := range map[string]string{
		"SITE SLAVES":            "online",
		"SITE EXPLAIN pub/x":     "rule of /pub: 2 copies",
		"SITE SLAVESELECT pub/x": "download of /pub/x",
		"SITE SLAVESELECT pub/z": "upload of /pub/z",
	} {
		if got := c.do(211, command); !strings.Contains(got, want) {
			t.Errorf("%s: %s", command, got)
		}
	}

	// One is lost: another gets a copy. It comes back: there are two again.
	lost := c.slave(c.holders("pub/x", content)[0])
	lost.Kill()
	c.await("three have had it", func() bool { return len(c.holders("pub/x", content)) == 3 })
	if err := lost.Start(); err != nil {
		t.Fatal(err)
	}
	c.await("a surplus copy went", two)

	// A copy is gone from a disk.
	robbed := c.slave(c.holders("pub/x", content)[0])
	robbed.Stop()
	if err := os.Remove(filepath.Join(robbed.Folder, "pub/x")); err != nil {
		t.Fatal(err)
	}
	if got := c.ftpd("import", "--config", filepath.Join(robbed.Dir, "slave.toml")); !strings.Contains(got, "1 missing") {
		t.Errorf("import: %s", got)
	}
	if err := robbed.Start(); err != nil {
		t.Fatal(err)
	}
	c.await("there are two again", two)

	// One is emptied, and goes.
	last := c.slave(c.holders("y", content)[0])
	if _, err := c.Command("slave", "remove", last.Name); err == nil || !strings.Contains(err.Error(), "only copy") {
		t.Errorf("a slave with the only copy of a file is removed: %v", err)
	}
	c.ftpd("rule", "set", "/", "--only", last.Name)
	c.ftpd("slave", "drain", last.Name)
	var stuck []struct{ Obstacle struct{ Path, Why string } }
	if err := json.Unmarshal([]byte(c.ftpd("slave", "list", "--json")), &stuck); err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(stuck, func(s struct{ Obstacle struct{ Path, Why string } }) bool {
		return s.Obstacle.Path == "/y" && s.Obstacle.Why == "0 of 1 copies, and no further slave may take one"
	}) {
		t.Errorf("it is not said why no slave becomes empty: %+v", stuck)
	}
	c.ftpd("rule", "remove", "/")
	c.await("the drained slave is empty", func() bool {
		var slaves []struct {
			Name  string
			Files int
		}
		if err := json.Unmarshal([]byte(c.ftpd("slave", "list", "--json")), &slaves); err != nil {
			t.Fatal(err)
		}
		for _, s := range slaves {
			if s.Name == last.Name {
				return s.Files == 0
			}
		}
		return false
	})
	c.ftpd("slave", "remove", last.Name)
	last.Kill()
	if got := c.ftpd("slave", "list"); strings.Contains(got, last.Name) {
		t.Errorf("the removed slave is shown: %s", got)
	}
	if got, err := c.ftp.Fetch("RETR y"); err != nil || !bytes.Equal(got, content) {
		t.Errorf("%d bytes, %v", len(got), err)
	}

	// Files come by other means.
	other := c.Slaves[0]
	if other == last {
		other = c.Slaves[1]
	}
	other.Stop()
	if err := os.WriteFile(filepath.Join(other.Folder, "new"), []byte("new"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := c.ftpd("import", "--config", filepath.Join(other.Dir, "slave.toml"), other.Folder); !strings.Contains(got, "1 new") {
		t.Errorf("import: %s", got)
	}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	c.await("the new file is there", func() bool {
		got, err := c.ftp.Fetch("RETR new")
		return err == nil && string(got) == "new"
	})
	c.ftpd("fsck", "--repair")

	// What a slave knew of its files is gone, but the files are there: they are compared by
	// what they hold.
	other.Stop()
	if err := os.RemoveAll(filepath.Join(other.Folder, ".ftpd-slave")); err != nil {
		t.Fatal(err)
	}
	c.ftpd("slave", "init", "--config", filepath.Join(other.Dir, "slave.toml"))
	c.ftpd("slave", "reset", other.Name)
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	c.await("all is as it was", func() bool {
		out, err := c.Command("fsck")
		return err == nil && strings.HasPrefix(string(out), "3 files; 0 lost, 0 short of copies, 0 to be settled")
	})
	for path, want := range map[string][]byte{"y": content, "new": []byte("new"), "pub/x": content} {
		if got, err := c.ftp.Fetch("RETR " + path); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes, %v", path, len(got), err)
		}
	}
}

func (c *cluster) do(code int, command string) string {
	c.Helper()
	text, err := c.ftp.Do(code, "%s", command)
	if err != nil {
		c.Fatal(err)
	}
	return text
}

func (c *cluster) slave(name string) *testbed.Member {
	return c.Slaves[slices.IndexFunc(c.Slaves, func(m *testbed.Member) bool { return m.Name == name })]
}
