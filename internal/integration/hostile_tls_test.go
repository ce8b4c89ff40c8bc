package integration

import (
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"mirrortracker/internal/ftpconn/ftpscript"
	"mirrortracker/internal/hostile"
	"mirrortracker/internal/testbed"
)

// Does a crawl that is to be secure end with a message that says what is wrong where
// it cannot be, and is nobody logged in without TLS?
func TestTLSFailures(t *testing.T) {
	t.Parallel()
	testbed.Need(t, "go")
	crawler := build(t, "crawler")
	now := time.Now()
	good := hostile.Certificate{Host: "127.0.0.1", Begin: now.Add(-time.Hour), End: now.Add(time.Hour)}
	wrong, expired, early := good, good, good
	wrong.Host = "other.example"
	expired.End = now.Add(-time.Minute)
	early.Begin = now.Add(30 * time.Minute)
	for _, c := range []struct {
		name        string
		certificate hostile.Certificate
		trusted     bool // by the site's table
		says        string
	}{
		{"unknown authority", good, false, `unknown authority`},
		{"wrong name", wrong, true, `127\.0\.0\.1`},
		{"expired", expired, true, `expired`},
		{"not valid yet", early, true, `not yet valid`},
		{"trusted", good, true, `530 no`}, // there is no more to the server
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			addr, der := hostile.SecureSite(t, c.certificate)
			k, dir := newTracker(t, crawler), t.TempDir()
			k.sites, k.more = []string{"bad=" + addr}, `tls = "explicit"`
			if c.trusted {
				ca := filepath.Join(dir, "ca.pem")
				if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644); err != nil {
					t.Fatal(err)
				}
				k.more += fmt.Sprintf("\nca = %q", ca)
			}
			k.fails(t, dir, c.says)
		})
	}
	for name, c := range map[string]struct {
		auth ftpscript.Act
		says string
	}{
		"refused":                {ftpscript.Say("502 no such command"), `502 no such command`},
		"stalled handshake":      {func(s *ftpscript.Session) { s.Reply("234 go on"); s.AwaitEnd() }, `deadline|timeout|longer`},
		"handshake of nonsense":  {func(s *ftpscript.Session) { s.Reply("234 go on"); s.Reply("220 hello again") }, `TLS|nobody asked`},
		"handshake that is lost": {func(s *ftpscript.Session) { s.Reply("234 go on"); s.Close() }, `EOF|reset|closed`},
		"more with the answer":   {func(s *ftpscript.Session) { s.Reply("234 go on", "230 you are in", "200 really") }, `.`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := (&hostile.Site{Tree: hostile.Dirs(hostile.Honest), Script: map[string]ftpscript.Act{"AUTH": c.auth}}).Start(t)
			k := newTracker(t, crawler)
			k.sites, k.more = []string{"bad=" + server.Addr}, `tls = "explicit"`
			k.fails(t, t.TempDir(), c.says)
			if server.Count("USER")+server.Count("PASS") > 0 {
				t.Errorf("it logs in in clear text: %q", server.Commands())
			}
		})
	}
}

// fails crawls the site "bad", which must fail, soon, and say why.
func (k *tracker) fails(t *testing.T, dir, says string) {
	t.Helper()
	_, sites, err := k.crawl(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	bad := sites["bad"]
	t.Logf("%s: %s", bad.Outcome, bad.says())
	if ok, err := regexp.MatchString(says, bad.says()); bad.Outcome != "failed" || !ok || err != nil {
		t.Errorf("it ends %s and says %q, want something of %q", bad.Outcome, bad.says(), says)
	}
}
