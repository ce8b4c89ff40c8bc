package integration

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mirrortracker/internal/testbed"
)

// A fellow is a tracker that exchanges snapshots with others: its folder has its
// configuration, its key, and in a folder of its own what it could lose.
type fellow struct {
	*tracker
	name, dir string
	at        string // address of the exchange
	key       string
	daemon    *daemon
}

const memory = "var" // the folder with what a fellow could lose

func newFellow(t *testing.T, program, name string) *fellow {
	t.Helper()
	at, err := testbed.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	f := &fellow{tracker: &tracker{program: program, database: "sqlite:" + memory + "/tracker.db"}, name: name, dir: t.TempDir(), at: at}
	f.configure(t, "")
	f.key = strings.TrimSpace(f.says(t, "peer", "key"))
	return f
}

// configure writes the configuration, with more to what all have.
func (f *fellow) configure(t *testing.T, more string) {
	t.Helper()
	text := fmt.Sprintf("[peers]\nname = %q\nlisten = %q\nkey = 'peer.key'\nfolder = %q\npoll = '24h'\n[crawl]\nretries = 1\n", f.name, f.at, memory+"/peers") + more
	if err := os.WriteFile(filepath.Join(f.dir, "tracker.toml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (f *fellow) url() string { return "http://" + f.at + "/" }

// siteTable and peerTable are what a configuration declares.
func siteTable(name, addr string) string {
	return fmt.Sprintf("[[site]]\nname = %q\nurl = \"ftp://%s/\"\n", name, addr)
}

func peerTable(other *fellow) string {
	return fmt.Sprintf("[[peer]]\nurl = %q\nkey = %q\ntrust = ['127.0.0.1']\nintroduces = true\n", other.url(), other.key)
}

// says runs the program, which must do well, and returns its output.
func (f *fellow) says(t *testing.T, args ...string) string {
	t.Helper()
	r, err := f.run(t.Context(), f.dir, args...)
	if err != nil || r.code != 0 {
		t.Fatalf("%s: %v: %v\n%s", f.name, args, err, &r.stderr)
	}
	return r.stdout.String()
}

// start runs the daemon and waits until it serves others.
func (f *fellow) start(t *testing.T) {
	t.Helper()
	f.daemon = f.runs(t, f.dir)
	await(t, func() bool {
		conn, err := net.Dial("tcp", f.at)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
}

// kill ends the daemon as kill -9 does.
func (f *fellow) kill() {
	f.daemon.Process.Kill()
	f.daemon.Wait()
}

// prints returns what it prints of a site, "" if it does not know it.
func (f *fellow) prints(t *testing.T, site string) string {
	t.Helper()
	r, err := f.run(t.Context(), f.dir, "digest", site, "-r")
	if err != nil {
		t.Fatal(err)
	}
	if r.code != 0 {
		return ""
	}
	return r.stdout.String()
}

// knows checks what it prints of all sites.
func (f *fellow) knows(t *testing.T, want map[string]string) {
	t.Helper()
	for site, digests := range want {
		if got := f.prints(t, site); got != digests {
			t.Errorf("%s prints of %s:\n%swhich crawled directly is\n%s", f.name, site, got, digests)
		}
	}
}

// Three trackers, each of which crawls a server of its own and is given one other: do all
// know all within two polls, byte for byte what crawling shows? Does one that is killed
// and wiped, and whose server is away, recover all from the others?
func TestTrackersExchange(t *testing.T) {
	t.Parallel()
	testbed.Need(t, "go")
	crawler := build(t, "crawler")
	names := []string{"alpha", "beta", "gamma"}
	kinds := []string{"vsftpd", "proftpd", "pure-ftpd"}
	var ring []*fellow
	var servers []*testbed.FTP
	witness := &tracker{program: crawler, database: sqliteURL(t)} // crawls all of them itself
	for i, name := range names {
		dir := testbed.Dir(t)
		testbed.BigTree(t, dir, 20+10*i, 3)
		servers = append(servers, testbed.StartFTP(t, kinds[i], testbed.FTPConfig{Root: dir}))
		witness.sites = append(witness.sites, name+"="+servers[i].Addr)
		f := newFellow(t, crawler, name)
		if i == 1 { // one has the other database
			f.database = testbed.MariaDB(t)
		}
		ring = append(ring, f)
	}
	witnessed := t.TempDir()
	if _, _, err := witness.crawl(t.Context(), witnessed); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for _, name := range names {
		r, err := witness.run(t.Context(), witnessed, "digest", name, "-r")
		if err != nil || r.code != 0 {
			t.Fatalf("%v %s", err, &r.stderr)
		}
		want[name] = r.stdout.String()
	}
	for i, f := range ring {
		next := ring[(i+1)%len(ring)]
		f.configure(t, siteTable(f.name, servers[i].Addr)+peerTable(next))
		f.says(t, "site", "apply", "tracker.toml")
		f.says(t, "crawl")
		// In vain, as it is not up; the daemons then leave it alone for a day, and this
		// test says when they are asked.
		f.says(t, "peer", "add", next.url(), "--key", next.key, "--trust", "127.0.0.1", "--introduces")
		if r, err := f.run(t.Context(), f.dir, "peer", "pull"); err != nil || r.code != 1 {
			t.Fatalf("%v %s", err, &r.stderr)
		}
	}
	for _, f := range ring {
		f.start(t)
	}
	for range 2 {
		for _, f := range ring {
			f.says(t, "peer", "pull")
		}
	}
	for _, f := range ring {
		f.knows(t, want)
		var peers []struct{ Key string }
		if err := json.Unmarshal([]byte(f.says(t, "peer", "list", "--json")), &peers); err != nil {
			t.Fatal(err)
		}
		if len(peers) != 2 || peers[0].Key == "" || peers[1].Key == "" {
			t.Errorf("%s asks %v", f.name, peers)
		}
	}

	victim := ring[0]
	victim.kill()
	servers[0].Stop()
	victim.settings = append(victim.settings, "TRACKER_PEERS_POLL=1s")
	if err := os.RemoveAll(filepath.Join(victim.dir, memory)); err != nil {
		t.Fatal(err)
	}
	victim.start(t)
	await(t, func() bool {
		for _, name := range names {
			if victim.prints(t, name) == "" {
				return false
			}
		}
		return true
	})
	victim.knows(t, want)
	var history []struct{ Origin, Via string }
	if err := json.Unmarshal([]byte(victim.says(t, "history", victim.name, "--json")), &history); err != nil {
		t.Fatal(err)
	}
	if len(history) != 1 || history[0].Origin != victim.name || history[0].Via == "" {
		t.Errorf("its own site comes from %+v", history)
	}
}

// received is how many bytes of packs are there in part.
func (f *fellow) received() (n int64) {
	parts, err := filepath.Glob(filepath.Join(f.dir, memory, "peers", "received", "*.part"))
	if err != nil {
		panic(err) // the pattern is wrong
	}
	for _, part := range parts {
		if info, err := os.Stat(part); err == nil {
			n += info.Size()
		}
	}
	return n
}

// A passage stands between a client and a tracker, and does something when so many bytes of
// packs have passed.
type passage struct {
	net.Listener
	to    string
	bytes atomic.Int64 // of packs, and of their headers, so far
	cutAt atomic.Int64
	cut   atomic.Pointer[func()]
}

func newPassage(t *testing.T, to string) *passage {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &passage{Listener: l, to: to}
	var relaying sync.WaitGroup
	relaying.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			relaying.Go(func() { w.relay(conn) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		relaying.Wait()
	})
	return w
}

func (w *passage) relay(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", w.to)
	if err != nil {
		return
	}
	defer server.Close()
	var pack atomic.Bool // the last request was for one
	go func() {
		defer server.Close()
		buffer := make([]byte, 64<<10)
		for {
			n, err := client.Read(buffer)
			if bytes.HasPrefix(buffer[:n], []byte("GET ")) {
				pack.Store(bytes.Contains(buffer[:n], []byte("/pack?")))
			}
			if _, failed := server.Write(buffer[:n]); err != nil || failed != nil {
				return
			}
		}
	}()
	buffer := make([]byte, 1<<10)
	for {
		n, err := server.Read(buffer)
		if _, failed := client.Write(buffer[:n]); err != nil || failed != nil {
			return
		}
		if pack.Load() && w.bytes.Add(int64(n)) >= w.cutAt.Load() {
			if cut := w.cut.Swap(nil); cut != nil {
				(*cut)()
				return
			}
		}
	}
}

// Is a transfer gone on with where it was, when either side is killed with -9 at every
// tenth of it, and is nothing of it to be seen before it is whole?
func TestTransferSurvivesKills(t *testing.T) {
	t.Parallel()
	testbed.Need(t, "go")
	crawler := build(t, "crawler")
	dir := testbed.Dir(t)
	testbed.BigTree(t, dir, 1500, 10)
	source := newFellow(t, crawler, "source")
	source.configure(t, "[history]\ndays = 1\n"+siteTable("site", testbed.StartFTP(t, "vsftpd", testbed.FTPConfig{Root: dir}).Addr))
	source.says(t, "site", "apply", "tracker.toml")
	source.says(t, "crawl")
	want := source.prints(t, "site")
	source.start(t)
	size := int64(0)
	{
		through := newPassage(t, source.at)
		first := newFellow(t, crawler, "first")
		pullsThrough(t, first, source, through)
		first.says(t, "peer", "pull")
		if size = through.bytes.Load(); size < 10<<10 {
			t.Fatalf("a pack of %d bytes is too small to be cut", size)
		}
	}
	for _, side := range []string{"client", "server"} {
		t.Run(side, func(t *testing.T) {
			through := newPassage(t, source.at)
			f := newFellow(t, crawler, side)
			pullsThrough(t, f, source, through)
			for tenth := int64(1); tenth < 10; tenth++ {
				ctx, cancel := context.WithCancel(t.Context())
				cut := source.kill
				if side == "client" {
					cut = func() { // once it has kept about a tenth
						for until := time.Now().Add(10 * time.Second); f.received() < size*tenth/10-size/20 && time.Now().Before(until); {
							time.Sleep(time.Millisecond)
						}
						cancel() // kills it
					}
				}
				have := f.received()
				through.cutAt.Store(through.bytes.Load() + size*tenth/10 - have)
				done := make(chan bool)
				once := func() {
					cut()
					close(done)
				}
				through.cut.Store(&once)
				r, err := f.run(ctx, f.dir, "peer", "pull")
				cancel()
				if err == nil && r.code == 0 {
					t.Fatalf("it is done at tenth %d", tenth)
				}
				<-done
				if got := f.prints(t, "site"); got != "" {
					t.Fatalf("at tenth %d it is seen:\n%s", tenth, got)
				}
				if side == "server" {
					source.start(t)
				}
			}
			f.says(t, "peer", "pull")
			if got := f.prints(t, "site"); got != want {
				t.Errorf("it prints:\n%swant\n%s", got, want)
			}
			t.Logf("%d bytes passed for a pack of %d", through.bytes.Load(), size)
			// Each time there are headers, and what was on its way.
			if through.bytes.Load() > size*5/4+10<<10 {
				t.Errorf("%d bytes passed for a pack of %d", through.bytes.Load(), size)
			}
		})
	}
}

// pullsThrough makes a tracker a peer by way of a passage.
func pullsThrough(t *testing.T, f, of *fellow, through *passage) {
	t.Helper()
	f.says(t, "peer", "add", "http://"+through.Addr().String()+"/", "--key", of.key, "--trust", "*")
}
