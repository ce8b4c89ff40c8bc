package ftpconn

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"mirrortracker/internal/ftpconn/ftpscript"
)

type script = ftpscript.Script

// dial connects to a server that does what a script says.
func dial(t *testing.T, s script) (*Conn, *ftpscript.Server) {
	t.Helper()
	server := ftpscript.Start(t, s)
	c, err := Dial(t.Context(), Config{Addr: server.Addr})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c, server
}

// hurry shortens the time that a connection waits for its server.
func hurry(c *Conn) {
	c.cfg.Timeout = 50 * time.Millisecond
	c.raw.timeout = c.cfg.Timeout
}

func TestLogin(t *testing.T) {
	t.Parallel()
	say := ftpscript.Say
	tests := []struct {
		name   string
		script script
		err    string // part of the error, "" for none
	}{
		{"plain", script{}, ""},
		{"long greeting", script{"": say("220-welcome", " 220 not yet", "220-", "500 nor yet", "220 now")}, ""},
		{"greeting of a code alone", script{"": say("220 ")}, ""},
		{"no password", script{"USER": say("230 come in")}, ""},
		{"UTF8 offered and refused", script{"FEAT": say("211-Features", " UTF8", "211 End"), "OPTS": say("500 what?")}, ""},
		{"no FEAT", script{"FEAT": say("500 what?")}, ""},
		{"busy", script{"": say("421 too many users")}, `greeting: the server is busy: "421 too many users"`},
		{"refused greeting", script{"": say("530 go away")}, `greeting: the server answers "530 go away"`},
		{"refused user", script{"USER": say("530 no anonymous users")}, `login as "anonymous": the server answers "530 no anonymous users"`},
		{"refused password", script{"PASS": say("530 incorrect")}, `login as "anonymous": the server answers "530 incorrect"`},
		{"refused type", script{"TYPE": say("504 text only")}, `TYPE: the server answers "504 text only"`},
		{"escape sequences", script{"USER": say("530-\x1b[2J", "530 no")}, `login as "anonymous": the server answers "530 \x1b[2J; no"`},
		{"a long refusal", script{"PASS": say("530 " + strings.Repeat("x", 5000))}, `xxx..."`},
		{"not FTP", script{"": func(s *ftpscript.Session) { s.Reply("SSH-2.0-OpenSSH_9.2"); s.Close() }}, "greeting: "},
		{"nothing", script{"": ftpscript.HangUp}, "greeting: "},
		{"closed in the middle of FEAT", script{"FEAT": func(s *ftpscript.Session) { s.Send("211-Feat"); s.Close() }}, "EOF"},
		{"endless banner", script{"": func(s *ftpscript.Session) {
			for s.Send("220-more\r\n") == nil {
			}
		}}, errBudget.Error()},
		{"endless line", script{"": func(s *ftpscript.Session) {
			s.Send("220 ")
			for s.Send(strings.Repeat("x", 1000)) == nil {
			}
		}}, errBudget.Error()},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server := ftpscript.Start(t, test.script)
			c, err := Dial(t.Context(), Config{Addr: server.Addr})
			if err == nil {
				defer c.Close()
			}
			switch {
			case test.err == "" && err != nil:
				t.Fatal(err)
			case test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err) || !strings.Contains(err.Error(), server.Addr)):
				t.Fatalf("error %v, want one of %s with %q", err, server.Addr, test.err)
			}
		})
	}
}

func TestLoginSendsNothingMore(t *testing.T) {
	t.Parallel()
	c, server := dial(t, script{"FEAT": ftpscript.Say("211-Features:", " MDTM", " mlst size*;modify*;", " UTF8", "NOTHING", "211 End")})
	want := []string{"USER anonymous", "PASS mirrortracker@", "FEAT", "TYPE I", "FEAT", "OPTS UTF8 ON"}
	if got := server.Commands(); !slices.Equal(got, want) {
		t.Errorf("commands %q, want %q", got, want)
	}
	for feature, want := range map[string]bool{"MDTM": true, "MLST": true, "UTF8": true, "MLSD": false, "NOTHING": false} {
		if c.Has(feature) != want {
			t.Errorf("Has(%s) = %v", feature, !want)
		}
	}
}

func TestDialRefused(t *testing.T) {
	t.Parallel()
	refuse := func(context.Context, string, string) (net.Conn, error) { return nil, syscall.ECONNREFUSED }
	_, err := Dial(t.Context(), Config{Addr: "mirror.example:21", Dial: refuse})
	if !errors.Is(err, syscall.ECONNREFUSED) || !strings.Contains(err.Error(), "mirror.example:21") {
		t.Errorf("error %v", err)
	}
}

func TestSilentGreeting(t *testing.T) {
	t.Parallel()
	server := ftpscript.Start(t, script{"": ftpscript.Hang})
	_, err := Dial(t.Context(), Config{Addr: server.Addr, Timeout: 50 * time.Millisecond})
	if !timedOut(err) {
		t.Errorf("error %v, want a timeout", err)
	}
}

func timedOut(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

func TestReplies(t *testing.T) {
	t.Parallel()
	c, _ := dial(t, script{
		"ONE":   ftpscript.Say("200 fine"),
		"BARE":  ftpscript.Say("250"),
		"LONG":  ftpscript.Say("211-first", " 211 second", "212 third", "", "211-fourth", "211 last"),
		"ENDS":  ftpscript.Say("211-first", "211"),
		"NO":    ftpscript.Say("550 no"),
		"LF":    func(s *ftpscript.Session) { s.Send("200-a\n200 b\n") },
		"BYTES": func(s *ftpscript.Session) { s.Send("2"); s.Send("57 caf\xe9\r"); s.Send("\r\n") },
	})
	for command, want := range map[string]struct {
		code       int
		text, body string
	}{
		"ONE":   {200, "fine", ""},
		"BARE":  {250, "", ""},
		"LONG":  {211, "first; 211 second; 212 third; ; 211-fourth; last", " 211 second\r\n212 third\r\n\r\n211-fourth\r\n"},
		"ENDS":  {211, "first; ", ""},
		"NO":    {550, "no", ""},
		"LF":    {200, "a; b", ""},
		"BYTES": {257, "caf\xe9", ""},
	} {
		got, err := c.Cmd(t.Context(), command)
		if err != nil || got.Code != want.code || got.Text() != want.text || string(got.Body()) != want.body {
			t.Errorf("%s: %d, %q, %q, %v, want %+v", command, got.Code, got.Text(), got.Body(), err, want)
		}
	}
}

func TestBadReplies(t *testing.T) {
	t.Parallel()
	for name, reply := range map[string]string{
		"garbage":        "hello there\r\n",
		"short":          "22\r\n",
		"empty":          "\r\n",
		"code too low":   "099 x\r\n",
		"code too high":  "600 x\r\n",
		"sign":           "+20 x\r\n",
		"no blank":       "220x\r\n",
		"huge line":      "200 " + strings.Repeat("x", 2000) + "\r\n",
		"many lines":     "200-x\r\n" + strings.Repeat("more\r\n", 2000) + "200 end\r\n",
		"never ended":    "200-x\r\n201 y\r\n",
		"cut in a line":  "200 half",
		"cut in a code":  "20",
		"binary garbage": "\x00\xff\xfe\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, _ := dial(t, script{"NOOP": func(s *ftpscript.Session) { s.Send(reply); s.Close() }})
			c.cfg.MaxReply = 1000
			if r, err := c.Cmd(t.Context(), "NOOP"); err == nil || !strings.HasPrefix(err.Error(), "NOOP: ") {
				t.Errorf("reply %q, error %v", r, err)
			}
		})
	}
}

func TestGoodbyeInTheMiddle(t *testing.T) {
	t.Parallel()
	for command, s := range map[string]script{
		"EPSV": {},
		"PASV": {"EPSV": ftpscript.Say("500 what?")},
		"LIST": {},
		"NOOP": {},
	} {
		s[command] = ftpscript.Say("421-sorry", "421 going down")
		c, _ := dial(t, s)
		_, _, err := c.Fetch(t.Context(), "LIST", 100)
		if command == "NOOP" {
			_, err = c.Cmd(t.Context(), command)
		}
		if no, ok := errors.AsType[*ReplyError](err); !ok || !no.Lost() || no.Command != command {
			t.Errorf("%s: error %v", command, err)
		}
	}
}

func TestWhatIsSent(t *testing.T) {
	t.Parallel()
	c, server := dial(t, script{"CWD": ftpscript.Say("250 fine")})
	for _, command := range []string{"CWD a\rb", "CWD a\nDELE b", "CWD a\x00b", "CWD a\r\nDELE b"} {
		if _, err := c.Cmd(t.Context(), command); err == nil {
			t.Errorf("%q was sent", command)
		}
		if _, _, err := c.Fetch(t.Context(), command, 100); err == nil {
			t.Errorf("%q was sent", command)
		}
	}
	if _, err := c.Cmd(t.Context(), "CWD \xff\xfe\xff\xff caf\xe9"); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, command := range server.Commands() {
		if strings.ContainsAny(command, "abc") && !strings.Contains(command, "mirrortracker@") && command != "USER anonymous" {
			got = append(got, command)
		}
	}
	if want := []string{"CWD \xff\xff\xfe\xff\xff\xff\xff caf\xe9"}; !slices.Equal(got, want) {
		t.Errorf("commands %q, want %q", got, want)
	}
}

// Cancelling ctx ends whatever is under way at once, with the cause, and leaves
// nothing running. (No other test may run meanwhile: goroutines are counted.)
func TestCancel(t *testing.T) {
	cause := errors.New("enough")
	for _, phase := range []string{"", "USER", "PASS", "FEAT", "TYPE", "EPSV", "PASV", "LIST", "data", "end", "trickle", "trickling reply"} {
		t.Run("at "+phase, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			hang := func(s *ftpscript.Session) { cancel(cause); s.AwaitEnd() }
			s := script{phase: hang}
			switch phase {
			case "PASV":
				s["EPSV"] = ftpscript.Say("500 what?")
			case "data":
				s["LIST"] = func(s *ftpscript.Session) { s.Reply("150 soon"); s.Accept().Send("half a l"); hang(s) }
			case "end":
				s["LIST"] = func(s *ftpscript.Session) { s.Reply("150 soon"); s.Accept().Close(); hang(s) }
			case "trickle":
				s["LIST"] = func(s *ftpscript.Session) { s.Reply("150 soon"); trickle(s.Accept().Send, func() { cancel(cause) }) }
			case "trickling reply":
				s["LIST"] = func(s *ftpscript.Session) { trickle(s.Send, func() { cancel(cause) }) }
			}
			err := session(ctx, Config{Addr: ftpscript.Start(t, s).Addr, Timeout: time.Hour})
			if !errors.Is(err, cause) {
				t.Errorf("error %v, want %v", err, cause)
			}
			awaitNoGoroutines(t)
		})
	}
	for _, which := range []int{1, 2} {
		ctx, cancel := context.WithCancelCause(t.Context())
		dials := 0
		err := session(ctx, Config{Addr: ftpscript.Start(t, nil).Addr, Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
			if dials++; dials < which {
				return new(net.Dialer).DialContext(ctx, network, addr)
			}
			cancel(cause)
			<-ctx.Done()
			return nil, ctx.Err()
		}})
		if !errors.Is(err, cause) {
			t.Errorf("dialling %d: error %v, want %v", which, err, cause)
		}
		awaitNoGoroutines(t)
	}
}

// session connects, lists, and hangs up.
func session(ctx context.Context, cfg Config) error {
	c, err := Dial(ctx, cfg)
	if err != nil {
		return err
	}
	defer c.Close()
	_, _, err = c.Fetch(ctx, "LIST", 1000)
	return err
}
