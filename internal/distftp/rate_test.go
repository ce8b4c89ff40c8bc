package distftp_test

import (
	"crypto/tls"
	"io"
	"strings"
	"testing"
	"time"

	"mirrortracker/internal/distftp"
	"mirrortracker/internal/distftp/account"
)

// Sessions are kept to the rates of their users, in both directions, with TLS and
// without. They may be slower than that, on a busy machine, but not faster.
func TestRates(t *testing.T) {
	const size, speed = 300_000, 600_000
	const least = time.Second * (size - speed/10) / speed // the first bytes come at once, the last are not waited for
	content := strings.Repeat("0123456789", size/10)
	_, users := withUser(t, freshDatabase(t), account.Limits{Up: speed, Down: speed})
	p := newProtected(t)
	addr := serve(t, distftp.Config{FS: openFolder(t, t.TempDir()), Authenticator: users, TLS: p.tls()})
	for _, name := range []string{"clear", "TLS"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, config := dial(t, addr), p.client()
			if name == "TLS" {
				c.secure(config)
				c.do("PROT P", "200")
			}
			c.loginAs("ann", "x", "230")
			c.do("TYPE I", "200")
			if got := c.do("STAT", "211-"); !strings.Contains(got, "Limits: uploads 586 KiB/s, downloads 586 KiB/s") {
				t.Errorf("STAT: %s", got)
			}

			conn := c.passive()
			began := time.Now()
			c.do("STOR "+name, "150")
			if name == "TLS" {
				conn = tls.Client(conn, config)
			}
			if _, err := io.WriteString(conn, content); err != nil {
				t.Fatal(err)
			}
			conn.Close()
			c.want("226")
			if took := time.Since(began); took < least {
				t.Errorf("the upload took %v, at least %v are needed", took, least)
			}

			began = time.Now()
			var got string
			if name == "TLS" {
				got, _ = c.fetchSecure(config, "RETR "+name, "226")
			} else {
				got = c.fetch("RETR "+name, "226")
			}
			if took := time.Since(began); took < least || got != content {
				t.Errorf("the download took %v, at least %v are needed; %d bytes came", took, least, len(got))
			}
		})
	}
}
