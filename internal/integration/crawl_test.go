package integration

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"mirrortracker/internal/crawl"
	"mirrortracker/internal/crawl/ftplist"
	"mirrortracker/internal/digest"
	"mirrortracker/internal/ftpconn"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/testbed"
)

// A keeper is a sink that keeps every tree.
type keeper map[digest.ID]*digest.Tree

func (k keeper) Put(t *digest.Tree)          { k[t.ID] = t }
func (k keeper) Ready(context.Context) error { return nil }

// A found is what a crawl found, by path.
type found struct {
	dirs     map[mirror.Path]digest.Summary
	problems map[mirror.Path]digest.Reason
	restart  string
}

// root returns what the whole site amounts to.
func (f found) root() digest.Summary { return f.dirs[mirror.Root] }

// walk walks a source into memory.
func walk(t *testing.T, open func(context.Context) (crawl.Lister, error)) found {
	t.Helper()
	restarted := ""
	for {
		trees := keeper{}
		w := &crawl.Walker{Open: open, Sink: trees, Connections: 2, Limits: crawl.DefaultLimits(), Retry: crawl.Retry{Tries: 2, Pause: time.Millisecond}, Now: time.Now}
		result, err := w.Start(t.Context()).Wait()
		if restart := (*crawl.RestartError)(nil); errors.As(err, &restart) {
			restarted = restart.Why
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		f := found{dirs: map[mirror.Path]digest.Summary{}, problems: map[mirror.Path]digest.Reason{}, restart: restarted}
		for _, p := range result.Problems {
			f.problems[p.Path] = p.Reason
		}
		f.collect(trees, result.Root.ID, mirror.Root)
		return f
	}
}

func (f found) collect(trees keeper, id digest.ID, p mirror.Path) {
	f.dirs[p] = trees[id].Summary
	for c := range trees[id].Children() {
		f.collect(trees, c.ID, p.Join(c.Name))
	}
}

func walkDisk(t *testing.T, dir string) found {
	t.Helper()
	return walk(t, folder(dir).Open)
}

// source returns a source for the server at an address.
func source(t *testing.T, addr string, change func(*ftplist.Config)) *ftplist.Source {
	t.Helper()
	cfg := ftplist.Config{
		URL:    siteURL(t, addr),
		Conn:   ftpconn.Config{Timeout: 20 * time.Second},
		Whole:  time.Minute,
		Limits: crawl.DefaultLimits(),
		Now:    time.Now,
	}
	if change != nil {
		change(&cfg)
	}
	s, err := ftplist.NewSource(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func siteURL(t *testing.T, addr string) mirror.URL {
	t.Helper()
	u, err := mirror.ParseURL("ftp://" + addr + "/")
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// serve starts a server of any kind and returns its address.
func serve(t *testing.T, kind string, cfg testbed.FTPConfig) string {
	t.Helper()
	return testbed.StartFTP(t, kind, cfg).Addr
}

// listen lets a server serve on a free port until the test ends.
func listen(t *testing.T, serve func(context.Context, net.Listener) error) (addr string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- serve(ctx, ln) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return ln.Addr().String()
}

// offersMLSD says which servers do.
func offersMLSD(kind string) bool { return kind != "vsftpd" && kind != "pyftpdlib" }
