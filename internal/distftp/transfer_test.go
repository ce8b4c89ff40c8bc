package distftp_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"mirrortracker/internal/distftp"
	"mirrortracker/internal/testbed"
	"net"
	"testing"
	"time"
)

func TestRetrieve(t *testing.T) {
	dir := t.TempDir()
	content := make([]byte, 3<<20+17)
	rand.Read(content)
	plant(t, dir, map[string]string{"big": string(content), "text": "a\nb\r\nc", "none": ""})
	c := login(t, serveDir(t, dir))

	if got := c.fetch("RETR text", "226"); got != "a\r\nb\r\r\nc" {
		t.Errorf("TYPE A: %q", got)
	}
	c.do("TYPE I", "200")
	if got := c.fetch("RETR text", "226"); got != "a\nb\r\nc" {
		t.Errorf("TYPE I: %q", got)
	}
	for _, offset := range []int{0, 1, 1 << 20, len(content) - 1, len(content)} {
		c.do(fmt.Sprintf("REST %d", offset), "350")
		if got := c.fetch("RETR big", "226"); got != string(content[offset:]) {
			t.Errorf("from %d: %d bytes, differ", offset, len(got))
		}
	}
	if got := c.fetch("RETR big", "226"); got != string(content) {
		t.Error("REST counted for a second transfer")
	}
	if got := c.fetch("RETR none", "226"); got != "" {
		t.Errorf("empty file: %q", got)
	}

	for _, part := range [][2]int{{0, 0}, {5, 5}, {0, 1<<20 - 1}, {1 << 20, 3<<20 + 16}, {3 << 20, 4 << 20}} {
		c.do(fmt.Sprintf("RANG %d %d", part[0], part[1]), "350")
		if got := c.fetch("RETR big", "226"); got != string(content[part[0]:min(part[1]+1, len(content))]) {
			t.Errorf("%v: %d bytes, differ", part, len(got))
		}
	}
	c.do("RANG 5 9", "350")
	c.do("RANG 1 0", "350")
	if got := c.fetch("RETR text", "226"); got != "a\nb\r\nc" {
		t.Errorf("after RANG 1 0: %q", got)
	}

	c.do(fmt.Sprintf("REST %d", len(content)+1), "350")
	c.passive()
	c.do("RETR big", "554")
	c.do("REST 5", "350")
	c.do("TYPE A", "200")
	c.do("RETR big", "554")
}

func TestActive(t *testing.T) {
	c := login(t, serveSite(t))
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	for _, command := range []string{
		"PORT " + portArgument(ln.Addr()),
		fmt.Sprintf("EPRT |1|127.0.0.1|%d|", ln.Addr().(*net.TCPAddr).Port),
		fmt.Sprintf("EPRT |1|0.0.0.0|%d|", ln.Addr().(*net.TCPAddr).Port), // its own address
	} {
		c.do(command, "200")
		c.send("RETR README")
		conn, err := ln.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		c.want("150")
		if b, err := io.ReadAll(conn); string(b) != "hello\r\nworld\r\n" || err != nil {
			t.Errorf("%s: %q, %v", command, b, err)
		}
		c.want("226")
	}
	ln.Close()
	c.do("PORT "+portArgument(ln.Addr()), "200")
	c.do("RETR README", "425")
	c.do("RETR README", "425 Use") // one try per PORT
}

// Another address cannot take the client's data connection, nor keep it from getting
// through (RFC 2577).
func TestPassiveTheft(t *testing.T) {
	c := login(t, serveSite(t))
	port := portOf229.FindStringSubmatch(c.do("EPSV", "229"))[1]
	thief := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}
	stolen, err := thief.Dial("tcp", "127.0.0.1:"+port)
	if err != nil {
		t.Fatal(err)
	}
	defer stolen.Close()
	c.send("RETR README")
	stolen.SetDeadline(time.Now().Add(patience))
	if b, _ := io.ReadAll(stolen); len(b) > 0 {
		t.Errorf("another address got %q", b)
	}
	mine, err := net.Dial("tcp", "127.0.0.1:"+port)
	if err != nil {
		t.Fatal(err)
	}
	defer mine.Close()
	c.want("150")
	if b, err := io.ReadAll(mine); string(b) != "hello\r\nworld\r\n" || err != nil {
		t.Errorf("the client got %q, %v", b, err)
	}
	c.want("226")
}

func TestIPv6(t *testing.T) {
	testbed.Need(t, "ipv6")
	ln, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- distftp.ServeFolder(ctx, ln, site(t)) }()
	defer func() { cancel(); <-done }()
	c := login(t, ln.Addr().String())
	c.do("PASV", "425 ")
	c.do("EPSV 1", "522 Network protocol not supported, use (2)")
	c.do("EPRT |1|127.0.0.1|2000|", "522 Network protocol not supported, use (2)")
	c.do("PORT 127,0,0,1,8,0", "500")
	c.do("EPSV 2", "229")
	if got := c.fetch("RETR README", "226"); got != "hello\r\nworld\r\n" {
		t.Errorf("RETR: %q", got)
	}
	mine, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Fatal(err)
	}
	defer mine.Close()
	c.do(fmt.Sprintf("EPRT |2|::1|%d|", mine.Addr().(*net.TCPAddr).Port), "200")
	c.send("NLST pub/empty")
	conn, err := mine.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	c.want("150")
	c.want("226")
}
