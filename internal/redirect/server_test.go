package redirect

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"mirrortracker/internal/testbed"
)

// A client that asks again and again over a connection that stays open is told that it
// ends, in an answer, and a request that is under way is answered.
func TestServeSaysFarewell(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	entered, release := make(chan struct{}, 1), make(chan struct{})
	handler := http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.URL.Path == "/slow" {
			entered <- struct{}{}
			<-release
		}
		io.WriteString(w, "answered")
	})
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- Serve(ctx, slog.New(slog.DiscardHandler), Door{l, handler}) }()

	slow := dialTo(t, l)
	slow.ask(t, "/slow")
	<-entered
	steady := dialTo(t, l)
	stopping := false
	for range 1000 {
		steady.ask(t, "/x")
		res := steady.answer(t)
		if !stopping {
			stopping = true
			stop()
		}
		if res.Close {
			break
		}
		time.Sleep(time.Millisecond) // as a client does that is not in a hurry
	}
	if n, err := steady.in.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("after the last answer: %d bytes, %v", n, err)
	}
	close(release)
	slow.answer(t)
	if err := <-ended; err != nil {
		t.Errorf("Serve returned %v", err)
	}
}

type dialled struct {
	net.Conn
	in *bufio.Reader
}

func dialTo(t *testing.T, l net.Listener) dialled {
	t.Helper()
	conn, err := net.Dial(l.Addr().Network(), l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	return dialled{conn, bufio.NewReader(conn)}
}

func (d dialled) ask(t *testing.T, path string) {
	t.Helper()
	if _, err := fmt.Fprintf(d, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path); err != nil {
		t.Fatal(err)
	}
}

func (d dialled) answer(t *testing.T) *http.Response {
	t.Helper()
	res, err := http.ReadResponse(d.in, nil)
	if err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(res.Body); err != nil || string(body) != "answered" {
		t.Fatalf("body %q, %v", body, err)
	}
	return res
}

// Clients that ask without a pause, each time over a new connection, while one server
// after another takes a socket that stays open: none is refused, none goes without an
// answer.
func TestRestartsUnderLoad(t *testing.T) {
	held, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	handler := New(Config{Source: example(t).hold(t), Now: clock}).Handler()
	serve := func(ctx context.Context) error {
		file, err := held.(*net.TCPListener).File()
		if err != nil {
			return err
		}
		defer file.Close()
		l, err := net.FileListener(file)
		if err != nil {
			return err
		}
		return Serve(ctx, slog.New(slog.DiscardHandler), Door{l, handler})
	}
	loaded, unload := context.WithCancel(t.Context())
	var clients sync.WaitGroup
	for i := range 8 {
		clients.Go(func() {
			transport := &http.Transport{DisableKeepAlives: i%2 == 0}
			defer transport.CloseIdleConnections()
			for n := 0; loaded.Err() == nil; n++ {
				req, _ := http.NewRequestWithContext(t.Context(), "GET", "http://"+held.Addr().String()+"/origin/gnu/file1", nil)
				res, err := transport.RoundTrip(req)
				if err != nil {
					t.Errorf("client %d, request %d: %v", i, n, err)
					return
				}
				res.Body.Close()
				if res.StatusCode != 302 {
					t.Errorf("client %d, request %d: status %d", i, n, res.StatusCode)
				}
			}
		})
	}
	for range 4 {
		ctx, stop := context.WithTimeout(t.Context(), 200*time.Millisecond)
		if err := serve(ctx); err != nil {
			t.Errorf("Serve returned %v", err)
		}
		stop()
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- serve(ctx) }()
	unload()
	clients.Wait()
	stop()
	if err := <-ended; err != nil {
		t.Errorf("Serve returned %v", err)
	}
}

func TestListenOnSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "http.sock")
	first, err := Listen("unix:" + path)
	if err != nil {
		t.Fatal(err)
	}
	if l, err := Listen("unix:" + path); !errors.Is(err, syscall.EADDRINUSE) {
		t.Fatalf("a socket that is listened on is taken: %v, %v", l, err)
	}
	// A program that is killed leaves its socket behind.
	first.(*net.UnixListener).SetUnlinkOnClose(false)
	first.Close()
	second, err := Listen("unix:" + path)
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- Serve(ctx, slog.New(slog.DiscardHandler), Door{second, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, "answered")
		})})
	}()
	conn := dialTo(t, second)
	conn.ask(t, "/")
	conn.answer(t)
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Listen("unix:" + file); err == nil {
		t.Error("a file is taken for a socket that was left behind")
	}
}

// issue writes a new certificate of 127.0.0.1 and its key, and returns who issued it.
func issue(t *testing.T, chain, key string) *x509.CertPool {
	t.Helper()
	authority := testbed.NewAuthority(t)
	pair := authority.Issue(t, time.Now().Add(time.Hour), "127.0.0.1")
	private, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	for path, block := range map[string]*pem.Block{
		chain: {Type: "CERTIFICATE", Bytes: pair.Certificate[0]},
		key:   {Type: "PRIVATE KEY", Bytes: private},
	} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return authority.Pool
}

func TestCertificate(t *testing.T) {
	folder := t.TempDir()
	chain, key := filepath.Join(folder, "chain.pem"), filepath.Join(folder, "key.pem")
	if _, err := LoadCertificate(chain, key); err == nil || !strings.Contains(err.Error(), chain) {
		t.Errorf("without files: %v", err)
	}
	first := issue(t, chain, key)
	c, err := LoadCertificate(chain, key)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(New(Config{Source: example(t).hold(t), Now: clock}).Handler())
	server.Listener = c.Listener(server.Listener)
	server.Start()
	defer server.Close()
	location := func(authority *x509.CertPool) (string, error) {
		transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: authority}}
		defer transport.CloseIdleConnections()
		req, _ := http.NewRequestWithContext(t.Context(), "GET", "https://"+server.Listener.Addr().String()+"/origin/gnu/file1", nil)
		res, err := transport.RoundTrip(req)
		if err != nil {
			return "", err
		}
		res.Body.Close()
		return res.Header.Get("Location"), nil
	}
	if got, err := location(first); err != nil || got != "https://west.example/w%20w/mirrors/gnu/file1" {
		t.Errorf("by TLS: %s, %v", got, err)
	}
	second := issue(t, chain, key)
	if err := c.Reload(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(key, []byte("broken"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := c.Reload(); err == nil {
		t.Error("a broken key is taken")
	}
	if _, err := location(second); err != nil {
		t.Errorf("with the new certificate: %v", err)
	}
	if _, err := location(first); err == nil {
		t.Error("the old certificate is still shown")
	}
}
