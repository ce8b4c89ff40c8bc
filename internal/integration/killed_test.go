package integration

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"mirrortracker/internal/distftp"
	"mirrortracker/internal/distftp/localfs"
	"mirrortracker/internal/distftp/vfs"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/testbed"
)

// Is a snapshot kept in force by a crawler that is killed with -9, at any
// point, and does the next crawl end as if nothing had happened?
func TestCrawlerKilled(t *testing.T) {
	t.Parallel()
	testbed.Need(t, "go")
	crawler := build(t, "crawler")
	onBothDatabases(t, func(t *testing.T, url string) {
		const dirs = 120
		const listings = dirs + 1 // at least: some are listed in two ways
		dir := testbed.Dir(t)
		testbed.BigTree(t, dir, dirs, 3)
		victim := &killer{}
		addr := listen(t, victim.serve(t, dir))

		crawl := func() error {
			cmd := exec.Command(crawler, "crawl", "site", "--database", url)
			cmd.Dir = t.TempDir()
			// Each goes through the whole site, so that each point of it has its turn.
			cmd.Env = append(os.Environ(), "TRACKER_CRAWL_RESUME_FOR=0s")
			cmd.Stderr, cmd.Stdout = t.Output(), t.Output()
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			victim.process.Store(cmd.Process)
			return cmd.Wait()
		}
		db := openStore(t, url)
		site := addSite(t, db, "site", addr)
		if err := crawl(); err != nil {
			t.Fatal(err)
		}
		before := current(t, db, site)
		if err := os.WriteFile(filepath.Join(dir, "new"), []byte("new"), 0o644); err != nil {
			t.Fatal(err)
		}
		want := walkDisk(t, dir).root()

		killed := 0
		for at := int64(1); at < listings; at += killEvery {
			victim.killAt(at, 0)
			if crawl() == nil {
				t.Fatalf("the crawl comes to its end without listing directory %d", at)
			}
			killed++
			if now := current(t, db, site); now != before {
				t.Fatalf("killed at directory %d, the snapshot in force is %+v", at, now)
			}
		}
		// A directory that is among the last, and the moments after it, in
		// which trees are written and the snapshot is published.
		for pause := time.Duration(0); ; pause += 2 * time.Millisecond {
			victim.killAt(listings, pause)
			if crawl() == nil {
				break
			}
			killed++
			if now := current(t, db, site); now != before && now.Root != want.ID {
				t.Fatalf("killed %s after the last directory, the snapshot in force is %+v", pause, now)
			}
		}
		t.Logf("killed %d times", killed)
		if killed < 10 {
			t.Errorf("the crawler was killed only %d times", killed)
		}
		if now := current(t, db, site); now.Root != want.ID || now.Seq <= before.Seq {
			t.Errorf("in the end snapshot %d has the root %s, want %s", now.Seq, now.Root, want.ID)
		}
	})
}

// build builds one of our programs.
func build(t *testing.T, program string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), program)
	cmd := exec.Command("go", "build", "-o", path, "mirrortracker/cmd/"+program)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v\n%s", program, err, out)
	}
	return path
}

// A killer is a server that kills the process that crawls it, when the
// countdown of listings comes to its end.
type killer struct {
	process   atomic.Pointer[os.Process]
	countdown atomic.Int64
	pause     atomic.Int64
}

// killAt sets the countdown, and how long after its end the process dies.
func (k *killer) killAt(listing int64, pause time.Duration) {
	k.pause.Store(int64(pause))
	k.countdown.Store(listing)
}

func (k *killer) serve(t *testing.T, dir string) func(context.Context, net.Listener) error {
	t.Helper()
	folder, err := localfs.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { folder.Close() })
	server := distftp.New(distftp.Config{FS: killingFolder{folder, k}})
	return server.Serve
}

type killingFolder struct {
	*localfs.Folder
	killer *killer
}

// OpenDir implements the server's FS.
func (f killingFolder) OpenDir(ctx context.Context, p mirror.Path) (vfs.Dir, error) {
	if f.killer.countdown.Add(-1) == 0 {
		process := f.killer.process.Load()
		if pause := time.Duration(f.killer.pause.Load()); pause > 0 {
			time.AfterFunc(pause, func() { process.Kill() })
		} else {
			process.Kill()
		}
	}
	return f.Folder.OpenDir(ctx, p)
}
