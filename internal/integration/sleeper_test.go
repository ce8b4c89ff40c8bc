package integration

import (
	"bytes"
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"mirrortracker/internal/distftp"
	"mirrortracker/internal/distftp/localfs"
	"mirrortracker/internal/distftp/vfs"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/store"
	"mirrortracker/internal/testbed"
)

// Does a crawler that slept past its lease not publish what it found?
func TestSleeperCannotPublish(t *testing.T) {
	t.Parallel()
	testbed.Need(t, "go")
	crawler := build(t, "crawler")
	onBothDatabases(t, func(t *testing.T, url string) {
		dir := testbed.Dir(t)
		testbed.BigTree(t, dir, 30, 2)
		server := &holding{reached: make(chan struct{}), free: make(chan struct{})}
		addr := listen(t, server.serve(t, dir))
		k, home := &tracker{program: crawler, database: url, sites: []string{"site=" + addr}}, t.TempDir()
		db := openStore(t, url)
		site := addSite(t, db, "site", addr)

		sleeper := k.command(t.Context(), home, "crawl", "site")
		var log bytes.Buffer
		sleeper.Stdout, sleeper.Stderr = &log, &log
		if err := sleeper.Start(); err != nil {
			t.Fatal(err)
		}
		<-server.reached
		if err := sleeper.Process.Signal(syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		expireLeases(t, url)
		if err := os.WriteFile(filepath.Join(dir, "dir-1", "new"), nil, 0o644); err != nil {
			t.Fatal(err)
		}
		if r, err := k.run(t.Context(), home, "crawl", "site"); err != nil || r.code != 0 {
			t.Fatalf("the second crawl: %v, code %d: %s", err, r.code, &r.stderr)
		}
		second := current(t, db, site)

		close(server.free)
		if err := sleeper.Process.Signal(syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
		if err := sleeper.Wait(); err == nil {
			t.Errorf("the sleeper ends well: %s", &log)
		}
		if !strings.Contains(log.String(), "lease") {
			t.Errorf("it does not say why: %s", &log)
		}
		if now := current(t, db, site); now != second || now.Seq != 1 {
			t.Errorf("the snapshot in force is %+v, want %+v", now, second)
		}
		if a := attempts(t, db)[0]; a.Outcome != store.OutcomePublished {
			t.Errorf("the site's last crawl is %s: %s", a.Outcome, a.Message)
		}
	})
}

func attempts(t *testing.T, s *store.Store) []store.Attempt {
	t.Helper()
	all, err := s.Attempts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// A holding server holds up the first who asks for a directory below the root.
type holding struct {
	once    sync.Once
	reached chan struct{} // closed when it was asked for
	free    chan struct{} // closed to let it be listed
}

func (h *holding) serve(t *testing.T, dir string) func(context.Context, net.Listener) error {
	t.Helper()
	folder, err := localfs.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { folder.Close() })
	return distftp.New(distftp.Config{FS: holdingFolder{folder, h}}).Serve
}

type holdingFolder struct {
	*localfs.Folder
	server *holding
}

// OpenDir implements the server's FS.
func (f holdingFolder) OpenDir(ctx context.Context, p mirror.Path) (vfs.Dir, error) {
	first := false
	if p != mirror.Root {
		f.server.once.Do(func() { first = true; close(f.server.reached) })
	}
	if first {
		select {
		case <-f.server.free:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return f.Folder.OpenDir(ctx, p)
}
