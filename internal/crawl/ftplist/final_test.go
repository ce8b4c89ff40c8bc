package ftplist

import (
	"errors"
	"strings"
	"testing"
	"time"

	"mirrortracker/internal/crawl"
	"mirrortracker/internal/ftpconn"
	"mirrortracker/internal/ftpconn/ftpscript"
)

// login starts a server and walks it, which must fail.
func login(t *testing.T, s script, change func(*Config)) (*ftpscript.Server, error) {
	t.Helper()
	server := ftpscript.Start(t, s)
	cfg := Config{
		URL:    urlOf(t, server.Addr),
		Conn:   ftpconn.Config{Timeout: 20 * time.Second},
		Whole:  time.Minute,
		Limits: crawl.DefaultLimits(),
		Now:    func() time.Time { return now },
	}
	if change != nil {
		change(&cfg)
	}
	source, err := NewSource(cfg)
	if err != nil {
		t.Fatal(err)
	}
	w := &crawl.Walker{Open: source.Open, Connections: 4, Limits: cfg.Limits, Retry: crawl.Retry{Tries: 3, Pause: time.Microsecond}, Now: cfg.Now}
	_, err = w.Start(t.Context()).Wait()
	if err == nil {
		t.Fatal("nobody is let in, and nothing fails")
	}
	return server, err
}

// What cannot be mended by trying again is tried once, lest accounts be locked, and what
// may pass is tried again.
func TestRefusedLogins(t *testing.T) {
	for _, c := range []struct {
		name   string
		script script
		user   string
		tls    ftpconn.TLSMode
		remedy string // "" where it is tried again
	}{
		{"anonymous", script{"PASS": say("530 no")}, "", "", "set the site's user and password"},
		{"wrong password", script{"PASS": say("530 Login incorrect.")}, "me", "", "whether the site's user is right"},
		{"unknown user", script{"USER": say("530 who?")}, "me", "", "whether the site's user is right"},
		{"TLS wanted by the user", script{"USER": say("530 Anonymous sessions must use encryption.")}, "", "", `tls to "explicit"`},
		{"TLS wanted by the password", script{"PASS": say("421 Sorry, cleartext sessions are not accepted.")}, "", "", `tls to "explicit"`},
		{"no TLS", script{"AUTH": say("502 no")}, "", ftpconn.ExplicitTLS, `tls to "off"`},
		{"not now", script{"PASS": say("430 the accounts are away")}, "me", "", ""},
		{"busy", script{"PASS": say("530 too many users")}, "", "", ""},
		{"no TLS now", script{"AUTH": say("431 the key is away")}, "", ftpconn.ExplicitTLS, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			server, err := login(t, c.script, func(cfg *Config) {
				cfg.Conn.User, cfg.Conn.Password, cfg.Conn.TLS = c.user, "guess my word", c.tls
			})
			tries := server.Count("USER")
			if c.tls != "" {
				tries = server.Count("AUTH")
			}
			final, ok := errors.AsType[*crawl.FinalError](err)
			switch {
			case ok != (c.remedy != ""):
				t.Errorf("error %v", err)
			case ok && (tries != 1 || !strings.Contains(final.Remedy, c.remedy)):
				t.Errorf("tried %d times; %v", tries, err)
			case !ok && tries != 3:
				t.Errorf("tried %d times; %v", tries, err)
			}
			if strings.Contains(err.Error(), "guess") {
				t.Errorf("the password stands in %q", err)
			}
		})
	}
}

// Who is let in once is who he says he is: another refusal is for the number of
// connections, or it passes.
func TestRefusedAfterLogin(t *testing.T) {
	s := open(t, script{"PASS": inTurn(say("230 welcome"), say("530 only one of you"), say("530 only one of you"))}, func(cfg *Config) { cfg.Conn.User = "me" })
	if _, err := s.source.open(t.Context()); !isBusy(err) || s.source.Connections(8) != 1 {
		t.Errorf("a second connection: %v, and then %d", err, s.source.Connections(8))
	}
	s.lister.Close()
	_, err := s.source.open(t.Context())
	if _, final := errors.AsType[*crawl.FinalError](err); err == nil || final || isBusy(err) {
		t.Errorf("the first connection again: %v", err)
	}
}

func isBusy(err error) bool {
	_, busy := errors.AsType[*crawl.BusyError](err)
	return busy
}
