package distftp_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mirrortracker/internal/distftp"
)

// A pipeListener hands out connections that live in memory, so that their time limits
// follow the test's clock.
type pipeListener struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	select {
	case <-l.closed:
	default:
		close(l.closed)
	}
	return nil
}

func (l *pipeListener) Addr() net.Addr { return &net.TCPAddr{} }

// TestTimeouts lets clients dawdle. All goroutines must have ended with each story:
// the bubble sees to that.
func TestTimeouts(t *testing.T) {
	const login = "USER ftp\r\nPASS x\r\n"
	tests := []struct {
		name  string
		talk  func(w io.Writer) // until the connection is closed
		after time.Duration     // when it is, counted from its beginning
		last  string            // line of the server
	}{
		{"says nothing", func(io.Writer) {}, time.Minute, "421 Login timeout"},
		{"never logs in", func(w io.Writer) {
			for every := time.Tick(7 * time.Second); ; <-every {
				if _, err := io.WriteString(w, "NOOP\r\n"); err != nil {
					return
				}
			}
		}, time.Minute, "421 Login timeout"},
		{"idle", func(w io.Writer) { io.WriteString(w, login) }, 5 * time.Minute, "421 Idle timeout"},
		{"trickles", func(w io.Writer) {
			io.WriteString(w, login)
			for every := time.Tick(time.Second); ; <-every {
				if _, err := io.WriteString(w, "N"); err != nil {
					return
				}
			}
		}, 5 * time.Minute, "421 Idle timeout"},
		{"trickles an endless line", func(w io.Writer) {
			io.WriteString(w, login)
			for every := time.Tick(time.Second); ; <-every {
				if _, err := io.WriteString(w, strings.Repeat("N", 1000)); err != nil {
					return
				}
			}
		}, 5 * time.Minute, "421 Idle timeout"},
		{"is busy", func(w io.Writer) {
			io.WriteString(w, login)
			for range 10 {
				time.Sleep(4 * time.Minute)
				io.WriteString(w, "NOOP\r\n")
			}
		}, 45 * time.Minute, "421 Idle timeout"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ln := &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				served := make(chan error)
				go func() { served <- distftp.New(distftp.Config{FS: brokenFS{}}).Serve(ctx, ln) }()
				server, client := net.Pipe()
				ln.conns <- server

				begin := time.Now()
				var talking sync.WaitGroup
				talking.Go(func() { tt.talk(client) })
				var last string
				for lines := bufio.NewScanner(client); lines.Scan(); {
					last = lines.Text()
				}
				if took := time.Since(begin); took != tt.after || last != tt.last {
					t.Errorf("closed after %v with %q, want %v and %q", took, last, tt.after, tt.last)
				}
				client.Close()
				talking.Wait()
				cancel()
				if err := <-served; err != nil {
					t.Errorf("Serve: %v", err)
				}
			})
		})
	}
}

// Not over IP, there are no data connections; that is said, and nothing breaks.
func TestNoAddresses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ln := &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}
		ctx, cancel := context.WithCancel(t.Context())
		served := make(chan error)
		go func() { served <- distftp.New(distftp.Config{FS: brokenFS{}}).Serve(ctx, ln) }()
		server, conn := net.Pipe()
		ln.conns <- server
		c := &client{t: t, conn: conn, r: bufio.NewReader(conn)}
		c.want("220")
		c.do("USER ftp", "331")
		c.do("PASS x", "230")
		c.do("PASV", "425")
		c.do("EPSV", "425")
		c.do("PORT 127,0,0,1,4,0", "500")
		c.do("EPRT |2|::1|4000|", "500")
		cancel()
		c.want("421")
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
		conn.Close()
	})
}

// A client that asks for data and does not come, or comes and does not read.
func TestDataTimeout(t *testing.T) {
	dir := t.TempDir()
	plant(t, dir, map[string]string{"file": strings.Repeat("x", 32<<20)})
	c := login(t, serve(t, distftp.Config{FS: openFolder(t, dir), DataTimeout: 200 * time.Millisecond}))
	c.do("TYPE I", "200")
	c.do("EPSV", "229")
	c.do("RETR file", "425")
	c.passive()
	c.do("RETR file", "150")
	c.want("426")
	c.do("NOOP", "200")
}
