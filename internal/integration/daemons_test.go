package integration

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"mirrortracker/internal/mirror"
	"mirrortracker/internal/store"
	"mirrortracker/internal/testbed"
)

// Do two daemons on one database share what is due, each site once, and does one of
// them do it all when the other is killed?
func TestDaemonsShareSites(t *testing.T) {
	t.Parallel()
	testbed.Need(t, "go")
	crawler := build(t, "crawler")
	const sites = 200
	for _, c := range []struct {
		name   string
		killed int // snapshots after which one daemon is killed; 0 for never
	}{{"both live", 0}, {"one is killed", sites / 4}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			onBothDatabases(t, func(t *testing.T, url string) {
				dir := testbed.Dir(t)
				k := &tracker{program: crawler, database: url}
				addr := serve(t, "ftpd", testbed.FTPConfig{Root: dir})
				for i := range sites {
					name := fmt.Sprintf("site-%d", i)
					if err := os.MkdirAll(filepath.Join(dir, name, "a", "b"), 0o755); err != nil {
						t.Fatal(err)
					}
					k.sites = append(k.sites, name+"="+addr+"/"+name)
				}
				db := openStore(t, url)
				one, other := k.daemon(t), k.daemon(t)
				await(t, func() bool {
					if now := snapshots(t, db); len(now) >= c.killed && c.killed > 0 {
						one.Process.Kill()
					}
					return len(snapshots(t, db)) == sites && !slices.ContainsFunc(attempts(t, db), func(a store.Attempt) bool { return a.Outcome == store.OutcomeRunning })
				})
				// Who saw the same due times has had the time to act on them when it
				// has come to its end.
				one.Process.Signal(syscall.SIGTERM)
				other.Process.Signal(syscall.SIGTERM)
				one.Wait()
				if err := other.Wait(); err != nil {
					t.Errorf("the other daemon ends with %v", err)
				}
				for site, seq := range snapshots(t, db) {
					if seq != 1 {
						t.Errorf("site %s has %d snapshots", site, seq)
					}
				}
				for name, d := range map[string]*daemon{"one": one, "the other": other} {
					if crawled := strings.Count(d.log.String(), "msg=crawled"); crawled == 0 || c.killed == 0 && crawled == sites {
						t.Errorf("%s crawls %d of %d sites", name, crawled, sites)
					}
				}
			})
		})
	}
}

// A daemon is a `crawler run` with its log.
type daemon struct {
	*exec.Cmd
	log *journal
}

// daemon starts one, which is killed at the end of the test.
func (k *tracker) daemon(t *testing.T) *daemon {
	t.Helper()
	dir := t.TempDir()
	if err := k.configuration(dir); err != nil {
		t.Fatal(err)
	}
	return k.runs(t, dir)
}

// runs starts one with the configuration of a folder.
func (k *tracker) runs(t *testing.T, dir string) *daemon {
	t.Helper()
	d := &daemon{k.command(context.WithoutCancel(t.Context()), dir, "run"), &journal{}}
	d.Stdout, d.Stderr = d.log, d.log
	if err := d.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		d.Process.Kill()
		if t.Failed() {
			t.Logf("%s", d.log)
		}
	})
	return d
}

// A journal is what a running program writes.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (j *journal) Write(b []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(b)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// await looks again and again whether something that other programs do is done.
func await(t *testing.T, done func() bool) {
	t.Helper()
	limit := time.After(2 * time.Minute)
	for !done() {
		select {
		case <-limit:
			t.Fatal("it takes too long")
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// snapshots returns the number of the snapshot in force, by site.
func snapshots(t *testing.T, s *store.Store) map[mirror.SiteID]int64 {
	t.Helper()
	all, err := s.Current(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	seqs := map[mirror.SiteID]int64{}
	for _, snap := range all {
		seqs[snap.Site] = snap.Seq
	}
	return seqs
}
