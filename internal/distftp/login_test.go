package distftp_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"mirrortracker/internal/distftp"
	"mirrortracker/internal/distftp/control"
)

// The users of a test: a password per name, and how many of their accounts are open.
type users struct {
	accounts map[string]control.Account // by "name:password"
	open     atomic.Int64
}

func (u *users) Authenticate(_ context.Context, l control.Login) (control.Account, error) {
	if l.User == "broken" {
		return control.Account{}, errors.New("database away")
	}
	a, ok := u.accounts[l.User+":"+l.Password]
	if !ok {
		return control.Account{}, fmt.Errorf("%s: %w", l.User, control.ErrLogin)
	}
	a.Name = l.User
	u.open.Add(1)
	a.Close = func() { u.open.Add(-1) }
	return a, nil
}

func (c *client) loginAs(user, password, prefix string) {
	c.t.Helper()
	c.do("USER "+user, "331")
	c.do("PASS "+password, prefix)
}

// A session begins at a home that is not there, and the log says so.
func TestMissingHome(t *testing.T) {
	seen := make(chan struct{})
	c := dial(t, serve(t, distftp.Config{
		FS: openFolder(t, site(t)), Logger: slog.New(onMessage{"home cannot be entered", seen}),
		Authenticator: &users{accounts: map[string]control.Account{"ann:secret": {Home: "/ann"}}},
	}))
	c.loginAs("ann", "secret", "230")
	<-seen
	c.do("PWD", `257 "/ann"`)
	c.do("CWD /pub", "250")
}

func TestAuthenticator(t *testing.T) {
	u := &users{accounts: map[string]control.Account{
		"ann:secret": {Home: "/pub", Welcome: "Hello Ann"},
		"bob:secret": {FS: brokenFS{}, MaxSessions: 1},
	}}
	addr := serve(t, distftp.Config{
		FS: openFolder(t, site(t)), Authenticator: u, FailureDelay: time.Millisecond, MaxPerUser: 2,
	})
	ann := dial(t, addr)
	ann.loginAs("ann", "secret", "230 Hello Ann")
	ann.do("PWD", `257 "/pub"`)
	ann.do("USER anonymous", "331")
	if n := u.open.Load(); n != 0 {
		t.Errorf("%d accounts are open after a second USER", n)
	}
	ann.do("PWD", "530")
	ann.do("PASS x", "530 Login incorrect\r\n")
	ann.loginAs("ann", "wrong", "530 Login incorrect\r\n")
	ann.loginAs("ann", "secret", "230")

	bob := dial(t, addr)
	bob.loginAs("bob", "secret", "230")
	bob.do("SIZE README", "550") // is in TYPE A, but /README is a directory in his tree
	bob.do("CWD broken-0", "250")
	second := dial(t, addr)
	second.loginAs("bob", "secret", "421 Try again later: too many sessions of this user, the limit is 1")
	if n := u.open.Load(); n != 2 {
		t.Errorf("%d accounts are open, want those of Ann and Bob", n)
	}
	bob.do("QUIT", "221")
	io.Copy(io.Discard, bob.r) // the session has ended
	third := dial(t, addr)
	third.loginAs("bob", "secret", "230")

	lost := dial(t, addr)
	lost.loginAs("broken", "x", "421 Nobody can log in now")
	if rest, err := io.ReadAll(lost.r); len(rest) > 0 || err != nil {
		t.Errorf("after 421: %q, %v", rest, err)
	}
}

func TestMaxPerAddress(t *testing.T) {
	addr := serve(t, distftp.Config{FS: openFolder(t, t.TempDir()), MaxPerAddress: 2})
	first, _ := dial(t, addr), dial(t, addr)
	third, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer third.Close()
	third.SetDeadline(time.Now().Add(patience))
	const want = "421 Too many sessions from your address, the limit is 2, try again later\r\n"
	if b, err := io.ReadAll(third); string(b) != want || err != nil {
		t.Errorf("third client: %q, %v", b, err)
	}
	neighbour := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}
	other, err := neighbour.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	other.SetDeadline(time.Now().Add(patience))
	if b := make([]byte, 3); !readAll(other, b) || string(b) != "220" {
		t.Errorf("another address: %q", b)
	}
	first.do("QUIT", "221")
	io.Copy(io.Discard, first.r)
	dial(t, addr)
}

func readAll(r io.Reader, b []byte) bool {
	_, err := io.ReadFull(r, b)
	return err == nil
}

// Every failed login is answered later than the one before, whatever was wrong with it,
// and the third ends the session.
func TestFailedLoginsAreSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ln := &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}
		ctx, cancel := context.WithCancel(t.Context())
		served := make(chan error)
		u := &users{accounts: map[string]control.Account{"ann:secret": {}}}
		go func() { served <- distftp.New(distftp.Config{FS: brokenFS{}, Authenticator: u}).Serve(ctx, ln) }()
		c := dialPipe(t, ln)
		for i, login := range []string{"ann wrong", "nobody secret", "ann wrong"} {
			user, password, _ := strings.Cut(login, " ")
			begin := time.Now()
			c.loginAs(user, password, []string{"530 Login incorrect\r\n", "530 Login incorrect\r\n", "421"}[i])
			if took := time.Since(begin); took != time.Duration(i+1)*time.Second {
				t.Errorf("failure %d took %v", i+1, took)
			}
		}
		cancel()
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
}

// dialPipe connects within memory and reads the greeting.
func dialPipe(t *testing.T, ln *pipeListener) *client {
	t.Helper()
	server, conn := net.Pipe()
	ln.conns <- server
	t.Cleanup(func() { conn.Close() })
	c := &client{t: t, conn: conn, r: bufio.NewReader(conn)}
	c.want("220")
	return c
}
