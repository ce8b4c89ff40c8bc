package distftp_test

import (
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"mirrortracker/internal/distftp"
)

// running is a server that is stopped by the test.
type running struct {
	*distftp.Server
	stop func()
	done chan error
}

func start(t *testing.T, c distftp.Config, doors ...distftp.Door) *running {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	r := &running{distftp.New(c), stop, make(chan error, 1)}
	if err := r.Open(doors...); err != nil {
		t.Fatal(err)
	}
	go func() { r.done <- r.Run(ctx) }()
	t.Cleanup(stop)
	return r
}

// ended waits until the server has ended, which is no error.
func (r *running) ended(t *testing.T) {
	t.Helper()
	select {
	case err := <-r.done:
		if err != nil {
			t.Errorf("Run: %v", err)
		}
	case <-time.After(patience):
		t.Fatal("Run did not return")
	}
}

func listen(t *testing.T) (net.Listener, string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return ln, ln.Addr().String()
}

// sparse makes a file of n zeros.
func sparse(t *testing.T, dir string, n int64) {
	t.Helper()
	name := filepath.Join(dir, "sparse")
	if err := os.WriteFile(name, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(name, n); err != nil {
		t.Fatal(err)
	}
}

// When it stops, transfers may go on, even if the client sends more commands meanwhile;
// everybody else is told that it stops.
func TestStopLetsTransfersFinish(t *testing.T) {
	const size = 256 << 20 // more than fits into any buffer between the two
	dir := t.TempDir()
	sparse(t, dir, size)
	plant(t, dir, map[string]string{"small": "x"})
	own, addr := listen(t)
	shared, other := listen(t)
	r := start(t, distftp.Config{FS: openFolder(t, dir), StopTimeout: patience}, distftp.Door{Listener: own}, distftp.Door{Listener: shared, Shared: true})
	idle, busy, fresh := login(t, addr), login(t, other), dial(t, addr)
	done := login(t, addr)
	done.fetch("RETR small", "226")
	busy.do("TYPE I", "200")
	data := busy.passive()
	busy.do("RETR sparse", "150")
	r.stop()
	idle.want("421 Server is shutting down")
	fresh.want("421 Server is shutting down")
	if late, err := net.Dial("tcp", addr); err != nil {
		t.Error(err)
	} else {
		defer late.Close()
		if said, err := io.ReadAll(late); err != nil || string(said) != "421 Server is shutting down, try again later\r\n" {
			t.Errorf("a new client is told %q, %v", said, err)
		}
	}
	if late, err := net.Dial("tcp", other); err == nil {
		t.Error("the door that somebody else has too is still open")
		late.Close()
	}
	// It may not have read all that was sent.
	done.do("QUIT", "221")
	busy.do("STAT", "211")
	busy.send("NOOP")
	if n, err := io.Copy(io.Discard, data); n != size || err != nil {
		t.Errorf("%d bytes, %v", n, err)
	}
	busy.want("226")
	busy.want("421 Server is shutting down")
	r.ended(t)
}

// A transfer that does not move does not keep the server from stopping.
func TestStopEndsAtLast(t *testing.T) {
	dir := t.TempDir()
	hugeFile(t, dir)
	ln, addr := listen(t)
	r := start(t, distftp.Config{FS: openFolder(t, dir), StopTimeout: time.Millisecond}, distftp.Door{Listener: ln})
	busy := login(t, addr)
	beginHuge(t, busy)
	r.stop()
	busy.want("426")
	busy.want("421")
	r.ended(t)
}

// A session goes on by the configuration under which it began, and counts for the limits
// of the next.
func TestReconfigure(t *testing.T) {
	before, after := plant(t, t.TempDir(), map[string]string{"file": "before"}), plant(t, t.TempDir(), map[string]string{"file": "after"})
	stays, addr := listen(t)
	goes, old := listen(t)
	r := start(t, distftp.Config{FS: openFolder(t, before)}, distftp.Door{Listener: stays}, distftp.Door{Listener: goes})
	first := login(t, addr)

	comes, added := listen(t)
	implicit := distftp.Door{Listener: comes}
	implicit.Implicit = true
	if _, err := r.Reconfigure(distftp.Config{FS: openFolder(t, after)}, implicit); err == nil {
		t.Error("implicit TLS without a certificate is taken")
	}
	login(t, old).do("QUIT", "221")

	gone, err := r.Reconfigure(distftp.Config{FS: openFolder(t, after), Banner: "Another", MaxSessions: 2}, distftp.Door{Listener: stays}, distftp.Door{Listener: comes})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := net.Dial("tcp", old); err == nil {
		t.Error("the door that is no more is open")
	}
	second := login(t, added)
	if got := second.fetch("RETR file", "226"); got != "after" {
		t.Errorf("a new session reads %q", got)
	}
	if got := first.fetch("RETR file", "226"); got != "before" {
		t.Errorf("a session from before reads %q", got)
	}
	third, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer third.Close()
	if said, _ := io.ReadAll(third); string(said) != "421 Too many sessions, try again later\r\n" {
		t.Errorf("one too many is told %q", said)
	}
	select {
	case <-gone:
		t.Error("the session from before counts as gone")
	default:
	}
	first.do("QUIT", "221")
	select {
	case <-gone:
	case <-time.After(patience):
		t.Error("the session from before does not count as gone")
	}
	r.stop()
	second.want("421")
	r.ended(t)
	if _, err := r.Reconfigure(distftp.Config{FS: openFolder(t, after)}); err == nil {
		t.Error("a server that has ended is configured again")
	}
}

// Waking sessions under TLS does no harm to them.
func TestStopUnderTLS(t *testing.T) {
	const size = 64 << 20
	dir := t.TempDir()
	sparse(t, dir, size)
	p := newProtected(t)
	ln, addr := listen(t)
	r := start(t, distftp.Config{FS: openFolder(t, dir), TLS: p.tls(), StopTimeout: patience}, distftp.Door{Listener: ln})
	busy, idle := dial(t, addr).secure(p.client()), dial(t, addr).secure(p.client())
	idle.do("FEAT", "211") // the handshake has ended for the server, too
	busy.do("USER anonymous", "331")
	busy.do("PASS x", "230")
	busy.do("TYPE I", "200")
	data := busy.passive()
	busy.do("RETR sparse", "150")
	r.stop()
	idle.want("421 Server is shutting down")
	busy.do("STAT", "211")
	if n, err := io.Copy(io.Discard, data); n != size || err != nil {
		t.Errorf("%d bytes, %v", n, err)
	}
	busy.want("226")
	busy.do("QUIT", "221")
	r.ended(t)
}

// Users need TLS where anonymous clients do not.
func TestTLSForUsersAlone(t *testing.T) {
	p := newProtected(t)
	require := p.tls()
	require.RequireForUsers = true
	addr := serve(t, distftp.Config{FS: openFolder(t, site(t)), TLS: require})
	c := dial(t, addr)
	c.do("USER ann", "530 Protect the connection first: AUTH TLS")
	c.do("PASS x", "503")
	c.do("USER FTP", "331")
	c.do("PASS x", "230")
	c.do("USER ann", "530")
	c.do("LIST", "530")
	c.secure(p.client()).do("USER ann", "331")
}
