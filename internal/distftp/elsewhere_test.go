package distftp_test

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mirrortracker/internal/distftp"
	"mirrortracker/internal/distftp/account"
	"mirrortracker/internal/distftp/data"
)

// pasv asks for a passive port and returns the address that the answer names.
func (c *client) pasv() netip.AddrPort {
	c.t.Helper()
	answer := c.do("PASV", "227")
	_, inner, _ := strings.Cut(answer, "(")
	inner, _, _ = strings.Cut(inner, ")")
	addr, err := data.ParsePort(inner)
	if err != nil {
		c.t.Fatal(err)
	}
	return addr
}

// come connects to a data port.
func (c *client) come(addr netip.AddrPort) net.Conn {
	c.t.Helper()
	conn, err := net.Dial("tcp", addr.String())
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patience))
	return conn
}

// here is the same port at the address of the control connection.
func here(addr netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), addr.Port())
}

// get has what a command sends come over a connection that was made.
func (c *client) get(conn net.Conn, line, final string) string {
	c.t.Helper()
	c.send(line)
	c.want("150")
	b, _ := io.ReadAll(conn)
	conn.Close()
	c.want(final)
	return string(b)
}

// give sends over a connection that was made.
func (c *client) give(conn net.Conn, line, content, final string) {
	c.t.Helper()
	c.send(line)
	c.want("150")
	io.WriteString(conn, content)
	conn.Close()
	c.want(final)
}

// A listening client is one that PORT names.
func (c *client) listening(command string) *net.TCPListener {
	c.t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { ln.Close() })
	argument := portArgument(ln.Addr())
	if command == "EPRT" {
		argument = fmt.Sprintf("|1|127.0.0.1|%d|", ln.Addr().(*net.TCPAddr).Port)
	}
	c.do(command+" "+argument, "200")
	ln.(*net.TCPListener).SetDeadline(time.Now().Add(patience))
	return ln.(*net.TCPListener)
}

// accepted takes one connection, and says from where.
func accepted(t testing.TB, ln net.Listener) (net.Conn, string) {
	t.Helper()
	conn, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	conn.SetDeadline(time.Now().Add(patience))
	host, _, _ := net.SplitHostPort(conn.RemoteAddr().String())
	return conn, host
}

// binary logs in and sets TYPE I.
func binary(t *testing.T, addr string) *client {
	t.Helper()
	c := login(t, addr)
	c.do("TYPE I", "200")
	return c
}

func (h *holders) want(t *testing.T, way string) {
	t.Helper()
	if got := h.last(); got != way {
		t.Errorf("the transfer was %q, want %q", got, way)
	}
}

func TestActiveElsewhere(t *testing.T) {
	down := errors.New("holder is lost")
	for _, c := range []struct {
		name    string
		all     []*holder
		from    string // where the data connection comes from; "": none
		way     string
		replies string
	}{
		{"direct", []*holder{{name: "one", addr: "127.0.0.2"}, {name: "two", addr: "127.0.0.3"}}, "127.0.0.2", "direct one", "226"},
		{"first cannot", []*holder{{name: "one", addr: "127.0.0.2", undialled: true}, {name: "two", addr: "127.0.0.3"}}, "127.0.0.3", "direct two", "226"},
		{"first is lost", []*holder{{name: "one", addr: "127.0.0.2", down: down}, {name: "two", addr: "127.0.0.3"}}, "127.0.0.3", "direct two", "226"},
		{"none can", []*holder{{name: "one", addr: "127.0.0.2", undialled: true}, {name: "two", addr: "127.0.0.3", bound: true}}, "127.0.0.1", "relay one", "226"},
		{"relay by the second", []*holder{{name: "one", addr: "127.0.0.2", down: down}, {name: "two", addr: "127.0.0.3", bound: true}}, "127.0.0.1", "relay two", "226"},
		{"all are lost", []*holder{{name: "one", addr: "127.0.0.2", down: data.ErrUnavailable}}, "", " ", "450"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, command := range []string{"PORT", "EPRT"} {
				h, addr := serveHolders(t, distftp.Config{}, c.all...)
				client := binary(t, addr)
				ln := client.listening(command)
				client.send("RETR a")
				if c.from == "" {
					client.want(c.replies)
					h.want(t, "RETR "+c.way)
					continue
				}
				conn, from := accepted(t, ln)
				if from != c.from {
					t.Errorf("%s: data comes from %s, want %s", command, from, c.from)
				}
				client.want("150")
				if b, _ := io.ReadAll(conn); string(b) != "content of a" {
					t.Errorf("%q", b)
				}
				conn.Close()
				client.want(c.replies)
				h.want(t, "RETR "+c.way)

				ln = client.listening(command)
				client.send("STOR new")
				conn, from = accepted(t, ln)
				client.want("150")
				io.WriteString(conn, "new content")
				conn.Close()
				client.want("226")
				if b, _ := os.ReadFile(filepath.Join(h.dir, "new")); string(b) != "new content" || from != c.from {
					t.Errorf("stored %q, from %s", b, from)
				}
				h.want(t, "STOR "+c.way)
			}
		})
	}
}

// A client that cannot be reached is told so.
func TestActiveNobody(t *testing.T) {
	h, addr := serveHolders(t, distftp.Config{})
	c := binary(t, addr)
	ln := c.listening("PORT")
	ln.Close()
	c.do("RETR a", "425")
	h.want(t, "RETR  ")
	c.do("RETR a", "425 Use")
}

func TestPassiveElsewhere(t *testing.T) {
	for name, before := range map[string][]string{
		"PRET": {"PRET RETR a"},
		"SIZE": {"SIZE a"},
		"MDTM": {"CWD /d", "MDTM /a"},
		"MLST": {"MLST a"},
		"REST": {"SIZE a", "REST 8"},
	} {
		t.Run(name, func(t *testing.T) {
			h, addr := serveHolders(t, distftp.Config{}, &holder{name: "one", addr: "127.0.0.2", letters: "b"}, &holder{name: "two", addr: "127.0.0.3", letters: "a"})
			c := binary(t, addr)
			prepare := func() {
				for _, line := range before {
					c.do(line, "")
				}
			}
			want := "content of a"
			if name == "REST" {
				want = want[8:]
			}
			prepare()
			at := c.pasv()
			if at.Addr().String() != "127.0.0.3" {
				t.Fatalf("227 names %s", at)
			}
			if got := c.get(c.come(at), "RETR /a", "226"); got != want {
				t.Errorf("%q", got)
			}
			h.want(t, "RETR direct two")
			if conn, err := net.Dial("tcp", here(at).String()); err == nil {
				conn.Close()
				t.Error("the port here is open still")
			}

			prepare()
			at = c.pasv()
			if got := c.get(c.come(here(at)), "RETR /a", "226"); got != want {
				t.Errorf("here: %q", got)
			}
			h.want(t, "RETR relay two")

			prepare() // it was seen to come here
			if at = c.pasv(); at.Addr().String() != "127.0.0.1" {
				t.Errorf("227 names %s again", at)
			}
			if got := c.get(c.come(at), "RETR /a", "226"); got != want {
				t.Errorf("%q", got)
			}
			h.want(t, "RETR relay two")
		})
	}
}

// Without a sign of what will be wanted, only who was seen to go elsewhere is sent there.
func TestPassiveUnknown(t *testing.T) {
	h, addr := serveHolders(t, distftp.Config{})
	c := binary(t, addr)
	names := func(want string) netip.AddrPort {
		t.Helper()
		at := c.pasv()
		if at.Addr().String() != want {
			t.Errorf("227 names %s, want %s", at, want)
		}
		return at
	}
	if got := c.get(c.come(names("127.0.0.1")), "RETR a", "226"); got != "content of a" {
		t.Errorf("%q", got)
	}
	h.want(t, "RETR relay one")
	c.do("SIZE a", "213")
	c.get(c.come(names("127.0.0.2")), "RETR a", "226")
	c.get(c.come(names("127.0.0.2")), "RETR a", "226")
	h.want(t, "RETR direct one")
	c.do("PWD", "257")
	c.get(c.come(names("127.0.0.1")), "LIST", "226")
	h.want(t, "LIST local listing")
	c.do("TYPE A", "200")
	c.get(c.come(names("127.0.0.1")), "NLST", "226")
	c.do("PRET RETR a", "200")
	c.get(c.come(names("127.0.0.2")), "RETR a", "226")
	c.do("TYPE I", "200")
	if got := c.fetch("RETR a", "226"); got != "content of a" {
		t.Errorf("EPSV: %q", got)
	}
	h.want(t, "RETR relay one")
}

// What a client asks for at a rendezvous that was meant for something else, it gets.
func TestWrongGuess(t *testing.T) {
	one, two := &holder{name: "one", addr: "127.0.0.2", letters: "a"}, &holder{name: "two", addr: "127.0.0.3", letters: "b"}
	h, addr := serveHolders(t, distftp.Config{}, one, two)
	c := binary(t, addr)
	at := func() net.Conn {
		t.Helper()
		c.do("SIZE a", "213")
		return c.come(c.pasv())
	}
	if got := c.get(at(), "RETR b", "226"); got != "content of b" {
		t.Errorf("%q", got)
	}
	h.want(t, "RETR slave-relay two")
	if got := c.get(at(), "NLST d", "226"); got != "d/x\r\n" {
		t.Errorf("%q", got)
	}
	h.want(t, "NLST slave-relay listing")
	c.give(at(), "STOR new", "new content", "226")
	h.want(t, "STOR direct one")
	two.bound = true // so that it takes two relays
	if got := c.get(at(), "RETR b", "226"); got != "content of b" {
		t.Errorf("%q", got)
	}
	h.want(t, "RETR slave-relay two")
	at()
	c.do("RETR none", "550")
	c.do("SIZE a", "213") // and is not taken for one who does not come
	if at := c.pasv(); at.Addr().String() != "127.0.0.2" {
		t.Errorf("227 names %s", at)
	}
	c.do("PRET LIST", "200")
	if at := c.pasv(); at.Addr().String() != "127.0.0.1" {
		t.Errorf("after PRET LIST 227 names %s", at)
	}
}

// A client that refuses to go elsewhere is not told to again, for it may not say so.
func TestMismatch(t *testing.T) {
	_, addr := serveHolders(t, distftp.Config{})
	for _, way := range []string{"QUIT", "EPSV", "PORT", "gone"} {
		c := binary(t, addr)
		c.do("CLNT "+way, "200")
		c.do("SIZE a", "213")
		if at := c.pasv(); at.Addr().String() != "127.0.0.2" {
			t.Fatalf("%s: 227 names %s", way, at)
		}
		switch way {
		case "QUIT":
			c.do(way, "221")
			io.Copy(io.Discard, c.conn)
		case "gone":
			c.conn.(*net.TCPConn).CloseWrite()
			io.Copy(io.Discard, c.conn)
		case "EPSV":
			c.passive()
		case "PORT":
			c.listening(way)
		}
		c = binary(t, addr)
		c.do("CLNT "+way, "200")
		c.do("SIZE a", "213")
		if at := c.pasv(); at.Addr().String() != "127.0.0.1" {
			t.Errorf("%s: 227 names %s", way, at)
		}
	}
}

// tnftp refuses, too, and is known by what it asks for.
func TestShy(t *testing.T) {
	_, addr := serveHolders(t, distftp.Config{})
	for _, test := range []struct{ lines, want string }{
		{"SYST FEAT", "127.0.0.1"},
		{"SYST PWD", "127.0.0.2"},
		{"FEAT", "127.0.0.2"},
		{"SYST FEAT OPTS", "127.0.0.2"},
	} {
		c := binary(t, addr)
		for line := range strings.FieldsSeq(test.lines) {
			if line == "OPTS" {
				line = "OPTS UTF8 ON"
			}
			c.do(line, "2")
		}
		c.do("SIZE a", "213")
		if at := c.pasv(); at.Addr().String() != test.want {
			t.Errorf("after %s, 227 names %s", test.lines, at)
		}
		c.send("RETR a") // so that it does not count as one that does not come
	}
}

// A client that asks for addresses may be one that does not go where PASV says.
func TestCustomExtendedElsewhere(t *testing.T) {
	h, addr := serveHolders(t, distftp.Config{})
	c := binary(t, addr)
	c.do("SIZE a", "213")
	c.get(c.come(here(c.pasv())), "RETR a", "226")
	c.do("CEPR ON", "200")
	c.do("SIZE a", "213")
	var port int
	answer := c.do("EPSV", "229")
	if _, err := fmt.Sscanf(answer[strings.Index(answer, "("):], "(|1|127.0.0.2|%d|)", &port); err != nil {
		t.Fatalf("%q: %v", answer, err)
	}
	if got := c.get(c.come(netip.AddrPortFrom(netip.MustParseAddr("127.0.0.2"), uint16(port))), "RETR a", "226"); got != "content of a" {
		t.Errorf("%q", got)
	}
	h.want(t, "RETR direct one")
}

// What no holder can give comes from here, in the same transfer; but who went to a holder
// that is lost has to ask again.
func TestOtherwise(t *testing.T) {
	lost := func(h *holder) { h.down = data.ErrUnavailable }
	for _, test := range []struct {
		name  string
		fails func(*holder)
		come  func(*client) func() net.Conn
		from  string // "": nothing comes
		final string
		way   string
	}{
		{"active", lost, fromPort, "127.0.0.1", "226", "RETR local disk"},
		{"active, not reached after 150", func(h *holder) { h.back = true }, fromPort, "127.0.0.1", "226", "RETR relay one"},
		{"passive", lost, func(c *client) func() net.Conn {
			conn := c.passive()
			return func() net.Conn { return conn }
		}, "127.0.0.1", "226", "RETR local disk"},
		{"came here", lost, func(c *client) func() net.Conn {
			conn := c.come(here(c.invited()))
			return func() net.Conn { return conn }
		}, "127.0.0.1", "226", "RETR local disk"},
		{"comes here later", lost, func(c *client) func() net.Conn {
			at := here(c.invited())
			return func() net.Conn { return c.come(at) }
		}, "127.0.0.1", "226", "RETR local disk"},
		{"went there", lost, func(c *client) func() net.Conn { c.come(c.invited()); return nil }, "", "425", "RETR  "},
	} {
		t.Run(test.name, func(t *testing.T) {
			one := &holder{name: "one", addr: "127.0.0.2"}
			h, addr := serveHolders(t, distftp.Config{}, one)
			h.otherwise = true
			c := binary(t, addr)
			come := test.come(c)
			test.fails(one)
			c.send("RETR a")
			if come != nil {
				conn := come()
				from, _, _ := net.SplitHostPort(conn.RemoteAddr().String())
				c.want("150")
				if b, _ := io.ReadAll(conn); string(b) != "content of a" || from != test.from {
					t.Errorf("%q from %s", b, from)
				}
				conn.Close()
			}
			c.want(test.final)
			h.want(t, test.way)
		})
	}
}

// fromPort has a client listen, and returns what takes its connection.
func fromPort(c *client) func() net.Conn {
	ln := c.listening("PORT")
	return func() net.Conn {
		conn, _ := accepted(c.t, ln)
		return conn
	}
}

// invited has a client told to come elsewhere for a.
func (c *client) invited() netip.AddrPort {
	c.t.Helper()
	c.do("SIZE a", "213")
	at := c.pasv()
	if at.Addr().String() != "127.0.0.2" {
		c.t.Fatalf("227 names %s", at)
	}
	return at
}

func TestStoreElsewhere(t *testing.T) {
	for name, way := range map[string]func(*client) net.Conn{
		"direct one": func(c *client) net.Conn {
			c.do("PRET STOR new", "200")
			return c.come(c.pasv())
		},
		"direct one, not there before": func(c *client) net.Conn {
			c.do("SIZE new", "550")
			return c.come(c.pasv())
		},
		"relay one":       func(c *client) net.Conn { return c.passive() },
		"relay one, here": func(c *client) net.Conn { c.do("PRET STOR new", "200"); return c.come(here(c.pasv())) },
	} {
		t.Run(name, func(t *testing.T) {
			want, _, _ := strings.Cut(name, ",")
			h, addr := serveHolders(t, distftp.Config{})
			stored := func() string {
				b, _ := os.ReadFile(filepath.Join(h.dir, "new"))
				return string(b)
			}
			c := binary(t, addr)
			c.give(way(c), "STOR new", "some content", "226")
			h.want(t, "STOR "+want)
			if got := stored(); got != "some content" {
				t.Errorf("stored %q", got)
			}
			c.do("DELE new", "250")
			c.give(way(c), "APPE new", "some content", "226")
			c.do("REST 5", "350")
			c.give(c.passive(), "STOR new", "other", "226")
			if got := stored(); got != "some other" {
				t.Errorf("after REST: stored %q", got)
			}
			c.do("TYPE A", "200")
			c.give(c.passive(), "STOR new", "a\r\nb", "226")
			if got := stored(); got != "a\nb" {
				t.Errorf("TYPE A: stored %q", got)
			}

			// Who is gone has not meant it.
			c.do("TYPE I", "200")
			c.do("DELE new", "250")
			conn := way(c)
			c.send("STOR new")
			c.want("150")
			io.WriteString(conn, "half")
			c.conn.Close()
			conn.Close()
			c = binary(t, addr)
			for deadline := time.Now().Add(patience); h.last() != "STOR "+want && time.Now().Before(deadline); {
				c.do("NOOP", "200")
			}
			c.do("SIZE new", "550")
		})
	}
}

// A transfer is broken off wherever it takes place.
func TestAbortElsewhere(t *testing.T) {
	for _, way := range []string{"direct", "relay"} {
		t.Run(way, func(t *testing.T) {
			one := &holder{name: "one", addr: "127.0.0.2", hold: make(chan struct{})}
			h, addr := serveHolders(t, distftp.Config{}, one)
			c := binary(t, addr)
			c.do("SIZE big", "213")
			at := c.pasv()
			if way == "relay" {
				at = here(at)
			}
			conn := c.come(at)
			c.send("RETR big")
			c.want("150")
			if got := c.do("STAT", "211"); !strings.Contains(got, "Transfer: RETR /big, 0 of 4194304 bytes in ") || !strings.Contains(got, way+", one\r\n") {
				t.Errorf("STAT: %q", got)
			}
			c.do("ABOR", "426")
			c.want("226")
			if b, _ := io.ReadAll(conn); len(b) > 0 {
				t.Errorf("%d bytes", len(b))
			}
			h.want(t, "RETR "+way+" one")
			close(one.hold)
			if got := c.fetch("RETR a", "226"); got != "content of a" {
				t.Errorf("afterwards: %q", got)
			}
		})
	}
}

// So is one to which nobody has come yet.
func TestAbortUnmet(t *testing.T) {
	h, addr := serveHolders(t, distftp.Config{})
	c := binary(t, addr)
	for _, line := range []string{"RETR a", "STOR new", "LIST"} {
		c.do("CLNT "+line, "200")
		c.do("SIZE a", "213")
		c.pasv()
		c.send(line)
		c.do("ABOR", "426")
		c.want("226")
		h.want(t, line[:4]+"  "+map[string]string{"LIST": "listing"}[line])
	}
}

func TestHolderDies(t *testing.T) {
	for _, way := range []string{"direct", "relay"} {
		t.Run(way, func(t *testing.T) {
			_, addr := serveHolders(t, distftp.Config{}, &holder{name: "one", addr: "127.0.0.2", dies: 1 << 20})
			c := binary(t, addr)
			c.do("SIZE big", "213")
			at := c.pasv()
			if way == "relay" {
				at = here(at)
			}
			if got := c.get(c.come(at), "RETR big", "426"); len(got) != 1<<20 {
				t.Errorf("%d bytes", len(got))
			}
		})
	}
}

// A rendezvous that is lost leaves nobody waiting.
func TestRendezvousLost(t *testing.T) {
	one := &holder{name: "one", addr: "127.0.0.2"}
	_, addr := serveHolders(t, distftp.Config{}, one)
	c := binary(t, addr)
	c.do("SIZE a", "213")
	at := c.pasv()
	one.down = errors.New("holder is lost")
	c.come(at)
	begun := time.Now()
	c.do("RETR a", "425")
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("the answer took %v", took)
	}
	c.do("SIZE a", "213")
	if at := c.pasv(); at.Addr().String() != "127.0.0.1" {
		t.Errorf("227 names %s", at)
	}
}

// Nobody comes to either.
func TestNobodyComes(t *testing.T) {
	h, addr := serveHolders(t, distftp.Config{DataTimeout: 50 * time.Millisecond})
	c := binary(t, addr)
	for _, line := range []string{"RETR a", "LIST"} {
		c.do("CLNT "+line, "200")
		c.do("SIZE a", "213")
		c.pasv()
		c.do(line, "425")
	}
	c.fetch("RETR a", "226")
	h.want(t, "RETR relay one")
}

// Clients that accept connections from nowhere else close them without a word, after
// which a small file may count as sent; and nothing as all that was to be stored.
func TestPicky(t *testing.T) {
	h, addr := serveHolders(t, distftp.Config{})
	c := binary(t, addr)
	c.do("CLNT NcFTPGet 3.2.6 linux", "200")
	ln := c.listening("PORT")
	c.send("RETR a")
	if _, from := accepted(t, ln); from != "127.0.0.1" {
		t.Errorf("ncftp gets a connection from %s", from)
	}
	c.want("150")
	c.want("226")

	for name, replies := range map[string][]string{"a": {"426", "226"}, "new": {"226", "226"}} {
		c := binary(t, addr)
		c.do("CLNT "+name, "200")
		for i, want := range []string{"127.0.0.2", "127.0.0.1"} {
			ln := c.listening("PORT")
			c.send("STOR " + name)
			conn, from := accepted(t, ln)
			if from != want {
				t.Errorf("%s: connection %d comes from %s", name, i, from)
			}
			conn.Close()
			c.want("150")
			c.want(replies[i])
			if b, _ := os.ReadFile(filepath.Join(h.dir, name)); name == "a" && i == 0 && string(b) != "content of a" {
				t.Errorf("a is %q", b)
			}
		}
		h.want(t, "STOR relay one")
	}
}

// More than a user may store is not stored, wherever it comes.
func TestQuotaElsewhere(t *testing.T) {
	_, users := withUser(t, freshDatabase(t), account.Limits{Bytes: 10, Files: 4})
	h, addr := serveHolders(t, distftp.Config{Authenticator: users})
	c := dial(t, addr)
	c.loginAs("ann", "x", "230")
	c.do("TYPE I", "200")
	ways := []func() net.Conn{
		func() net.Conn { return c.passive() },
		func() net.Conn { c.do("PRET STOR new", "200"); return c.come(c.pasv()) },
	}
	for i, way := range ways {
		c.give(way(), "STOR new", "twelve bytes", "552")
		if _, err := os.Stat(filepath.Join(h.dir, "new")); err == nil {
			t.Errorf("%d: it is there", i)
		}
		c.give(way(), "STOR new", "ten bytes.", "226")
		c.do("DELE new", "250")
	}
}

func TestProtectedElsewhere(t *testing.T) {
	p := newProtected(t)
	for _, trusted := range []bool{false, true} {
		for _, mode := range []string{"PORT", "PASV"} {
			h, addr := serveHolders(t, distftp.Config{TLS: p.tls()})
			want := "RETR relay one"
			if trusted {
				h.tls, want = &tls.Config{Certificates: []tls.Certificate{*p.current.Load()}}, "RETR direct one"
			}
			c := dial(t, addr).secure(p.client())
			c.do("USER ftp", "331")
			c.do("PASS x", "230")
			c.do("TYPE I", "200")
			c.do("PBSZ 0", "200")
			c.do("PROT P", "200")
			var conn net.Conn
			if mode == "PORT" {
				ln := c.listening(mode)
				c.send("RETR a")
				conn, _ = accepted(t, ln)
			} else {
				c.do("SIZE a", "213")
				conn = c.come(c.pasv())
				c.send("RETR a")
			}
			c.want("150")
			secure := tls.Client(conn, p.client())
			if b, err := io.ReadAll(secure); string(b) != "content of a" || err != nil {
				t.Errorf("%v %s: %q, %v", trusted, mode, b, err)
			}
			conn.Close()
			c.want("226")
			h.want(t, want)
		}
	}
}

func TestChecksumElsewhere(t *testing.T) {
	_, addr := serveHolders(t, distftp.Config{}, &holder{name: "one", addr: "127.0.0.2", down: errors.New("holder is lost")}, &holder{name: "two", addr: "127.0.0.3"})
	c := binary(t, addr)
	c.do(`XCRC "a" 0 7`, "250 FEC530A9")
	c.do("XMD5 a", "250 ")
}
