package distftp_test

import (
	"bufio"
	"context"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mirrortracker/internal/distftp"
	"mirrortracker/internal/distftp/control"
)

// Tries counts the passwords that are looked at.
type tries struct {
	control.Authenticator
	n atomic.Int64
}

func (a *tries) Authenticate(ctx context.Context, l control.Login) (control.Account, error) {
	if l.User != "anonymous" {
		a.n.Add(1)
	}
	return a.Authenticator.Authenticate(ctx, l)
}

// dialFrom connects from one of our addresses.
func dialFrom(t testing.TB, local, addr string) *client {
	t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(local)}}
	conn, err := d.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	c := &client{t: t, conn: conn, r: bufio.NewReader(conn)}
	c.want("220")
	return c
}

// Who tries many passwords at the same time from one address tries no more than anybody,
// is refused then whatever the user, and keeps nobody out who comes from elsewhere, nor
// those who need no password.
func TestManyWrongPasswordsAtOnce(t *testing.T) {
	const most = 7
	a := &tries{Authenticator: &users{accounts: map[string]control.Account{"ann:right": {}, "anonymous:x": {}}}}
	addr := serve(t, distftp.Config{
		FS: openFolder(t, t.TempDir()), Authenticator: a,
		FailureDelay: time.Millisecond, MaxFailures: most, FailureMemory: time.Hour,
	})
	var all sync.WaitGroup
	for i := range 30 {
		c := dialFrom(t, "127.0.0.2", addr)
		all.Go(func() {
			for n := range 3 {
				user := []string{"ann", "nobody", "bob"}[(i+n)%3]
				c.send("USER " + user)
				c.tryReply()
				c.send("PASS wrong")
				if got, err := c.tryReply(); err != nil || strings.HasPrefix(got, "421") {
					return
				}
			}
		})
	}
	all.Wait()
	if n := a.n.Load(); n != most {
		t.Errorf("%d passwords were looked at, want %d", n, most)
	}
	const refused = "421 Too many failed logins from your address, try again later\r\n"
	for _, login := range []string{"ann right", "ann wrong", "nobody wrong"} {
		user, password, _ := strings.Cut(login, " ")
		c := dialFrom(t, "127.0.0.2", addr)
		c.do("USER "+user, "331 Please give the password\r\n")
		c.do("PASS "+password, refused)
	}
	dialFrom(t, "127.0.0.2", addr).loginAs("anonymous", "x", "230")
	dialFrom(t, "127.0.0.3", addr).loginAs("ann", "right", "230")
	if n := a.n.Load(); n != most+1 {
		t.Errorf("%d passwords were looked at in the end, want %d", n, most+1)
	}
}
