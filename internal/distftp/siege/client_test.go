package siege

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience is how long a client waits for anything. Under attack a connection can need
// a second or two, as the system repeats what found no room.
const patience = 30 * time.Second

// A client speaks FTP.
type client struct {
	conn net.Conn
	r    *bufio.Reader
	from string
	data []net.Conn // all that were opened: those that nobody holds would be closed
}

// dialFrom connects from an address of this machine.
func dialFrom(addr, from string) (net.Conn, error) {
	d := net.Dialer{Timeout: patience, LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	if !strings.HasPrefix(from, guestsComeFrom) {
		d.Control = takeLittle
	}
	return d.Dial("tcp", addr)
}

// takeLittle lets a connection hold little that was not read or sent, so that an attacker who does
// not read is felt at once.
func takeLittle(_, _ string, conn syscall.RawConn) error {
	return conn.Control(func(fd uintptr) {
		syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 4096)
		syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_SNDBUF, 4096)
	})
}

// connect connects and reads the greeting.
func connect(addr, from string) (*client, error) {
	conn, err := dialFrom(addr, from)
	if err != nil {
		return nil, err
	}
	c := &client{conn: conn, r: bufio.NewReader(conn), from: from}
	if err := c.want("220"); err != nil {
		conn.Close()
		return nil, err
	}
	return c, nil
}

// login connects and logs in; an empty user is the anonymous one.
func login(addr, from, user, password string) (*client, error) {
	c, err := connect(addr, from)
	if err != nil {
		return nil, err
	}
	if user == "" {
		user = "anonymous"
	}
	if err := c.dialogue("USER "+user, "331", "PASS "+password, "230", "TYPE I", "200"); err != nil {
		c.conn.Close()
		return nil, err
	}
	return c, nil
}

// secure puts the connection under TLS.
func (c *client) secure() error {
	if err := c.do("AUTH TLS", "234"); err != nil {
		return err
	}
	conn := tls.Client(c.conn, &tls.Config{InsecureSkipVerify: true})
	c.conn.SetDeadline(time.Now().Add(patience))
	if err := conn.Handshake(); err != nil {
		return err
	}
	c.conn, c.r = conn, bufio.NewReader(conn)
	return nil
}

// dialogue sends commands, each of which is followed by the beginning of its reply.
func (c *client) dialogue(lines ...string) error {
	for i := 0; i < len(lines); i += 2 {
		if err := c.do(lines[i], lines[i+1]); err != nil {
			return err
		}
	}
	return nil
}

func (c *client) do(line, want string) error {
	if err := c.send(line); err != nil {
		return fmt.Errorf("%.20s: %w", line, err)
	}
	if err := c.want(want); err != nil {
		return fmt.Errorf("%.20s: %w", line, err)
	}
	return nil
}

// errLater says that the server is full.
var errLater = errors.New("told to come back")

func (c *client) send(line string) error {
	c.conn.SetDeadline(time.Now().Add(patience))
	_, err := io.WriteString(c.conn, line+"\r\n")
	return err
}

func (c *client) want(prefix string) error {
	c.conn.SetDeadline(time.Now().Add(patience))
	first, err := c.r.ReadString('\n')
	last := first
	for err == nil && len(first) > 3 && first[3] == '-' && !strings.HasPrefix(last, first[:3]+" ") {
		last, err = c.r.ReadString('\n')
	}
	if err != nil {
		return fmt.Errorf("%w after %q", err, first)
	}
	if strings.HasPrefix(first, "421 ") && prefix != "421" {
		return fmt.Errorf("%w: %q", errLater, first)
	}
	if !strings.HasPrefix(first, prefix) {
		return fmt.Errorf("reply %q, want %s", first, prefix)
	}
	return nil
}

// passive opens a data connection.
func (c *client) passive() (net.Conn, error) {
	if err := c.send("EPSV"); err != nil {
		return nil, err
	}
	line, err := c.r.ReadString('\n')
	if err != nil {
		return nil, err
	}
	var port int
	_, inner, _ := strings.Cut(line, "(")
	if _, err := fmt.Sscanf(inner, "|||%d|)", &port); err != nil {
		return nil, fmt.Errorf("EPSV: reply %q", line)
	}
	host, _, _ := net.SplitHostPort(c.conn.RemoteAddr().String())
	conn, err := dialFrom(net.JoinHostPort(host, fmt.Sprint(port)), c.from)
	if err != nil {
		return nil, err
	}
	c.data = append(c.data, conn)
	return conn, conn.SetDeadline(time.Now().Add(patience))
}

// begin begins a transfer and returns its data connection.
func (c *client) begin(line string) (net.Conn, error) {
	conn, err := c.passive()
	if err != nil {
		return nil, err
	}
	if err := c.do(line, "150"); err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

// fetch does a transfer from the server.
func (c *client) fetch(line string) (string, error) {
	conn, err := c.begin(line)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	b, err := io.ReadAll(conn)
	if err != nil {
		return "", err
	}
	return string(b), c.want("226")
}

// greeting is what guests expect of the file "hello".
const greeting = "hello\n"

// visit does what a client does that means well.
func visit(addr, from string) error {
	c, err := login(addr, from, "", "guest@example.org")
	if err != nil {
		return err
	}
	defer c.conn.Close()
	if got, err := c.fetch("RETR hello"); err != nil || got != greeting {
		return fmt.Errorf("RETR: %q, %w", got, err)
	}
	if got, err := c.fetch("NLST"); err != nil || !strings.Contains(got, "hello\r\n") {
		return fmt.Errorf("NLST: %q, %w", got, err)
	}
	return c.dialogue("SIZE hello", "213", "CWD /", "250", "QUIT", "221")
}

// guestsComeFrom is how the addresses of guests begin.
const guestsComeFrom = "127.0.77."

// guests visit the server, one after the other, until the function that it returns is
// called: all visits must succeed, and there must be at least one. They come back a while
// later when they are told to; the function returns how often that was.
func guests(t *testing.T, addr string) (leave func() (again int)) {
	ctx, stop := context.WithCancel(t.Context())
	var visiting sync.WaitGroup
	visits, again, longest := 0, 0, time.Duration(0)
	visiting.Go(func() {
		began := time.Now()
		for every := time.Tick(20 * time.Millisecond); visits == 0 || ctx.Err() == nil; <-every {
			err := visit(addr, fmt.Sprintf("%s%d", guestsComeFrom, 1+visits%250))
			switch {
			case errors.Is(err, errLater) && time.Since(began) < patience:
				again++
				continue
			case err != nil:
				t.Errorf("guest %d: %v", visits, err)
				return
			}
			visits++
			longest = max(longest, time.Since(began))
			began = time.Now()
		}
	})
	return func() int {
		stop()
		visiting.Wait()
		t.Logf("%d guests were served, the slowest in %v; %d were told to come back", visits, longest.Round(time.Millisecond), again)
		return again
	}
}
