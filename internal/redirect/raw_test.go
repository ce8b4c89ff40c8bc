package redirect

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"mirrortracker/internal/doors"
)

// start serves a world on loopback until the test ends.
func start(t *testing.T, r *Redirector) (addr string, stop func() error) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- doors.Serve(ctx, slog.New(slog.DiscardHandler), doors.Door{Listener: l, Handler: r.Handler()})
	}()
	stop = func() error {
		cancel()
		return <-ended
	}
	t.Cleanup(cancel)
	return l.Addr().String(), stop
}

// say sends bytes as they are and reads one response, its body included.
func say(t *testing.T, addr, text string) (*http.Response, string) {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(res.Body)
	return res, string(body)
}

// What comes over a connection need not be what a client library would send.
func TestRawRequests(t *testing.T) {
	addr, _ := start(t, New(Config{Source: example(t).hold(t), Now: clock}))
	tests := []struct {
		name, line string
		status     int
		location   string
	}{
		{"dots", "GET /../ HTTP/1.1", 400, ""},
		{"dots below", "GET /origin/gnu/../../x HTTP/1.1", 400, ""},
		{"escaped dots", "GET /origin/%2e%2e/x HTTP/1.1", 400, ""},
		{"CR LF", "GET /origin/%0d%0aX:%20y HTTP/1.1", 400, ""},
		{"NUL", "GET /origin/%00 HTTP/1.1", 400, ""},
		{"raw NUL", "GET /origin/\x00 HTTP/1.1", 400, ""},
		{"raw tab", "GET /origin/\t HTTP/1.1", 400, ""},
		{"broken escape", "GET /origin/%g1 HTTP/1.1", 400, ""},
		{"raw bytes", "GET /origin/gnu/\xff\xfe HTTP/1.1", 302, eastGNU + "%FF%FE"},
		{"no path at all", "GET ?url=ftp://origin.example/pub/ HTTP/1.1", 400, ""},
		{"fragment", "GET /origin/gnu/file1#x HTTP/1.1", 302, "ftp://origin.example/pub/gnu/file1%23x"},
		{"old version", "GET /origin/gnu/file1 HTTP/1.0", 302, eastGNU + "file1"},
		{"absolute", "GET http://elsewhere.example/origin/gnu/file1 HTTP/1.1", 302, eastGNU + "file1"},
		{"absolute without a path", "GET http://elsewhere.example HTTP/1.1", 200, ""},
		{"as a proxy for FTP", "GET ftp://origin.example/pub/gnu/file1 HTTP/1.1", 400, ""},
		{"opaque", "GET mailto:origin HTTP/1.1", 400, ""},
		{"star", "GET * HTTP/1.1", 404, ""},
		{"all of the server", "OPTIONS * HTTP/1.1", 405, ""},
		{"tunnel", "CONNECT origin.example:21 HTTP/1.1", 405, ""},
		{"long", "GET /origin/" + strings.Repeat("a", maxTarget) + " HTTP/1.1", 414, ""},
		{"as long as may be", "GET /origin/" + strings.Repeat("a", maxTarget-8) + " HTTP/1.1", 302,
			"ftp://origin.example/pub/" + strings.Repeat("a", maxTarget-8)},
		{"very long", "GET /origin/" + strings.Repeat("a", 2*doors.MaxHeader) + " HTTP/1.1", 431, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			res, body := say(t, addr, test.line+"\r\nHost: tracker.example\r\nConnection: close\r\n\r\n")
			if l := res.Header.Get("Location"); res.StatusCode != test.status || l != test.location {
				t.Errorf("status %d, Location %q; want %d, %q; body %q", res.StatusCode, l, test.status, test.location, body)
			}
		})
	}
}
