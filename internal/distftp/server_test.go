package distftp_test

import (
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mirrortracker/internal/distftp"
)

func TestShutdown(t *testing.T) {
	dir := plant(t, t.TempDir(), map[string]string{"file": "x"})
	if err := os.Truncate(filepath.Join(dir, "file"), 1<<40); err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- distftp.ServeFolder(ctx, ln, dir) }()
	idle, busy, waiting := login(t, ln.Addr().String()), login(t, ln.Addr().String()), login(t, ln.Addr().String())
	fresh := dial(t, ln.Addr().String())
	busy.do("TYPE I", "200")
	data := busy.passive()
	busy.do("RETR file", "150")
	waiting.do("EPSV", "229")
	waiting.send("RETR file")
	cancel()
	select {
	case err := <-done:
		if err != nil {
			t.Errorf("ServeFolder: %v", err)
		}
	case <-time.After(patience):
		t.Fatal("Serve did not return")
	}
	idle.want("421")
	fresh.want("421")
	waiting.want("42")
	busy.want("426")
	busy.want("421")
	io.Copy(io.Discard, data)
	if _, err := net.Dial("tcp", ln.Addr().String()); err == nil {
		t.Error("the listener still accepts")
	}
}

func TestServeFolderMissing(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if err := distftp.ServeFolder(t.Context(), ln, "/does/not/exist"); err == nil || !strings.Contains(err.Error(), "/does/not/exist") {
		t.Errorf("error %v", err)
	}
}

func TestMaxSessions(t *testing.T) {
	addr := serve(t, distftp.Config{FS: openFolder(t, t.TempDir()), MaxSessions: 2})
	first, _ := dial(t, addr), dial(t, addr)
	third, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer third.Close()
	third.SetDeadline(time.Now().Add(patience))
	if b, err := io.ReadAll(third); string(b) != "421 Too many sessions, try again later\r\n" || err != nil {
		t.Errorf("third client: %q, %v", b, err)
	}
	first.do("QUIT", "221")
}

func TestOverlongLine(t *testing.T) {
	c := login(t, serveSite(t))
	c.raw("CWD " + strings.Repeat("x", 100_000) + "\r\nNOOP\r\n")
	c.want("500")
	c.want("200")
	c.do("SIZE "+strings.Repeat("y/", 2040), "550")
	c.do("CWD "+strings.Repeat("z", 300), "550")
	c.do("PWD", "257")
}
