package distftp_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jlaffaye/ftp"

	"mirrortracker/internal/distftp"
	"mirrortracker/internal/distftp/account"
)

// Users log in by password, do what their rules permit, and have so many sessions as they
// may; whoever has no password reads.
func TestUsers(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"ann", "secret"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "secret", "f"), []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	hasher := account.NewHasher(account.Cost{Time: 1, Memory: 8, Threads: 1}, 2)
	hash, err := hasher.Hash(t.Context(), "right")
	if err != nil {
		t.Fatal(err)
	}
	ann := account.User{Name: "ann", Password: hash, Home: "/ann", Limits: account.Limits{Sessions: 1}}
	for _, text := range []string{"deny read /secret/**", "allow all ~/**"} {
		rule, err := account.ParseRule(text)
		if err != nil {
			t.Fatal(err)
		}
		ann.Rules = append(ann.Rules, rule)
	}
	users, err := account.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "users.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { users.Close() })
	if err := users.AddUser(t.Context(), ann); err != nil {
		t.Fatal(err)
	}
	addr := serve(t, distftp.Config{
		FS:            openFolder(t, dir),
		Authenticator: distftp.Users{Desk: account.NewDesk(users, hasher, time.Now)},
		FailureDelay:  time.Millisecond,
	})
	connect := func() *ftp.ServerConn {
		c, err := ftp.Dial(addr)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	refused := func(what string, err error, code string) {
		t.Helper()
		if err == nil || !strings.HasPrefix(err.Error(), code) {
			t.Errorf("%s: %v, want %s", what, err, code)
		}
	}

	c := connect()
	refused("a wrong password", c.Login("ann", "wrong"), "530")
	if err := c.Login("ann", "right"); err != nil {
		t.Fatal(err)
	}
	if dir, err := c.CurrentDir(); err != nil || dir != "/ann" {
		t.Errorf("the session begins in %s, %v", dir, err)
	}
	if err := c.Stor("x", strings.NewReader("hello")); err != nil {
		t.Error(err)
	}
	refused("an upload elsewhere", c.Stor("/secret/x", strings.NewReader("hello")), "55")
	_, err = c.Retr("/secret/f")
	refused("a secret", err, "550")
	refused("a second session", connect().Login("ann", "right"), "421")
	if err := c.Delete("x"); err != nil {
		t.Error(err)
	}
	if err := c.Quit(); err != nil {
		t.Error(err)
	}

	c = connect()
	if err := c.Login("anonymous", "me@"); err != nil {
		t.Fatal(err)
	}
	refused("an upload without a password", c.Stor("/ann/x", strings.NewReader("hello")), "55")
	if err := c.Quit(); err != nil {
		t.Error(err)
	}
}

// Anonymous clients can be kept out, whatever the users of the database may do.
func TestNoAnonymous(t *testing.T) {
	hasher := account.NewHasher(account.Cost{Time: 1, Memory: 8, Threads: 1}, 1)
	desk := account.NewDesk(account.OnlyAnonymous{}, hasher, time.Now)
	for refused, reply := range map[bool]string{false: "230", true: "530 Login incorrect"} {
		c := dial(t, serve(t, distftp.Config{
			FS:            openFolder(t, t.TempDir()),
			Authenticator: distftp.Users{Desk: desk, NoAnonymous: refused},
			FailureDelay:  time.Millisecond,
		}))
		c.do("USER Anonymous", "331")
		c.do("PASS x", reply)
	}
}
