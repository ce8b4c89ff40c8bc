package integration

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"mirrortracker/internal/bench/steady"
	"mirrortracker/internal/bench/world"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/store"
	"mirrortracker/internal/testbed"
)

// Does the redirector answer every request while the database is away, and take notice of
// what comes after?
func TestServingWithoutDatabase(t *testing.T) {
	t.Parallel()
	testbed.Need(t, "go")
	redirector := build(t, "redirector")
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "tracker.db")
		servesWithout(t, redirector, "sqlite:"+path, func() error {
			return move(path, path+".away")
		}, func() error {
			return move(path+".away", path)
		})
	})
	t.Run("MariaDB", func(t *testing.T) {
		t.Parallel()
		db := testbed.StartMariaDB(t)
		servesWithout(t, redirector, db.Database(t), func() error {
			db.Kill()
			return nil
		}, db.Start)
	})
}

// move moves a database file with its log.
func move(from, to string) error {
	for _, log := range []string{"-wal", "-shm", ""} {
		if err := os.Rename(from+log, to+log); err != nil && !os.IsNotExist(err) {
			return err
		}
	}
	return nil
}

func servesWithout(t *testing.T, redirector, database string, away, back func() error) {
	w := tinyWorld(t, database)
	s := newSocket(t)
	s.start(t, redirector, "serve", "--config", s.config(t, database))
	load := w.load(s, false)
	finish := during(t, load)
	await(t, func() bool { return load.Counted() > 100 })
	if err := away(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(servedWithout)
	if err := back(); err != nil {
		t.Fatal(err)
	}
	change, err := w.Change(0, 1, 0.01)
	if err != nil {
		t.Fatal(err)
	}
	if err := change.Publish(t.Context(), openStore(t, database)); err != nil {
		t.Fatal(err)
	}
	url := "http://" + s.addr + "/" + w.Tracked()[0].Name + mirror.EscapePath(string(change.Fresh.Path))
	await(t, func() bool { return matched(t, url) })
	finish()
	t.Logf("%d requests", load.Counted())
}

// Is no request refused and does none fail while the programs are started again, if
// somebody else has their sockets?
func TestServingRestarted(t *testing.T) {
	t.Parallel()
	testbed.Need(t, "go")
	for _, c := range []struct {
		name   string
		single bool
	}{{"connections are kept", false}, {"connections are new", true}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			redirector, crawler := build(t, "redirector"), build(t, "crawler")
			database := sqliteURL(t)
			w := tinyWorld(t, database)
			front, back := newSocket(t), newSocket(t)
			config := front.config(t, database)
			loads := []*steady.Load{w.load(front, c.single), back.load("/healthz", c.single)}
			answers := front.start(t, redirector, "serve", "--config", config)
			crawls := back.start(t, crawler, "run", "--config", config)
			finish := during(t, loads...)
			for range restarts {
				for _, load := range loads {
					before := load.Counted()
					await(t, func() bool { return load.Counted() > before+100 })
				}
				answers, crawls = answers.again(t), crawls.again(t)
			}
			finish()
			t.Logf("%d and %d requests over %d restarts", loads[0].Counted(), loads[1].Counted(), restarts)
		})
	}
}

// A tiny is a small mirror world.
type tiny struct{ world.Params }

// tinyWorld writes one into a database.
func tinyWorld(t *testing.T, database string) tiny {
	t.Helper()
	w := tiny{world.Params{Dirs: 20 * 200, Sites: 20, Seed: 1}}
	db, err := store.Open(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(t.Context(), db, t.Logf); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return w
}

// load asks for files of the world.
func (w tiny) load(s *socket, single bool) *steady.Load {
	l := &steady.Load{Addr: s.addr, Status: 302, Rate: 200, Workers: 16, Single: single}
	sites := w.Tracked()
	for _, path := range w.Paths(1000) {
		l.Targets = append(l.Targets, "/"+sites[path.Site].Name+mirror.EscapePath(string(path.Path)))
	}
	for _, c := range w.Clients(100, 10) {
		l.Clients = append(l.Clients, c.Addr.String())
	}
	return l
}

// load asks for a page.
func (s *socket) load(page string, single bool) *steady.Load {
	return &steady.Load{Addr: s.addr, Status: 200, Targets: []string{page}, Clients: []string{"192.0.2.1"}, Rate: 100, Workers: 8, Single: single}
}

// during runs loads until finish is called, which fails the test if any request did.
func during(t *testing.T, loads ...*steady.Load) (finish func()) {
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	for _, load := range loads {
		running.Go(func() { load.Run(ctx) })
	}
	finish = sync.OnceFunc(func() {
		stop()
		running.Wait()
		for _, load := range loads {
			if err := load.Err(); err != nil {
				t.Error(err)
			}
		}
	})
	t.Cleanup(finish)
	return finish
}

// A socket is held open for a program, as systemd does it.
type socket struct {
	addr string
	file *os.File
}

func newSocket(t *testing.T) *socket {
	t.Helper()
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	file, err := ln.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return &socket{ln.Addr().String(), file}
}

// socketName is how the socket is called for the program (systemd.socket(5),
// FileDescriptorName=).
const socketName = "http"

// config writes a configuration for both programs.
func (s *socket) config(t *testing.T, database string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "tracker.toml")
	text := strings.Join([]string{
		"database = '" + database + "'",
		"[redirector]",
		"trusted_proxies = ['127.0.0.0/8']",
		"cache = '" + t.TempDir() + "'",
		"[health]",
		"checks = 'off'",
	}, "\n")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// A socketed is a program that was handed a socket.
type socketed struct {
	*exec.Cmd
	socket *socket
	args   []string
	log    *journal
}

// start starts a program with the socket, and waits until it answers.
func (s *socket) start(t *testing.T, args ...string) *socketed {
	t.Helper()
	// The number of the process is not known before it is started (sd_listen_fds(3)).
	p := &socketed{exec.Command("sh", append([]string{"-c", `LISTEN_PID=$$ exec "$@"`, "sh"}, args...)...), s, args, &journal{}}
	p.Dir = t.TempDir()
	p.Env = append(os.Environ(), "TRACKER_CONFIG=", "LISTEN_FDS=1", "LISTEN_FDNAMES="+socketName)
	p.ExtraFiles = []*os.File{s.file}
	p.Stdout, p.Stderr = p.log, p.log
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Process.Kill()
		if t.Failed() {
			t.Logf("%s", p.log)
		}
	})
	return p
}

// again ends a program in order, and starts it anew.
func (p *socketed) again(t *testing.T) *socketed {
	t.Helper()
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := p.Wait(); err != nil {
		t.Fatalf("it ends with %v: %s", err, p.log)
	}
	return p.socket.start(t, p.args...)
}

// matched reports whether a redirector knows the file of a URL.
func matched(t *testing.T, url string) bool {
	t.Helper()
	res, err := http.DefaultTransport.RoundTrip(httptest.NewRequest(http.MethodGet, url, nil))
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	return res.Header.Get("X-Mirror-Match") != "none"
}
