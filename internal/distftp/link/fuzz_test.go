package link

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"testing"
	"time"

	"mirrortracker/internal/database"
	"mirrortracker/internal/distftp/authority"
)

// said is a connection from a client that has said something, and hears.
type said struct {
	net.Conn
	io.Reader
	heard bytes.Buffer
}

func (s *said) Read(b []byte) (int, error)      { return s.Reader.Read(b) }
func (s *said) Write(b []byte) (int, error)     { return s.heard.Write(b) }
func (s *said) SetDeadline(time.Time) error     { return nil }
func (s *said) SetReadDeadline(time.Time) error { return nil }

// Whatever a stranger asks for, it is not enrolled.
func FuzzEnroll(f *testing.F) {
	db, err := database.Open(f.Context(), "sqlite:"+filepath.Join(f.TempDir(), "ftpd.db"), database.FTPServer)
	if err != nil {
		f.Fatal(err)
	}
	defer db.Close()
	auth, err := authority.Open(f.Context(), db)
	if err != nil {
		f.Fatal(err)
	}
	id, err := auth.Master("192.0.2.1:1")
	if err != nil {
		f.Fatal(err)
	}
	s := NewServer(ServerConfig{
		Identity: id, Authority: auth, Log: slog.New(slog.DiscardHandler),
		Masters: func(context.Context) ([]string, error) { return nil, nil },
	})
	f.Add([]byte("POST /enroll HTTP/1.1\r\nHost: a\r\nContent-Length: 22\r\n\r\n{\"secret\":\"\",\"csr\":\"\"}"))
	f.Add([]byte("GET / HTTP/1.1\r\n\r\n"))
	f.Add([]byte("POST /enroll HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"))
	f.Fuzz(func(t *testing.T, asked []byte) {
		conn := &said{Reader: bytes.NewReader(asked)}
		s.enroll(t.Context(), conn, netip.AddrPort{})
		if bytes.HasPrefix(conn.heard.Bytes(), []byte("HTTP/1.1 200")) {
			t.Errorf("%q was enrolled: %s", asked, conn.heard.Bytes())
		}
	})
}

// A master that says nonsense changes nothing.
func FuzzGreeting(f *testing.F) {
	f.Add("/link/greeting", `{"master":"m","renewed":{"masters":["a:1"]}}`)
	f.Add("/link/refusal", `{"reason":"no"}`)
	f.Fuzz(func(t *testing.T, path, body string) {
		routes := http.NewServeMux()
		hear(routes, pathGreeting, func(greeting) error { return nil })
		hear(routes, pathRefusal, func(refusal) error { return nil })
		req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", bytes.NewBufferString(body))
		req.URL.Path = path
		res := httptest.NewRecorder()
		routes.ServeHTTP(res, req)
		if res.Code >= 500 {
			t.Errorf("%s %q is answered by %d", path, body, res.Code)
		}
	})
}
