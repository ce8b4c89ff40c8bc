package distftp_test

import (
	"context"
	"fmt"
	"io/fs"
	"net/netip"
	"strings"
	"testing"

	"mirrortracker/internal/distftp"
	"mirrortracker/internal/distftp/control"
	"mirrortracker/internal/mirror"
)

// An overseer repeats what it is asked.
type overseer struct{}

func (overseer) Slaves(context.Context) ([]string, error) { return []string{"one", "two"}, nil }

func (overseer) Explain(_ context.Context, p mirror.Path, client netip.Addr) ([]string, error) {
	if p == "/missing" {
		return nil, fs.ErrNotExist
	}
	return []string{fmt.Sprintf("%s for %s", p, client)}, nil
}

func (overseer) Select(_ context.Context, p mirror.Path, client netip.Addr) ([]string, error) {
	return []string{fmt.Sprintf("select %s for %s", p, client)}, nil
}

func TestOversee(t *testing.T) {
	u := &users{accounts: map[string]control.Account{"ann:x": {Admin: true}, "bob:x": {}}}
	addr := serve(t, distftp.Config{FS: openFolder(t, t.TempDir()), Authenticator: u, Overseer: overseer{}})
	ann, bob := dial(t, addr), dial(t, addr)
	ann.loginAs("ann", "x", "230")
	bob.loginAs("bob", "x", "230")
	for _, command := range []string{"SITE SLAVES", "SITE EXPLAIN x", "SITE SLAVESELECT x"} {
		bob.do(command, "550")
	}
	for command, want := range map[string]string{
		"SITE SLAVES":                       "one\r\n two",
		"SITE EXPLAIN a b":                  "/a b for 127.0.0.1",
		"SITE SLAVESELECT -c 192.0.2.9 a b": "select /a b for 192.0.2.9",
	} {
		if got := ann.do(command, "211-"); !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", command, got, want)
		}
	}
	ann.do("SITE EXPLAIN missing", "550 No such file")
	ann.do("SITE EXPLAIN", "501")
	ann.do("SITE EXPLAIN -c nowhere x", "501")

	single := dial(t, serve(t, distftp.Config{FS: openFolder(t, t.TempDir()), Authenticator: u}))
	single.loginAs("ann", "x", "230")
	single.do("SITE SLAVES", "502")
}
