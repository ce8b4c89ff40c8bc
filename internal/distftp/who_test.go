package distftp_test

import (
	"io"
	"regexp"
	"testing"

	"mirrortracker/internal/distftp"
	"mirrortracker/internal/distftp/control"
)

// Administrators see all sessions and can end them, with what they transfer.
func TestWhoAndKick(t *testing.T) {
	dir := t.TempDir()
	hugeFile(t, dir)
	u := &users{accounts: map[string]control.Account{"ann:x": {Admin: true}, "bob:x": {}}}
	addr := serve(t, distftp.Config{FS: openFolder(t, dir), Authenticator: u})
	ann, bob := dial(t, addr), dial(t, addr)
	ann.loginAs("ann", "x", "230")
	bob.loginAs("bob", "x", "230")
	bob.do("SITE WHO", "550")
	bob.do("SITE KICK 1", "550")
	data := beginHuge(t, bob)
	m := regexp.MustCompile(`(?m)^ +(\d+) 127\.0\.0\.1 +bob +\d+s RETR /huge, \d+ of \d+ bytes in .*/s\r$`).FindStringSubmatch(ann.do("SITE WHO", "211-"))
	if m == nil {
		t.Fatal("Bob's download is not shown")
	}
	ann.do("SITE KICK 999", "501")
	ann.do("SITE KICK bob", "501")
	ann.do("SITE KICK "+m[1], "200")
	bob.want("426")
	bob.want("421 An administrator")
	io.Copy(io.Discard, data)
	io.Copy(io.Discard, bob.r)
}
