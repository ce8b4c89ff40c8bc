package integration

import (
	"context"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"mirrortracker/internal/crawl/ftplist"
	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/testbed"
)

// A wire counts the commands that are sent, by their first word and their option.
type wire struct {
	mu   sync.Mutex
	sent map[string]int
}

// dial connects as the network does.
func (w *wire) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	return wired{conn, w}, nil
}

// count returns how many commands were sent that are the given one.
func (w *wire) count(command string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.sent[command]
}

type wired struct {
	net.Conn
	wire *wire
}

func (c wired) Write(b []byte) (int, error) {
	c.wire.mu.Lock()
	for line := range strings.Lines(string(b)) {
		if command := strings.TrimRight(line, "\r\n"); len(command) < 20 {
			c.wire.sent[command]++
		}
	}
	c.wire.mu.Unlock()
	return c.Conn.Write(b)
}

// Does a recursive listing give the same digests as one directory after the other, and
// is it really used?
func TestRecursiveListings(t *testing.T) {
	t.Parallel()
	trees := map[string]testbed.Tree{
		"full":   testbed.Full,
		"locked": testbed.Odd | testbed.Links | testbed.Hidden | testbed.Locked,
	}
	for name, tree := range trees {
		dir := testbed.Dir(t)
		testbed.WriteTree(t, dir, tree, time.Now())
		testbed.BigTree(t, dir, 300, 3)
		for _, kind := range testbed.FTPServers() {
			t.Run(name+" on "+kind, func(t *testing.T) {
				addr := serve(t, kind, testbed.FTPConfig{Root: dir, Recurse: true})
				want := walk(t, source(t, addr, func(c *ftplist.Config) { c.Way = ftplist.Single }).Open)
				w := &wire{sent: map[string]int{}}
				s := source(t, addr, func(c *ftplist.Config) { c.Way, c.Conn.Dial = ftplist.Recursive, w.dial })
				got := walk(t, s.Open)
				equalFound(t, got, want)
				if kind == "pyftpdlib" {
					if !strings.Contains(s.Account(), "not recursive") {
						t.Errorf("a server without LIST -R: %s", s.Account())
					}
					return
				}
				if alone := w.count("LIST -a"); alone > len(want.dirs)/5 {
					t.Errorf("%d of %d directories are listed alone", alone, len(want.dirs))
				}
			})
		}
	}
}

// equalFound compares two walks of the same site.
func equalFound(t *testing.T, got, want found) {
	t.Helper()
	for p, w := range want.dirs {
		if g, ok := got.dirs[p]; !ok || g != w {
			t.Errorf("%q: %+v, want %+v", p, g, w)
		}
	}
	for p := range got.dirs {
		if _, ok := want.dirs[p]; !ok {
			t.Errorf("%q is not there", p)
		}
	}
	for _, of := range []map[mirror.Path]digest.Reason{got.problems, want.problems} {
		for p := range of {
			if got.problems[p] != want.problems[p] {
				t.Errorf("%q: %s, want %s", p, got.problems[p], want.problems[p])
			}
		}
	}
}
