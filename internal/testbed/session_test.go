package testbed

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// A session is an FTP client that sends bytes as they are and shows replies as they
// come, for facts and goldens.
type session struct {
	t    testing.TB
	conn net.Conn
	r    *bufio.Reader
}

// dial logs in as an anonymous user.
func dial(t testing.TB, s *FTP) *session {
	t.Helper()
	conn, err := net.Dial("tcp", s.Addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(time.Minute))
	c := &session{t: t, conn: conn, r: bufio.NewReader(conn)}
	c.reply()
	if r := c.do("USER anonymous"); strings.HasPrefix(r, "331") {
		c.do("PASS test@example.org")
	}
	return c
}

// do sends a command and returns the reply, all its lines.
func (c *session) do(command string) string {
	c.t.Helper()
	if _, err := io.WriteString(c.conn, command+"\r\n"); err != nil {
		c.t.Fatalf("%s: %v", command, err)
	}
	return c.reply()
}

// reply reads one reply, RFC 959, 4.2: a last line begins with the code of the first and
// a blank.
func (c *session) reply() string {
	c.t.Helper()
	var all strings.Builder
	code := ""
	for {
		line, err := c.r.ReadString('\n')
		if err != nil {
			c.t.Fatalf("after reply %q: %v", all.String(), err)
		}
		all.WriteString(line)
		if code == "" && len(line) > 3 {
			code = line[:3]
		}
		if strings.HasPrefix(line, code+" ") {
			return all.String()
		}
	}
}

// list sends a command that answers on a data connection. It returns the data and the
// replies of the control connection, the preliminary one included.
func (c *session) list(command string) (data, replies string) {
	c.t.Helper()
	var port int
	passive := c.do("EPSV")
	if i := strings.Index(passive, "(|||"); i < 0 {
		c.t.Fatalf("EPSV: %s", passive)
	} else if _, err := fmt.Sscanf(passive[i:], "(|||%d|)", &port); err != nil {
		c.t.Fatalf("EPSV: %s: %v", passive, err)
	}
	conn, err := net.DialTCP("tcp", nil, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
	if err != nil {
		c.t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(time.Minute))
	replies = c.do(command)
	if !strings.HasPrefix(replies, "1") {
		return "", replies
	}
	all, err := io.ReadAll(conn)
	if err != nil {
		c.t.Fatalf("%s: %v", command, err)
	}
	conn.Close() // proftpd may withhold its 226 until the client has closed
	return string(all), replies + c.reply()
}
