package ftpconn

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"mirrortracker/internal/ftpconn/ftpscript"
	"mirrortracker/internal/testbed"
)

func TestTLS(t *testing.T) {
	t.Parallel()
	authority := testbed.NewAuthority(t)
	certificate := authority.Issue(t, time.Now().Add(time.Hour), "127.0.0.1")
	secure := ftpscript.Secure(&tls.Config{Certificates: []tls.Certificate{*certificate}})
	for mode, s := range map[TLSMode]script{
		ExplicitTLS: {"AUTH TLS": secure, "LIST": nameDir, "STAT": tellDir},
		ImplicitTLS: {ftpscript.Greeting: secure, "LIST": nameDir, "STAT": tellDir},
	} {
		server := ftpscript.Start(t, s)
		trust := &tls.Config{RootCAs: authority.Pool}
		c := connect(t, Config{Addr: server.Addr, TLS: mode, TLSConfig: trust})
		for range 3 {
			if text, _, err := c.Fetch(t.Context(), "LIST", 1000); err != nil || string(text) != "in /" {
				t.Fatalf("%s: %q, %v", mode, text, err)
			}
		}
		if _, err := inPipeline(t.Context(), c, dirs(100), 1000); err != nil {
			t.Errorf("%s: %v", mode, err)
		}
		got := strings.Join(server.Commands(), ", ")
		if want := "USER anonymous, PASS mirrortracker@, FEAT, TYPE I, PBSZ 0, PROT P, FEAT, EPSV, LIST, "; !strings.Contains(got, want) || strings.HasPrefix(got, "AUTH TLS, ") != (mode == ExplicitTLS) {
			t.Errorf("%s: commands %.200s", mode, got)
		}
		if trust.ClientSessionCache != nil || trust.ServerName != "" {
			t.Errorf("%s: the caller's configuration was changed", mode)
		}
	}
}

func TestTLSErrors(t *testing.T) {
	t.Parallel()
	authority := testbed.NewAuthority(t)
	inAnHour, anHourAgo := time.Now().Add(time.Hour), time.Now().Add(-time.Hour)
	auth := func(end time.Time, host string) script {
		certificate := authority.Issue(t, end, host)
		return script{"AUTH TLS": ftpscript.Secure(&tls.Config{Certificates: []tls.Certificate{*certificate}})}
	}
	with := func(s script, command string, act ftpscript.Act) script {
		s[command] = act
		return s
	}
	good := func() script { return auth(inAnHour, "127.0.0.1") }
	trust := &tls.Config{RootCAs: authority.Pool}
	refused := func(command string) func(error) bool {
		return func(err error) bool {
			no, ok := errors.AsType[*ReplyError](err)
			return ok && no.Command == command
		}
	}
	tests := []struct {
		name   string
		script script
		config *tls.Config
		err    func(error) bool // nil for none
	}{
		{"trusted", good(), trust, nil},
		{"unknown authority", good(), nil, is[x509.UnknownAuthorityError]},
		{"without trust", good(), &tls.Config{InsecureSkipVerify: true}, nil},
		{"another's name", auth(inAnHour, "mirror.example"), trust, is[x509.HostnameError]},
		{"another's name, as told", auth(inAnHour, "mirror.example"), &tls.Config{RootCAs: authority.Pool, ServerName: "mirror.example"}, nil},
		{"expired", auth(anHourAgo, "127.0.0.1"), trust, is[x509.CertificateInvalidError]},
		{"no AUTH", script{}, trust, refused("AUTH")},
		{"AUTH refused", script{"AUTH TLS": ftpscript.Say("534 not today")}, trust, refused("AUTH")},
		{"no PROT P", with(good(), "PROT", ftpscript.Say("536 only in clear")), trust, refused("PROT")},
		{"no PBSZ", with(good(), "PBSZ", ftpscript.Say("503 no")), trust, refused("PBSZ")},
		{"said before TLS", script{"AUTH TLS": ftpscript.Say("234 go on", "230 welcome, said somebody")}, trust, is[*OutOfStepError]},
		{"half said before TLS", script{"AUTH TLS": func(s *ftpscript.Session) { s.Send("234 go on\r\n230 welc"); s.AwaitEnd() }}, trust, func(err error) bool { return strings.Contains(err.Error(), "nobody asked") }},
		{"not TLS", script{"AUTH TLS": func(s *ftpscript.Session) { s.Reply("234 go on"); s.Await(); s.Reply("hello, hello") }}, trust, is[tls.RecordHeaderError]},
		{"ends in the handshake", script{"AUTH TLS": func(s *ftpscript.Session) { s.Reply("234 go on"); s.Close() }}, trust, func(error) bool { return true }},
		{"silent in the handshake", script{"AUTH TLS": func(s *ftpscript.Session) { s.Reply("234 go on"); s.AwaitEnd() }}, trust, timedOut},
		{"slow in the handshake", script{"AUTH TLS": func(s *ftpscript.Session) {
			s.Reply("234 go on")
			io.ReadFull(s, make([]byte, 5)) // it has begun
			s.Send("\x16\x03\x03\x40\x00")  // a record of 16 KiB is to follow
			trickle(s.Send, func() {})
		}}, trust, timedOut},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server := ftpscript.Start(t, test.script)
			timeout := time.Minute
			if strings.Contains(test.name, "in the handshake") {
				timeout = 100 * time.Millisecond
			}
			c, err := Dial(t.Context(), Config{Addr: server.Addr, TLS: ExplicitTLS, TLSConfig: test.config, Timeout: timeout})
			if err == nil {
				defer c.Close()
			}
			if (err == nil) != (test.err == nil) || err != nil && !test.err(err) {
				t.Errorf("error %v", err)
			}
			if err != nil && server.Count("USER") > 0 && server.Count("PBSZ") == 0 {
				t.Errorf("logged in all the same: %q", server.Commands())
			}
		})
	}
}

// is reports whether an error is of a type.
func is[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

// A handshake on a data connection is bounded, too.
func TestTLSData(t *testing.T) {
	t.Parallel()
	authority := testbed.NewAuthority(t)
	certificate := authority.Issue(t, time.Now().Add(time.Hour), "127.0.0.1")
	server := ftpscript.Start(t, script{
		"AUTH TLS": ftpscript.Secure(&tls.Config{Certificates: []tls.Certificate{*certificate}}),
		"LIST":     func(s *ftpscript.Session) { s.Reply("150 soon"); s.AwaitEnd() },
	})
	c := connect(t, Config{Addr: server.Addr, TLS: ExplicitTLS, TLSConfig: &tls.Config{RootCAs: authority.Pool}})
	hurry(c)
	if _, _, err := c.Fetch(t.Context(), "LIST", 1000); !timedOut(err) || !strings.Contains(err.Error(), "data connection: TLS handshake") {
		t.Errorf("error %v", err)
	}
}

// Wherever a session in TLS is cut off, there is an error, or else the listing is
// whole. (Every byte would take a minute of handshakes.)
func TestTLSCut(t *testing.T) {
	t.Parallel()
	authority := testbed.NewAuthority(t)
	certificate := authority.Issue(t, time.Now().Add(time.Hour), "127.0.0.1")
	server := ftpscript.Start(t, script{
		"AUTH TLS": ftpscript.Secure(&tls.Config{Certificates: []tls.Certificate{*certificate}}),
		"LIST":     nameDir,
	})
	cfg := Config{Addr: server.Addr, TLS: ExplicitTLS, TLSConfig: &tls.Config{RootCAs: authority.Pool}}
	total := 0
	cfg.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, addr)
		return countingConn{conn, &total}, err
	}
	if _, err := fetchOnce(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	cfg.Dial = nil
	// The last record is the server's close of a connection that we leave, and lengths
	// vary a little with the signatures.
	for n := 0; n < total-200; n += 29 {
		server.CutAfter(n, n%2 == 0)
		got, err := fetchOnce(t.Context(), cfg)
		if err == nil && string(got) != "in /" || err != nil && got != nil {
			t.Fatalf("cut after %d of %d bytes: %q, %v", n, total, got, err)
		}
	}
}

// The server sees a clean end of the data connection.
func TestTLSEnds(t *testing.T) {
	t.Parallel()
	authority := testbed.NewAuthority(t)
	certificate := authority.Issue(t, time.Now().Add(time.Hour), "127.0.0.1")
	ends := make(chan error, 1)
	server := ftpscript.Start(t, script{
		"AUTH TLS": ftpscript.Secure(&tls.Config{Certificates: []tls.Certificate{*certificate}}),
		"LIST": func(s *ftpscript.Session) {
			s.Reply("150 soon")
			data := s.Accept()
			data.Send(text)
			data.CloseWrite()
			ends <- data.AwaitEnd()
			s.Reply("226 done")
		},
	})
	c := connect(t, Config{Addr: server.Addr, TLS: ExplicitTLS, TLSConfig: &tls.Config{RootCAs: authority.Pool}})
	if got, _, err := c.Fetch(t.Context(), "LIST", 1000); err != nil || string(got) != text {
		t.Fatalf("%q, %v", got, err)
	}
	if err := <-ends; err != io.EOF {
		t.Errorf("the server saw %v", err)
	}
}
