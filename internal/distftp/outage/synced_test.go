package outage

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"mirrortracker/internal/testbed"
)

// Before an upload is acknowledged, its content is on the slave's disk, the entry in the
// database's file, the name on the slave's disk, and what the slave knows of it in the
// slave's index: in this order, each synced before the next begins.
func TestSynced(t *testing.T) {
	strace, dir := testbed.Need(t, "strace"), t.TempDir()
	trace := func(name string) string { return filepath.Join(dir, name) }
	cluster := testbed.StartCluster(t, testbed.ClusterConfig{
		Slaves: 1, User: user, Password: password,
		Under: func(name string) []string {
			return []string{strace, "-f", "-y", "-T", "-ttt", "-s", "64", "-o", trace(name), "-e",
				"trace=write,pwrite64,splice,copy_file_range,fsync,fdatasync,linkat,renameat,renameat2,mkdirat,unlinkat"}
		},
	})
	c, err := testbed.DialFTP(nil, cluster.Masters[0].FTP(), user, password)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Do(257, "MKD /box"); err != nil {
		t.Fatal(err)
	}
	if err := c.Store("STOR /box/file", piece(4)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Do(250, "DELE /box/file"); err != nil {
		t.Fatal(err)
	}
	c.Do(221, "QUIT")
	for _, m := range append(cluster.Slaves, cluster.Masters...) {
		m.Stop()
	}

	var calls []call
	for _, name := range []string{"master1", "slave1"} {
		read, err := readCalls(name, trace(name))
		if err != nil {
			t.Fatal(err)
		}
		calls = append(calls, read...)
	}
	slices.SortFunc(calls, func(a, b call) int { return cmp.Compare(a.begun, b.begun) })
	const database = `f(data)?sync\(\d+<[^>]*/ftpd\.db-wal>`
	for _, order := range [][]string{
		{`master1: ` + database, `master1: write\(\d+<[^>]*>, "257 `},
		{
			`slave1: (write|splice|copy_file_range)\(.*<[^>]*/\.ftpd-slave/`, `slave1: f(data)?sync\(\d+<[^>]*/\.ftpd-slave/`,
			`master1: ` + database,
			`slave1: (linkat|renameat2?)\(.*"file"`, `slave1: fsync\(\d+<[^>]*/files/box>`, `slave1: f(data)?sync\(\d+<[^>]*-wal>`,
			`master1: write\(\d+<[^>]*>, "226 `,
		},
		{`master1: write\(\d+<[^>]*>, "226 `, `master1: ` + database, `master1: write\(\d+<[^>]*>, "250 `},
	} {
		inOrder(t, calls, order)
	}
}

// A call is a system call of one of the members.
type call struct {
	begun, ended float64 // seconds
	text         string
}

var (
	callLine     = regexp.MustCompile(`^(\d+) +(\d+\.\d+) (.*)$`)
	durationMark = regexp.MustCompile(` <(\d+\.\d+)>$`)
	resumedMark  = regexp.MustCompile(`^<\.\.\. \w+ resumed>`)
)

// readCalls reads what strace has written.
func readCalls(member, file string) (calls []call, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	pending := map[string]call{} // by the thread
	for line := range strings.Lines(string(text)) {
		m := callLine.FindStringSubmatch(strings.TrimSpace(line))
		if m == nil {
			continue
		}
		at, err := strconv.ParseFloat(m[2], 64)
		if err != nil {
			return nil, err
		}
		one := call{begun: at, ended: at, text: fmt.Sprintf("%s: %s", member, m[3])}
		if begun, ok := strings.CutSuffix(one.text, " <unfinished ...>"); ok {
			one.text = begun
			pending[m[1]] = one
			continue
		}
		if resumedMark.MatchString(m[3]) {
			one.begun, one.text = pending[m[1]].begun, pending[m[1]].text
		} else if d := durationMark.FindStringSubmatch(m[3]); d != nil {
			took, err := strconv.ParseFloat(d[1], 64)
			if err != nil {
				return nil, err
			}
			one.ended += took
		}
		calls = append(calls, one)
	}
	return calls, nil
}

// inOrder checks that there are calls that match, each of which began after the one before
// had ended.
func inOrder(t *testing.T, calls []call, patterns []string) {
	t.Helper()
	var after float64
	for _, p := range patterns {
		wanted := regexp.MustCompile(p)
		i := slices.IndexFunc(calls, func(c call) bool { return c.begun >= after && wanted.MatchString(c.text) })
		if i < 0 {
			t.Errorf("no call %s at the place where it should be", p)
			for _, c := range calls {
				t.Logf("%f-%f %s", c.begun, c.ended, c.text)
			}
			return
		}
		after = calls[i].ended
	}
}
