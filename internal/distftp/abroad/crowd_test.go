package abroad

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"mirrortracker/internal/testbed"
)

// Many clients at once, who are sent to a server that has few connections for ftpd: all of
// them have the file, in turns, and what it costs ftpd does not grow with the file.
func TestCrowd(t *testing.T) {
	const limit = 50
	w := newWorld(t, alone)
	root := testbed.Dir(t)
	sizes := map[string]int{"small": 64 << 10, "large": 4 << 20, "first": 9 << 20}
	for name, size := range sizes {
		if err := os.Mkdir(filepath.Join(root, name), 0o755); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(root, name, "file")
		if err := os.WriteFile(file, version(first, size), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(file, modified, modified); err != nil {
			t.Fatal(err)
		}
	}
	host := w.host(t, "88.1.1.1", "2a00:88::1")
	s := testbed.StartFTP(t, "vsftpd", testbed.FTPConfig{Root: root, Host: host, Foreign: true})
	w.link(t, "/away", s.Addr, "anonymous", "x")
	w.do(t, 2, "SITE REMOTE CHANGE /away LIMIT %d", limit)
	for name, size := range sizes {
		w.store(t, "/"+name, "file", version(local, size))
		w.mirror(t, "/"+name, "/away")
	}

	guest := w.guest(t)
	clients := make([]*testbed.FTPClient, crowd)
	for i := range clients {
		c, err := testbed.DialFTP(guest, w.cluster.Masters[0].FTP(), "anonymous", "x")
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		c.Way = testbed.Active
		clients[i] = c
	}
	if _, err := clients[0].Fetch("RETR /first/file"); err != nil { // ftpd knows now that they take it from others
		t.Fatal(err)
	}

	cost := map[string]time.Duration{}
	for _, name := range []string{"small", "large"} {
		before, begun := w.spent(t), time.Now()
		most := watch(t, s.PID)
		longest, elsewhere := rush(t, clients, "/"+name+"/file", sizes[name])
		took := time.Since(begun)
		cost[name] = w.spent(t) - before
		connections := most()
		t.Logf("%d clients, %d times %s: %v, of which ftpd computes %v; %d connections at most, %d files from ftpd itself; nobody waits for longer than %v",
			crowd, rounds, name, took, cost[name], connections, elsewhere, longest)
		if connections > limit+1 { // while one goes another may come
			t.Errorf("%d connections, want %d", connections, limit)
		}
		if elsewhere > crowd*rounds/10 {
			t.Errorf("%d of %d files came from ftpd itself", elsewhere, crowd*rounds)
		}
		// In turns each waits once in a round, who is passed over for all. Small files are sent
		// as fast as they are asked for.
		if name == "large" && longest > took*2/3 {
			t.Errorf("of %v somebody waits for %v", took, longest)
		}
	}
	if cost["large"] > 2*cost["small"]+time.Second {
		t.Errorf("small files cost ftpd %v, large ones %v", cost["small"], cost["large"])
	}
}

// rush lets all clients fetch a file several times. It returns how long somebody waited for
// one to begin, and how often it came from ftpd itself.
func rush(t *testing.T, clients []*testbed.FTPClient, path string, size int) (longest time.Duration, elsewhere int) {
	t.Helper()
	ours, theirs := version(local, size), version(first, size)
	var mu sync.Mutex
	var all errgroup.Group
	for i, c := range clients {
		all.Go(func() error {
			for range rounds {
				begun := time.Now()
				data, err := c.Open("RETR " + path)
				if err != nil {
					return fmt.Errorf("client %d: %w", i, err)
				}
				waited := time.Since(begun)
				got := likeness{left: [][]byte{ours, theirs}}
				_, err = io.CopyBuffer(&got, data, make([]byte, 64<<10))
				if err := errors.Join(err, data.Close(), c.End()); err != nil {
					return fmt.Errorf("client %d: %w", i, err)
				}
				own, away := got.is(0), got.is(1)
				if own == away {
					return fmt.Errorf("client %d has what no server has", i)
				}
				mu.Lock()
				longest = max(longest, waited)
				if own {
					elsewhere++
				}
				mu.Unlock()
			}
			return nil
		})
	}
	if err := all.Wait(); err != nil {
		t.Fatal(err)
	}
	return longest, elsewhere
}

// A likeness compares what is written with several contents.
type likeness struct{ left [][]byte } // of those that it is like, what has not come; nil: it is not

// Write implements [io.Writer].
func (l *likeness) Write(b []byte) (int, error) {
	for i, left := range l.left {
		rest, like := bytes.CutPrefix(left, b)
		if l.left[i] = rest; !like {
			l.left[i] = nil
		}
	}
	return len(b), nil
}

// is reports whether all of a content was written, and nothing else.
func (l *likeness) is(i int) bool { return l.left[i] != nil && len(l.left[i]) == 0 }

// spent is how much ftpd has computed (proc_pid_stat(5)).
func (w *world) spent(t *testing.T) time.Duration {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", w.cluster.Masters[0].PID()))
	if err != nil {
		t.Fatal(err)
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	var ticks int
	for _, field := range fields[11:13] { // utime and stime
		n, err := strconv.Atoi(field)
		if err != nil {
			t.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * time.Second / 100
}

// watch counts connections to a server's port 21 until the function that it returns is
// called, which returns how many there were at most (proc_net_tcp(5)).
func watch(t *testing.T, pid int) (most func() int) {
	t.Helper()
	stop, counted := make(chan struct{}), make(chan int)
	go func() {
		again := time.NewTicker(20 * time.Millisecond)
		defer again.Stop()
		most := 0
		for {
			select {
			case <-stop:
				counted <- most
				return
			case <-again.C:
				text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/net/tcp", pid))
				peers := map[string]bool{} // who may be there twice, as connections come and go
				for line := range strings.Lines(string(text)) {
					if fields := strings.Fields(line); len(fields) > 3 && strings.HasSuffix(fields[1], ":0015") && fields[3] == "01" {
						peers[fields[2]] = true
					}
				}
				most = max(most, len(peers))
			}
		}
	}()
	return func() int {
		close(stop)
		return <-counted
	}
}
