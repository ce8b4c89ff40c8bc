package distftp_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mirrortracker/internal/distftp"
	"mirrortracker/internal/distftp/control"
	"mirrortracker/internal/testbed"
)

// A protected server's certificate, and who trusts it.
type protected struct {
	*testbed.Authority
	current atomic.Pointer[tls.Certificate]
}

func newProtected(t testing.TB) *protected {
	p := &protected{Authority: testbed.NewAuthority(t)}
	p.current.Store(p.Issue(t, time.Now().Add(time.Hour), "127.0.0.1", "localhost"))
	return p
}

func (p *protected) tls() *control.TLS {
	return &control.TLS{Certificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return p.current.Load(), nil }}
}

// client is the configuration of one client, which keeps sessions for reuse.
func (p *protected) client() *tls.Config {
	return &tls.Config{ServerName: "127.0.0.1", RootCAs: p.Pool, ClientSessionCache: tls.NewLRUClientSessionCache(4)}
}

// secure puts a client under TLS.
func (c *client) secure(config *tls.Config) *client {
	c.t.Helper()
	c.do("AUTH TLS", "234")
	c.shake(config)
	return c
}

func (c *client) shake(config *tls.Config) {
	c.t.Helper()
	conn := tls.Client(c.conn, config)
	conn.SetDeadline(time.Now().Add(patience))
	if err := conn.Handshake(); err != nil {
		c.t.Fatal(err)
	}
	c.conn, c.r = conn, bufio.NewReader(conn)
}

// fetchSecure does a whole passive transfer under TLS. It reports whether the session
// was resumed.
func (c *client) fetchSecure(config *tls.Config, line, final string) (string, bool) {
	c.t.Helper()
	conn := c.passive()
	c.send(line)
	c.want("150")
	secure := tls.Client(conn, config)
	b, err := io.ReadAll(secure)
	if final == "226" && err != nil {
		c.t.Errorf("%q: data: %v", line, err)
	}
	c.want(final)
	return string(b), secure.ConnectionState().DidResume
}

func TestExplicitTLS(t *testing.T) {
	p := newProtected(t)
	dir := site(t)
	plant(t, dir, map[string]string{"big": strings.Repeat("0123456789abcdef", 1<<16)})
	addr := serve(t, distftp.Config{FS: openFolder(t, dir), TLS: p.tls()})
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		t.Run(tls.VersionName(version), func(t *testing.T) {
			c, config := dial(t, addr), p.client()
			config.MaxVersion = version
			c.do("PBSZ 0", "503")
			c.do("PROT P", "503")
			c.do("CCC", "533")
			c.do("AUTH KERBEROS", "504")
			c.do("USER anonymous", "331")
			c.secure(config)
			c.do("AUTH TLS", "503")
			c.do("PASS x", "503") // what was said in the clear is forgotten
			c.do("USER anonymous", "331")
			c.do("PASS x", "230")
			c.do("CCC", "534")
			c.do("PBSZ x", "501")
			c.do("PBSZ 0", "200 PBSZ=0")
			c.do("PROT S", "536")
			c.do("PROT X", "504")
			if got := c.fetch("RETR README", "226"); got != "hello\r\nworld\r\n" {
				t.Errorf("PROT C: %q", got)
			}
			c.do("PROT P", "200")
			if got := c.do("FEAT", "211-"); !strings.Contains(got, " AUTH TLS\r\n") || !strings.Contains(got, " PROT\r\n") {
				t.Errorf("FEAT: %q", got)
			}
			got, resumed := c.fetchSecure(config, "RETR README", "226")
			if got != "hello\r\nworld\r\n" || !resumed {
				t.Errorf("PROT P: %q, session resumed: %t", got, resumed)
			}
			c.do("TYPE I", "200")
			if got, resumed := c.fetchSecure(config, "RETR big", "226"); len(got) != 1<<20 || !resumed {
				t.Errorf("PROT P: %d bytes, session resumed: %t", len(got), resumed)
			}
			c.do("RANG 300000 600000", "350")
			if got, _ := c.fetchSecure(config, "RETR big", "226"); len(got) != 300001 || got[0] != '0' {
				t.Errorf("RANG under TLS: %d bytes", len(got))
			}
			if got, _ := c.fetchSecure(config, "NLST pub/empty", "226"); got != "" {
				t.Errorf("NLST: %q", got)
			}

			// Who does not begin a handshake gets nothing.
			conn := c.passive()
			c.do("RETR README", "150")
			io.WriteString(conn, "GET / HTTP/1.0\r\n\r\n")
			c.want("522")
			c.do("PROT C", "200")
			if got := c.fetch("RETR README", "226"); got != "hello\nworld\n" {
				t.Errorf("PROT C again: %q", got)
			}
			c.do("QUIT", "221")
			if rest, err := io.ReadAll(c.r); len(rest) > 0 || err != nil {
				t.Errorf("after 221: %q, %v", rest, err) // an end without a farewell is an error
			}
		})
	}
}

func TestImplicitTLS(t *testing.T) {
	p := newProtected(t)
	addr := serveDoors(t, distftp.Config{FS: openFolder(t, site(t)), TLS: p.tls(), MaxSessions: 1}, control.Door{Implicit: true})[0]
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	c, config := &client{t: t, conn: conn}, p.client()
	c.shake(config)
	c.want("220")
	c.do("USER anonymous", "331")
	c.do("PASS x", "230")
	if got, resumed := c.fetchSecure(config, "RETR README", "226"); got != "hello\r\nworld\r\n" || !resumed {
		t.Errorf("%q, session resumed: %t", got, resumed)
	}
	second, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	second.SetDeadline(time.Now().Add(patience))
	if b, err := io.ReadAll(second); len(b) > 0 || err != nil {
		t.Errorf("too many, under TLS: %q, %v", b, err)
	}
}

func TestImplicitNeedsCertificate(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	err = distftp.New(distftp.Config{FS: brokenFS{}}).ServeDoors(t.Context(),
		distftp.Door{Listener: ln, Door: control.Door{Implicit: true}})
	if err == nil || !strings.Contains(err.Error(), ln.Addr().String()) {
		t.Errorf("error %v", err)
	}
}

// What somebody on the way puts behind AUTH must not count as said under TLS.
func TestInjectionBeforeTLS(t *testing.T) {
	p := newProtected(t)
	c := dial(t, serve(t, distftp.Config{FS: openFolder(t, site(t)), TLS: p.tls()}))
	c.raw("AUTH TLS\r\nUSER anonymous\r\n")
	c.want("503")
	c.want("331")
	c.raw("AUTH TLS\r\nUSER")
	c.want("503")
}

// With RequireReuse a data connection must resume the TLS session of its own control
// connection, be it a new one or one that was itself resumed.
func TestSessionReuse(t *testing.T) {
	p := newProtected(t)
	strict := p.tls()
	strict.RequireReuse, strict.RequireData, strict.RequireControl = true, true, true
	addr := serve(t, distftp.Config{FS: openFolder(t, site(t)), TLS: strict})
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		t.Run(tls.VersionName(version), func(t *testing.T) {
			config := p.client()
			config.MaxVersion = version
			for _, resumed := range []bool{false, true} {
				c := dial(t, addr)
				c.do("USER anonymous", "530 Protect")
				c.secure(config)
				if got := c.conn.(*tls.Conn).ConnectionState().DidResume; got != resumed {
					t.Errorf("control connection resumed: %t, want %t", got, resumed)
				}
				c.do("USER anonymous", "331")
				c.do("PASS x", "230")
				c.do("EPSV", "229")
				c.do("RETR README", "521")
				c.do("PROT C", "534")
				c.do("PROT P", "200")
				for range 3 {
					if got, _ := c.fetchSecure(config, "RETR README", "226"); got != "hello\r\nworld\r\n" {
						t.Errorf("%q", got)
					}
				}
				other := p.client()
				other.MaxVersion = version
				c.fetchSecure(other, "RETR README", "522")
				dial(t, addr).secure(other) // a session, but not this one's
				if got, _ := c.fetchSecure(other, "RETR README", "522"); got != "" {
					t.Errorf("another session got %q", got)
				}
			}
		})
	}
}

// A client that only sends is shown no ticket, which it might leave unread and so lose
// what it sent; it can resume a session all the same. Where it must, it gets tickets.
func TestTicketsOfUploads(t *testing.T) {
	for _, reuse := range []bool{false, true} {
		t.Run(fmt.Sprintf("reuse %t", reuse), func(t *testing.T) {
			p := newProtected(t)
			protection := p.tls()
			protection.RequireReuse = reuse
			dir := t.TempDir()
			cache := &countingCache{ClientSessionCache: tls.NewLRUClientSessionCache(4)}
			config := p.client()
			config.ClientSessionCache = cache
			c := dial(t, serve(t, distftp.Config{FS: openFolder(t, dir), TLS: protection, Access: control.ReadWrite})).secure(config)
			c.do("USER anonymous", "331")
			c.do("PASS x", "230")
			c.do("PROT P", "200")
			cache.put.Store(0)
			for _, name := range []string{"one", "two"} {
				conn := c.passive()
				c.send("STOR " + name)
				c.want("150")
				secure := tls.Client(conn, config)
				if _, err := io.WriteString(secure, name); err != nil {
					t.Fatal(err)
				}
				if err := secure.CloseWrite(); err != nil {
					t.Error(err)
				}
				io.Copy(io.Discard, secure) // what else there is: a ticket, the farewell
				c.want("226")
				if !secure.ConnectionState().DidResume {
					t.Errorf("%s did not resume the session", name)
				}
				if got := content(t, dir, name); got != name {
					t.Errorf("%s: %q", name, got)
				}
			}
			if got := cache.put.Load() > 0; got != reuse {
				t.Errorf("tickets on data connections: %t, want %t", got, reuse)
			}
		})
	}
}

// A countingCache counts the tickets that a client gets.
type countingCache struct {
	tls.ClientSessionCache
	put atomic.Int32
}

// Put implements [tls.ClientSessionCache].
func (c *countingCache) Put(key string, s *tls.ClientSessionState) {
	c.put.Add(1)
	c.ClientSessionCache.Put(key, s)
}

// A renewed certificate is shown from the next connection on; sessions go on.
func TestRenewedCertificate(t *testing.T) {
	p := newProtected(t)
	addr := serve(t, distftp.Config{FS: openFolder(t, site(t)), TLS: p.tls()})
	c, config := dial(t, addr), p.client()
	c.secure(config)
	c.do("USER ftp", "331")
	c.do("PASS x", "230")
	c.do("PROT P", "200")
	renewed := newProtected(t)
	p.current.Store(renewed.current.Load())
	dial(t, addr).secure(renewed.client())
	c.do("NOOP", "200")
	if _, resumed := c.fetchSecure(config, "RETR README", "226"); !resumed {
		t.Error("the session was not resumed")
	}
	c.fetchSecure(&tls.Config{ServerName: "localhost", RootCAs: renewed.Pool}, "RETR README", "226")
}

// ABOR and STAT come through while data flow under TLS, and a client that leaves stops
// its transfer.
func TestAbortUnderTLS(t *testing.T) {
	p := newProtected(t)
	dir := t.TempDir()
	hugeFile(t, dir)
	addr := serve(t, distftp.Config{FS: openFolder(t, dir), TLS: p.tls()})
	config := p.client()
	begin := func() (*client, io.Reader) {
		c := dial(t, addr).secure(config)
		c.do("USER ftp", "331")
		c.do("PASS x", "230")
		c.do("PROT P", "200")
		c.do("TYPE I", "200")
		conn := c.passive()
		c.do("RETR huge", "150")
		secure := tls.Client(conn, config)
		if _, err := io.ReadFull(secure, make([]byte, 100_000)); err != nil {
			t.Fatal(err)
		}
		return c, secure
	}
	c, _ := begin()
	c.do("STAT", "211-")
	c.raw("\xff\xf4\xff\xf2ABOR\r\n")
	c.want("426")
	c.want("226")
	c.do("NOOP", "200")
	c, data := begin()
	c.conn.Close()
	io.Copy(io.Discard, data)
}

// Who does not begin or end the handshake does not stay.
func TestHandshakeTimeout(t *testing.T) {
	p := newProtected(t)
	addr := serve(t, distftp.Config{FS: openFolder(t, t.TempDir()), TLS: p.tls(), LoginTimeout: 200 * time.Millisecond})
	c := dial(t, addr)
	c.do("AUTH TLS", "234")
	c.conn.SetReadDeadline(time.Now().Add(patience))
	if b, err := io.ReadAll(c.r); len(b) > 0 || err != nil {
		t.Errorf("%q, %v", b, err)
	}
}

// Servers among themselves: one of the two plays the client in the handshake.
func TestReversedHandshake(t *testing.T) {
	p := newProtected(t)
	c, config := dial(t, serve(t, distftp.Config{FS: openFolder(t, site(t)), TLS: p.tls()})), p.client()
	c.do("USER ftp", "331")
	c.do("PASS x", "230")
	c.do("SSCN ON", "503")
	c.do("CPSV", "503")
	c.secure(config)
	c.do("USER ftp", "331")
	c.do("PASS x", "230")
	c.do("CPSV", "503")
	c.do("PROT P", "200")
	fetch := func(port int) {
		t.Helper()
		conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		c.do("RETR README", "150")
		conn.SetDeadline(time.Now().Add(patience))
		server := tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{*p.current.Load()}})
		if b, err := io.ReadAll(server); string(b) != "hello\r\nworld\r\n" || err != nil {
			t.Errorf("%q, %v", b, err)
		}
		c.want("226")
	}
	passive := func(verb string) int {
		t.Helper()
		var h [4]int
		var high, low int
		got := c.do(verb, "227")
		if _, err := fmt.Sscanf(got[strings.IndexByte(got, '('):], "(%d,%d,%d,%d,%d,%d)", &h[0], &h[1], &h[2], &h[3], &high, &low); err != nil {
			t.Fatalf("%q: %v", got, err)
		}
		return high<<8 | low
	}
	fetch(passive("CPSV"))
	c.do("SSCN", "200 SSCN:SERVER METHOD")
	c.do("SSCN ON", "200 SSCN:CLIENT METHOD")
	fetch(passive("PASV"))
	c.do("SSCN MAYBE", "501")
	c.do("SSCN OFF", "200 SSCN:SERVER METHOD")
	c.do("CPSV", "227")
	if got, _ := c.fetchSecure(config, "RETR README", "226"); got != "hello\r\nworld\r\n" { // EPSV takes CPSV's place
		t.Errorf("%q", got)
	}
}

// The end of the server is said under TLS, too.
func TestShutdownUnderTLS(t *testing.T) {
	p := newProtected(t)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- distftp.New(distftp.Config{FS: brokenFS{}, TLS: p.tls()}).Serve(ctx, ln) }()
	c := dial(t, ln.Addr().String()).secure(p.client())
	c.do("NOOP", "200")
	cancel()
	c.want("421")
	if _, err := c.r.ReadByte(); err != io.EOF {
		t.Errorf("after 421: %v", err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}
