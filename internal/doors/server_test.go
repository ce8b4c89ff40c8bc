package doors

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

var answering = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
	io.WriteString(w, "answered")
})

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
		answering(w, req)
	})
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- Serve(ctx, slog.New(slog.DiscardHandler), Door{Listener: l, Handler: handler}) }()

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
		return Serve(ctx, slog.New(slog.DiscardHandler), Door{Listener: l, Handler: answering})
	}
	loaded, unload := context.WithCancel(t.Context())
	var clients sync.WaitGroup
	for i := range 8 {
		clients.Go(func() {
			transport := &http.Transport{DisableKeepAlives: i%2 == 0}
			defer transport.CloseIdleConnections()
			for n := 0; loaded.Err() == nil; n++ {
				req, _ := http.NewRequestWithContext(t.Context(), "GET", "http://"+held.Addr().String()+"/x", nil)
				res, err := transport.RoundTrip(req)
				if err != nil {
					t.Errorf("client %d, request %d: %v", i, n, err)
					return
				}
				res.Body.Close()
				if res.StatusCode != 200 {
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

func TestServeFails(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	err = Serve(t.Context(), slog.New(slog.DiscardHandler), Door{Listener: l, Handler: answering})
	if err == nil || !strings.Contains(err.Error(), l.Addr().String()) {
		t.Errorf("got %v, want an error that names %s", err, l.Addr())
	}
}
