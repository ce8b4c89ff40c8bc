package health

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"

	"mirrortracker/internal/mirror"
	"mirrortracker/internal/testbed"
)

// serve serves HTTP on an address until the end of the test.
func serve(t testing.TB, address string, handler http.HandlerFunc) (base string) {
	t.Helper()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: handler}}
	server.Start()
	t.Cleanup(server.Close)
	return server.URL + "/"
}

// raw serves what a function writes to each connection.
func raw(t testing.TB, talk func(net.Conn)) (base string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				if _, err := conn.Read(make([]byte, 4<<10)); err == nil { // the request, which must come first
					talk(conn)
				}
			}()
		}
	}()
	return "http://" + listener.Addr().String() + "/"
}

// a question about a file of 5 bytes, of a site that is tracked alone with others.
func ask(t testing.TB, base string, others ...string) *question {
	t.Helper()
	site := mirror.Site{Name: "a", URL: parse(t, "ftp://a.example/"), Serving: []mirror.URL{parse(t, base)}}
	sites := []mirror.Site{site}
	for i, other := range others {
		sites = append(sites, mirror.Site{Name: fmt.Sprint("other", i), URL: parse(t, other)})
	}
	return &question{site: site, url: site.Serving[0], hosts: hostsOf(sites), file: "/pub/file name", size: 5, whole: 10 * time.Second}
}

func verdictOf(t testing.TB, p *prober, q *question, want verdict, words string) {
	t.Helper()
	got := p.check(t.Context(), q)
	if got.verdict != want || !strings.Contains(got.reason, words) || (want == good) != (got.reason == "") || got.file != q.file {
		t.Errorf("%s: %v, %q; want %v, %q", q.url, got.verdict, got.reason, want, words)
	}
}

func sized(size string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodHead || r.URL.Path != "/pub/file name" {
			w.WriteHeader(http.StatusTeapot)
			return
		}
		w.Header().Set("Content-Length", size)
	}
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(code) }
}

func redirect(to string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", to)
		w.WriteHeader(http.StatusFound)
	}
}

func TestHTTP(t *testing.T) {
	p := newProber(&Config{Options: DefaultOptions()})
	target := serve(t, "127.0.0.1:0", sized("5"))
	for name, c := range map[string]struct {
		serve http.HandlerFunc
		want  verdict
		words string
	}{
		"as it should be":      {sized("5"), good, ""},
		"another size":         {sized("6"), missing, "/pub/file name has 6 bytes, not 5"},
		"not found":            {status(404), missing, "404 Not Found"},
		"gone":                 {status(410), missing, "410 Gone"},
		"forbidden":            {status(403), failed, "403 Forbidden"},
		"server error":         {status(500), failed, "500"},
		"unavailable":          {status(503), failed, "503"},
		"too many requests":    {status(429), busy, "429"},
		"strange status":       {status(299), failed, "299"},
		"redirect":             {redirect(target + "pub/file%20name"), good, ""},
		"to nowhere":           {redirect(""), failed, "302"},
		"to a private address": {redirect("http://10.0.0.1/pub/file"), failed, "10.0.0.1, which is no tracked host"},
		"to an untracked host": {redirect("http://evil.example/pub/file"), failed, "evil.example, which is no tracked host"},
		"to an untracked port": {redirect("http://127.0.0.1:1/pub/file"), failed, "127.0.0.1:1, which is no tracked host"},
		"to a file":            {redirect("file:///etc/passwd"), failed, "neither http nor https"},
		"with a user":          {redirect(strings.Replace(target, "//", "//me:secret@", 1)), failed, "with a user"},
		"in a circle":          {func(w http.ResponseWriter, r *http.Request) { redirect("http://"+r.Host+r.URL.Path)(w, r) }, failed, "more than 5 times"},
		"size not told": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Transfer-Encoding", "chunked")
		}, good, ""},
		"encoded": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			w.Header().Set("Content-Length", "3")
		}, good, ""},
		"no HEAD": {func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodHead {
				w.WriteHeader(http.StatusMethodNotAllowed)
				return
			}
			http.ServeContent(w, r, "", time.Time{}, strings.NewReader("hello"))
		}, good, ""},
		"no HEAD and another size": {func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodHead {
				w.WriteHeader(http.StatusNotImplemented)
				return
			}
			http.ServeContent(w, r, "", time.Time{}, strings.NewReader("hello, world"))
		}, missing, "has 12 bytes"},
		"neither HEAD nor ranges": {func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodHead {
				w.WriteHeader(http.StatusMethodNotAllowed)
				return
			}
			fmt.Fprint(w, "hello")
		}, good, ""},
		"neither HEAD nor GET": {status(405), failed, "405"},
		"huge header":          {func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X", strings.Repeat("x", 2*maxHeader)) }, failed, "header"},
	} {
		t.Run(name, func(t *testing.T) {
			base := serve(t, "127.0.0.1:0", c.serve)
			verdictOf(t, p, ask(t, base, target), c.want, c.words)
		})
	}
}

// The base alone is asked where no file is known.
func TestBase(t *testing.T) {
	p := newProber(&Config{Options: DefaultOptions()})
	for code, want := range map[int]verdict{200: good, 403: good, 401: good, 404: missing, 500: failed, 429: busy} {
		q := ask(t, serve(t, "127.0.0.1:0", status(code)))
		q.file, q.size = "", 0
		verdictOf(t, p, q, want, "")
	}
}

// A server that says too little or too much takes no longer and no more than allowed.
func TestHostileServers(t *testing.T) {
	p := newProber(&Config{Options: DefaultOptions()})
	endless := func(start, text string, pause time.Duration) func(net.Conn) {
		return func(conn net.Conn) {
			fmt.Fprint(conn, start)
			for {
				if _, err := fmt.Fprint(conn, text); err != nil {
					return
				}
				<-time.After(pause)
			}
		}
	}
	for name, c := range map[string]struct {
		talk  func(net.Conn)
		words string
	}{
		"silent":              {func(conn net.Conn) { conn.Read(make([]byte, 1)) }, "no answer within 300ms"},
		"one byte at a time":  {endless("", "x", 10*time.Millisecond), "no answer within 300ms"},
		"header without end":  {endless("HTTP/1.1 200 OK\r\n", "X: "+strings.Repeat("x", 1000)+"\r\n", 0), "header"},
		"closes":              {func(net.Conn) {}, "EOF"},
		"garbage":             {func(conn net.Conn) { fmt.Fprint(conn, "\x00\x1b[31mboo\r\n\r\n") }, "malformed"},
		"interim without end": {endless("", "HTTP/1.1 103 Early Hints\r\n\r\n", 0), ""},
		"negative length":     {func(conn net.Conn) { fmt.Fprint(conn, "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n") }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			q := ask(t, raw(t, c.talk))
			q.whole = 300 * time.Millisecond
			began := time.Now()
			verdictOf(t, p, q, failed, c.words)
			if took := time.Since(began); took > 3*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

// names is a Lookup over a table.
type names map[string][]string

func (n names) lookup(_ context.Context, f Family, host string) (addrs []netip.Addr, err error) {
	for _, text := range n[host] {
		if a := netip.MustParseAddr(text); FamilyOf(a) == f {
			addrs = append(addrs, a)
		}
	}
	if addrs == nil {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	return addrs, nil
}

func TestNames(t *testing.T) {
	base := serve(t, "127.0.0.1:0", sized("5"))
	port := base[strings.LastIndexByte(base, ':')+1:]
	table := names{
		"inside.example":   {"127.0.0.1"},
		"both.example":     {"127.0.0.1", "2001:db8::1"},
		"six.example":      {"::1"},
		"second.example":   {"127.0.0.9", "127.0.0.1"},
		"mapped.example":   {"::ffff:127.0.0.1"},
		"relative.example": {"10.0.0.1"},
	}
	p := newProber(&Config{Options: DefaultOptions(), Lookup: table.lookup})
	in := func(host string, f Family) *question {
		q := ask(t, "http://"+host+":"+port)
		q.family = f
		return q
	}
	verdictOf(t, p, in("inside.example", IPv4), failed, "inside.example is 127.0.0.1, a private or special address")
	verdictOf(t, p, in("mapped.example", IPv4), failed, "a private or special address")
	verdictOf(t, p, in("inside.example", IPv6), absent, "inside.example has no ipv6 address")
	verdictOf(t, p, in("six.example", IPv4), absent, "six.example has no ipv4 address")
	verdictOf(t, p, in("none.example", IPv4), failed, "no such host")
	verdictOf(t, p, in("127.0.0.1", IPv6), absent, "127.0.0.1 has no ipv6 address")
	verdictOf(t, p, in("[::1]", IPv4), absent, "::1 has no ipv4 address")
	p.allowed = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	verdictOf(t, p, in("inside.example", IPv4), good, "")
	verdictOf(t, p, in("second.example", IPv4), good, "")
	inward := in("inside.example", IPv4)
	inward.url, inward.hosts = parse(t, serveAs(t, "inside.example", redirect(base+"pub/file%20name"))), hostsOf([]mirror.Site{{URL: parse(t, base)}})
	verdictOf(t, p, inward, good, "") // by its address into a network that will do
	verdictOf(t, p, in("relative.example", IPv4), failed, "10.0.0.1, a private or special address")

	// A tracked name on a public address may not lead inside by a redirect either, even
	// to where another site is.
	q := in("inside.example", IPv4)
	q.url = parse(t, serveAs(t, "inside.example", redirect("http://10.0.0.1/file")))
	q.hosts.names["10.0.0.1"] = true
	verdictOf(t, p, q, failed, "10.0.0.1, a private or special address")
	q.url = parse(t, serveAs(t, "inside.example", redirect("http://relative.example/file")))
	q.hosts.names["relative.example"] = true
	verdictOf(t, p, q, failed, "relative.example is 10.0.0.1, a private or special address")
}

// serveAs serves on the loopback address and returns the URL with another host.
func serveAs(t testing.TB, host string, handler http.HandlerFunc) string {
	return strings.Replace(serve(t, "127.0.0.1:0", handler), "127.0.0.1", host, 1)
}

// A name that leads outside when it is looked at and inside when it is dialled does not
// get there: what is looked up once is what is dialled.
func TestRebinding(t *testing.T) {
	reached := false
	base := serveAs(t, "turn.example", func(http.ResponseWriter, *http.Request) { reached = true })
	turns := 0
	p := newProber(&Config{Options: DefaultOptions(), Lookup: func(context.Context, Family, string) ([]netip.Addr, error) {
		turns++
		if turns%2 == 1 {
			return []netip.Addr{netip.MustParseAddr("192.0.2.1")}, nil
		}
		return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
	}})
	for range 4 {
		verdictOf(t, p, ask(t, base), failed, "a private or special address")
	}
	if reached {
		t.Error("the inside was reached")
	}
	d := dialer{lookup: p.lookup, connect: time.Second}
	if _, err := d.dial(t.Context(), netip.MustParseAddrPort("127.0.0.1:1")); err == nil || !strings.Contains(err.Error(), "special address") {
		t.Errorf("the address that is dialled is not looked at: %v", err)
	}
}

func TestIPv6(t *testing.T) {
	q := ask(t, serve(t, "[::1]:0", sized("5")))
	q.family = IPv6
	p := newProber(&Config{Options: DefaultOptions()})
	verdictOf(t, p, q, good, "")
	q.family = IPv4
	verdictOf(t, p, q, absent, "::1 has no ipv4 address")
}

// Where we have no network of a family, that says nothing about sites.
func TestNoNetwork(t *testing.T) {
	p := newProber(&Config{Options: DefaultOptions()})
	q := ask(t, "http://a.example/")
	err := fmt.Errorf("dial: %w", syscall.ENETUNREACH)
	for _, routed := range []bool{true, false} {
		p.routed = func(Family) bool { return routed }
		want := failed
		if !routed {
			want = ours
		}
		if got := p.because(q, err); got.verdict != want {
			t.Errorf("with a network: %v, %v", routed, got)
		}
		if got := p.because(q, syscall.ECONNREFUSED); got.verdict != failed {
			t.Errorf("refused: %v", got)
		}
	}
}

func TestTLS(t *testing.T) {
	authority := testbed.NewAuthority(t)
	serveTLS := func(certificate *tls.Certificate) string {
		server := httptest.NewUnstartedServer(sized("5"))
		server.Config.ErrorLog = log.New(io.Discard, "", 0)
		server.TLS = &tls.Config{Certificates: []tls.Certificate{*certificate}}
		server.StartTLS()
		t.Cleanup(server.Close)
		return server.URL + "/"
	}
	tomorrow := time.Now().AddDate(0, 0, 1)
	p := newProber(&Config{Options: DefaultOptions()})
	sound := serveTLS(authority.Issue(t, tomorrow, "127.0.0.1"))
	verdictOf(t, p, ask(t, sound), failed, "certificate")
	p.roots = authority.Pool
	verdictOf(t, p, ask(t, sound), good, "")
	verdictOf(t, p, ask(t, serveTLS(authority.Issue(t, tomorrow, "other.example"))), failed, "certificate")
	verdictOf(t, p, ask(t, serveTLS(authority.Issue(t, time.Now().Add(-time.Hour), "127.0.0.1"))), failed, "expired")
	verdictOf(t, p, ask(t, strings.Replace(serve(t, "127.0.0.1:0", sized("5")), "http", "https", 1)), failed, "HTTP")
}

func TestSpecial(t *testing.T) {
	for text, want := range map[string]bool{
		"8.8.8.8": false, "2600::1": false, "64:ff9b::8.8.8.8": false, "::ffff:8.8.8.8": false,
		"127.0.0.1": true, "::1": true, "10.1.2.3": true, "172.31.0.1": true, "192.168.59.1": true, "169.254.169.254": true,
		"100.64.0.1": true, "0.0.0.0": true, "::": true, "224.0.0.1": true, "255.255.255.255": true, "fe80::1": true, "fe80::1%eth0": true,
		"fd00::1": true, "ff02::1": true, "64:ff9b::10.0.0.1": true, "::ffff:10.0.0.1": true, "2001:db8::1": true, "2002:a00:1::": true,
	} {
		if got := isSpecial(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}

// FuzzReason sees to it that nothing a server says gets into logs as it is.
func FuzzReason(f *testing.F) {
	f.Add("a\x1b[31m\nb\xff")
	f.Add(strings.Repeat("é", maxReason))
	f.Fuzz(func(t *testing.T, text string) {
		got := clean(text)
		if len(got) > maxReason+len("...") || strings.ContainsFunc(got, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			t.Errorf("%q", got)
		}
	})
}
