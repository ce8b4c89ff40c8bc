package ftpconn

import (
	"strings"
	"testing"

	"mirrortracker/internal/ftpconn/ftpscript"
)

func TestLoginAsUser(t *testing.T) {
	t.Parallel()
	say := ftpscript.Say
	for name, test := range map[string]struct {
		user, password, contact string
		want                    string
	}{
		"anonymous":     {"", "", "", "USER anonymous, PASS mirrortracker@"},
		"contact":       {"", "", "ops@tracker.example", "USER anonymous, PASS ops@tracker.example"},
		"user":          {"me", "my word", "ops@tracker.example", "USER me, PASS my word"},
		"percent":       {"100%s", "%d", "", "USER 100%s, PASS %d"},
		"telnet escape": {"caf\xff", "\xff", "", "USER caf\xff\xff, PASS \xff\xff"},
	} {
		server := ftpscript.Start(t, script{"USER": say("331 your word")})
		connect(t, Config{Addr: server.Addr, User: test.user, Password: test.password, Contact: test.contact})
		if got := strings.Join(server.Commands()[:2], ", "); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

func TestLoginErrors(t *testing.T) {
	t.Parallel()
	say := ftpscript.Say
	tests := []struct {
		name   string
		script script
		err    func(error) bool
	}{
		{"wrong password", script{"PASS": say("530 Login incorrect.")}, is[*LoginError]},
		{"unknown user", script{"USER": say("530 who?")}, is[*LoginError]},
		{"account wanted", script{"PASS": say("332 and your account?")}, is[*LoginError]},
		{"greeting 421", script{"": say("421 come again")}, is[*BusyError]},
		{"vsftpd", script{"": say("421 There are too many connections from your internet address.")}, is[*BusyError]},
		{"proftpd", script{"PASS": say("530 Sorry, the maximum number of clients (2) from your host are already connected.")}, is[*BusyError]},
		{"pure-ftpd", script{"": say("421 5 users (the maximum) are already logged in, sorry")}, is[*BusyError]},
		{"wu-ftpd", script{"USER": say("530-Sorry", "530 No more than 10 concurrent users")}, is[*BusyError]},
		{"IIS", script{"USER": say("421 Too many users connected.")}, is[*BusyError]},
		{"goodbye at USER", script{"USER": say("421 idle")}, is[*LoginError]},
		{"refused in the greeting", script{"": say("530 your kind is not served")}, is[*ReplyError]},
		{"odd greeting", script{"": say("230 ready")}, is[*OutOfStepError]},
		{"TYPE", script{"TYPE": say("504 text only")}, is[*ReplyError]},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server := ftpscript.Start(t, test.script)
			_, err := Dial(t.Context(), Config{Addr: server.Addr, User: "me", Password: "open sesame"})
			if err == nil || !test.err(err) || !strings.Contains(err.Error(), server.Addr) {
				t.Errorf("error %T %v", err, err)
			}
		})
	}
}

// The password stays where it is, even if the server shouts it.
func TestPasswordUnsaid(t *testing.T) {
	t.Parallel()
	shout := func(s *ftpscript.Session) { s.Reply("530-no, not", "530 "+s.Command) }
	for _, s := range []script{
		{"PASS": shout},
		{"PASS": func(s *ftpscript.Session) { s.Reply(s.Command) }},
		{"PASS": ftpscript.HangUp},
		{"PASS": func(s *ftpscript.Session) { s.Reply("421 too many of " + s.Command) }},
	} {
		server := ftpscript.Start(t, s)
		_, err := Dial(t.Context(), Config{Addr: server.Addr, User: "me", Password: "open sesame"})
		if err == nil || strings.Contains(err.Error(), "sesame") || server.Count("PASS open sesame") != 1 {
			t.Errorf("error %v", err)
		}
	}
	server := ftpscript.Start(t, nil)
	_, err := Dial(t.Context(), Config{Addr: server.Addr, User: "me", Password: "open\r\nDELE sesame"})
	if err == nil || strings.Contains(err.Error(), "sesame") || server.Count("USER") != 0 {
		t.Errorf("error %v", err)
	}
}

func TestBadConfig(t *testing.T) {
	t.Parallel()
	server := ftpscript.Start(t, nil)
	for _, cfg := range []Config{{Family: "ipv5"}, {TLS: "maybe"}} {
		cfg.Addr = server.Addr
		if _, err := Dial(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), "is not one of") {
			t.Errorf("error %v", err)
		}
	}
	connect(t, Config{Addr: server.Addr, Family: IPv4})
	if _, err := Dial(t.Context(), Config{Addr: server.Addr, Family: IPv6}); err == nil {
		t.Error("an IPv4 address was dialled as IPv6")
	}
}
