package distftp_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"mirrortracker/internal/distftp"
	"mirrortracker/internal/distftp/localfs"
)

// serve starts a server on a free loopback port and returns its address. It is
// stopped, and waited for, at the end of the test.
func serve(t testing.TB, c distftp.Config) string {
	t.Helper()
	return serveAt(t, "127.0.0.1", c)
}

// serveAt is serve at another address of this machine.
func serveAt(t testing.TB, host string, c distftp.Config) string {
	t.Helper()
	ln, err := net.Listen("tcp", host+":0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- distftp.New(c).Serve(ctx, ln) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return ln.Addr().String()
}

// serveDir serves a folder.
func serveDir(t testing.TB, dir string) string {
	t.Helper()
	return serve(t, distftp.Config{FS: openFolder(t, dir)})
}

func openFolder(t testing.TB, dir string) *localfs.Folder {
	t.Helper()
	folder, err := localfs.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { folder.Close() })
	return folder
}

// A client speaks FTP by hand. Everything it waits for, it waits 10 seconds for.
type client struct {
	t    testing.TB
	conn net.Conn
	r    *bufio.Reader
}

const patience = 10 * time.Second

// dial connects and reads the greeting.
func dial(t testing.TB, addr string) *client {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	c := &client{t: t, conn: conn, r: bufio.NewReader(conn)}
	t.Cleanup(func() { conn.Close() })
	c.want("220")
	return c
}

// login connects and logs in.
func login(t testing.TB, addr string) *client {
	t.Helper()
	c := dial(t, addr)
	c.do("USER anonymous", "331")
	c.do("PASS me@example.org", "230")
	return c
}

// send sends a line.
func (c *client) send(line string) { c.t.Helper(); c.raw(line + "\r\n") }

func (c *client) raw(text string) {
	c.t.Helper()
	if _, err := io.WriteString(c.conn, text); err != nil {
		c.t.Fatalf("send %q: %v", text, err)
	}
}

// reply reads one reply, all lines of it.
func (c *client) reply() string {
	c.t.Helper()
	text, err := c.tryReply()
	if err != nil {
		c.t.Fatalf("read reply: %v (so far %q)", err, text)
	}
	return text
}

func (c *client) tryReply() (string, error) {
	c.conn.SetReadDeadline(time.Now().Add(patience))
	var text strings.Builder
	first, err := c.r.ReadString('\n')
	text.WriteString(first)
	if err != nil || len(first) < 4 || first[3] != '-' {
		return text.String(), err
	}
	for {
		line, err := c.r.ReadString('\n')
		text.WriteString(line)
		if err != nil || strings.HasPrefix(line, first[:3]+" ") {
			return text.String(), err
		}
	}
}

// want reads a reply and checks its beginning.
func (c *client) want(prefix string) string {
	c.t.Helper()
	got := c.reply()
	if !strings.HasPrefix(got, prefix) {
		c.t.Fatalf("reply %q, want %s...", got, prefix)
	}
	return got
}

// do sends a command and checks the reply.
func (c *client) do(line, prefix string) string {
	c.t.Helper()
	c.send(line)
	got := c.reply()
	if !strings.HasPrefix(got, prefix) {
		c.t.Fatalf("%q: reply %q, want %s...", line, got, prefix)
	}
	return got
}

var portOf229 = regexp.MustCompile(`\(\|\|\|(\d+)\|\)`)

// passive asks for a passive port and connects to it.
func (c *client) passive() net.Conn {
	c.t.Helper()
	m := portOf229.FindStringSubmatch(c.do("EPSV", "229"))
	if m == nil {
		c.t.Fatal("no port in 229")
	}
	host, _, _ := net.SplitHostPort(c.conn.RemoteAddr().String())
	conn, err := net.Dial("tcp", net.JoinHostPort(host, m[1]))
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patience))
	return conn
}

// fetch does a whole passive transfer and returns the data; the last reply must
// begin with final.
func (c *client) fetch(line, final string) string {
	c.t.Helper()
	conn := c.passive()
	c.send(line)
	if got := c.reply(); !strings.HasPrefix(got, "150") {
		c.t.Fatalf("%q: reply %q, want 150", line, got)
	}
	b, err := io.ReadAll(conn)
	if err != nil {
		c.t.Fatalf("%q: data: %v", line, err)
	}
	c.want(final)
	return string(b)
}

// lines cuts a listing into its lines.
func lines(listing string) []string {
	return strings.Split(strings.TrimSuffix(listing, "\r\n"), "\r\n")
}

// plant writes files (content), directories (name ends in "/") and links (content
// begins with "-> ") below a folder.
func plant(t testing.TB, dir string, entries map[string]string) string {
	t.Helper()
	for name, content := range entries {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		var err error
		switch target, link := strings.CutPrefix(content, "-> "); {
		case strings.HasSuffix(name, "/"):
			err = os.MkdirAll(path, 0o755)
		case link:
			err = os.Symlink(target, path)
		default:
			err = os.WriteFile(path, []byte(content), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// touch sets the modification time of a planted entry.
func touch(t testing.TB, dir, name string, when time.Time) {
	t.Helper()
	if err := os.Chtimes(filepath.Join(dir, name), when, when); err != nil {
		t.Fatal(err)
	}
}

// portArgument writes a listener's address as PORT wants it.
func portArgument(addr net.Addr) string {
	tcp := addr.(*net.TCPAddr)
	ip := tcp.IP.To4()
	return fmt.Sprintf("%d,%d,%d,%d,%d,%d", ip[0], ip[1], ip[2], ip[3], tcp.Port>>8, tcp.Port&255)
}

func itoa(n int) string { return strconv.Itoa(n) }
