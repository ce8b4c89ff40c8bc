package ftpconn

import (
	"context"
	"errors"
	"io"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"mirrortracker/internal/ftpconn/ftpscript"
)

func TestPortCommand(t *testing.T) {
	t.Parallel()
	for to, want := range map[string]string{
		"192.0.2.1:65535":        "PORT 192,0,2,1,255,255",
		"192.0.2.1:20":           "PORT 192,0,2,1,0,20",
		"[::ffff:192.0.2.1]:256": "PORT 192,0,2,1,1,0",
		"[2001:db8::1]:5000":     "EPRT |2|2001:db8::1|5000|",
		"[fe80::1%eth0]:5000":    "EPRT |2|fe80::1|5000|",
	} {
		if got := portCommand(netip.MustParseAddrPort(to)); got != want {
			t.Errorf("%s: %q, want %q", to, got, want)
		}
	}
}

// aborted answers a transfer that is broken off.
func aborted(replies ...string) ftpscript.Act {
	return func(s *ftpscript.Session) {
		s.Reply("150 soon")
		s.Await()
		s.Reply(replies...)
	}
}

func TestThirdParty(t *testing.T) {
	t.Parallel()
	say := ftpscript.Say
	tests := []struct {
		name   string
		script script
		begin  string // part of the error of Begin, "" for none
		wait   string // likewise
		usable bool   // afterwards
	}{
		{"plain", script{"RETR": say("150 soon", "226 done")}, "", "", true},
		{"long replies", script{"RETR": say("150-soon", " 226 done", "150 now", "226-was", "it", "226 all")}, "", "", true},
		{"over at once", script{"RETR": say("226 done")}, "", "", true},
		{"refused", script{"RETR": say("550 no")}, `RETR: the server answers "550 no"`, "", true},
		{"no connection from elsewhere", script{"RETR": say("425 Security: Bad IP connecting")}, "425", "", true},
		{"broken off", script{"RETR": say("150 soon", "426 gone")}, "", "426", true},
		{"421 at once", script{"RETR": say("421 bye")}, "421", "", false},
		{"421 in the middle", script{"RETR": say("150 soon", "421 bye")}, "", "421", false},
		{"two beginnings", script{"RETR": say("150 soon", "150 soon", "226 done")}, "", "cannot be the reply", false},
		{"another's reply", script{"RETR": say("331 who?")}, "cannot be the reply", "", false},
		{"garbage", script{"RETR": say("150 soon", "what?")}, "", "no reply", false},
		{"closed", script{"RETR": func(s *ftpscript.Session) { s.Reply("150 soon"); s.Close() }}, "", "EOF", false},
		{"closed at once", script{"RETR": ftpscript.HangUp}, "EOF", "", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.script["NOOP"] = say("200 zzz")
			c, _ := dial(t, test.script)
			transfer, err := c.Begin(t.Context(), "RETR f")
			check(t, "Begin", err, test.begin)
			if err == nil {
				_, err = transfer.Wait(t.Context())
				check(t, "Wait", err, test.wait)
			}
			if _, err = c.Cmd(t.Context(), "NOOP"); (err == nil) != test.usable {
				t.Errorf("the next command: error %v", err)
			}
		})
	}
}

func check(t *testing.T, what string, err error, part string) {
	t.Helper()
	if (err == nil) != (part == "") || err != nil && !strings.Contains(err.Error(), part) {
		t.Errorf("%s: error %v, want one with %q", what, err, part)
	}
}

// A server that has not begun when its time is up is of no use any more.
func TestThirdPartySilent(t *testing.T) {
	t.Parallel()
	c, _ := dial(t, script{"RETR": ftpscript.Hang})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := c.Begin(ctx, "RETR f"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
	if _, err := c.Cmd(t.Context(), "NOOP"); err == nil {
		t.Error("the connection was used after that")
	}
}

func TestThirdPartyAborted(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		retr   ftpscript.Act
		usable bool
	}{
		"in the middle": {aborted("426 as you like", "226 closed"), true},
		"too late":      {aborted("226 done", "225 nothing to close"), true},
		"to a goodbye":  {aborted("421 bye"), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, server := dial(t, script{"RETR": test.retr, "NOOP": ftpscript.Say("200 zzz")})
			transfer, err := c.Begin(t.Context(), "RETR f")
			if err != nil {
				t.Fatal(err)
			}
			enough := errors.New("enough")
			ctx, cancel := context.WithCancelCause(t.Context())
			cancel(enough)
			if _, err := transfer.Wait(ctx); !errors.Is(err, enough) {
				t.Errorf("error %v", err)
			}
			if _, err := transfer.Wait(t.Context()); (err == nil) != (name == "too late") {
				t.Errorf("asked again: error %v", err)
			}
			_, err = c.Cmd(t.Context(), "NOOP")
			if (err == nil) != test.usable {
				t.Errorf("the next command: error %v", err)
			}
			if server.Count("ABOR") != 1 {
				t.Errorf("commands %q", server.Commands())
			}
		})
	}
}

// What a server says later than its time for replies is received.
func TestThirdPartyLong(t *testing.T) {
	t.Parallel()
	end := make(chan bool)
	c, _ := dial(t, script{"RETR": func(s *ftpscript.Session) { s.Reply("150 soon"); <-end; s.Reply("226 done") }})
	transfer, err := c.Begin(t.Context(), "RETR f")
	if err != nil {
		t.Fatal(err)
	}
	hurry(c)
	time.AfterFunc(3*c.cfg.Timeout, func() { close(end) })
	if reply, err := transfer.Wait(t.Context()); err != nil || reply.Code != 226 {
		t.Errorf("%v, %v", reply, err)
	}
}

func TestRestart(t *testing.T) {
	t.Parallel()
	c, server := dial(t, script{
		"REST": ftpscript.Say("350 noted"),
		"RETR": ftpscript.InTurn(ftpscript.Say("425 not so"), ftpscript.Say("150 soon", "226 done")),
	})
	for _, offset := range []int64{0, 7, 0, 0} {
		if err := c.Restart(t.Context(), offset); err != nil {
			t.Fatal(err)
		}
		if transfer, err := c.Begin(t.Context(), "RETR f"); err == nil {
			transfer.Wait(t.Context())
		}
	}
	want := []string{"RETR f", "REST 7", "RETR f", "RETR f", "RETR f"}
	if got := server.Commands()[5:]; !slices.Equal(got, want) {
		t.Errorf("commands %q, want %q", got, want)
	}
}

// A wish that led to nothing is taken back.
func TestRestartTakenBack(t *testing.T) {
	t.Parallel()
	c, server := dial(t, script{"REST": ftpscript.Say("350 noted")})
	for _, offset := range []int64{7, 0, 0} {
		if err := c.Restart(t.Context(), offset); err != nil {
			t.Fatal(err)
		}
	}
	if got := server.Commands()[5:]; !slices.Equal(got, []string{"REST 7", "REST 0"}) {
		t.Errorf("commands %q", got)
	}
}

func TestAgreed(t *testing.T) {
	t.Parallel()
	c, server := dial(t, script{"TYPE": ftpscript.InTurn(ftpscript.Say("200 so be it"), ftpscript.Say("200 so be it"), ftpscript.Say("504 no")), "PORT": ftpscript.Say("500 no")})
	for i, text := range []bool{false, true, true, false} {
		if err := c.Type(t.Context(), text); (err == nil) != (i < 3) {
			t.Errorf("%d: %v", i, err)
		}
	}
	if err := c.Protect(t.Context(), true); err != nil || c.Secure() {
		t.Errorf("%v", err)
	}
	if err := c.Port(t.Context(), netip.MustParseAddrPort("192.0.2.1:5000")); err == nil || !strings.Contains(err.Error(), "PORT: the server answers") {
		t.Errorf("error %v", err)
	}
	if got := server.Commands()[5:]; !slices.Equal(got, []string{"TYPE A", "TYPE I", "PORT 192,0,2,1,19,136"}) {
		t.Errorf("commands %q", got)
	}
}

// Whatever 227 names, the port is one of the host that we know.
func TestListen(t *testing.T) {
	t.Parallel()
	c, _ := dial(t, script{"EPSV": ftpscript.Say("502 no"), "PASV": ftpscript.Say("227 Entering Passive Mode (10,1,2,3,4,5)")})
	got, err := c.Listen(t.Context())
	if want := netip.MustParseAddrPort("127.0.0.1:1029"); err != nil || got != want {
		t.Errorf("%v, %v", got, err)
	}
}

// The wait for a server that says nothing ends with its context, and costs nothing.
func TestAwait(t *testing.T) {
	t.Parallel()
	c, server := dial(t, script{"NOOP": ftpscript.Say("200 zzz")})
	for range 3 {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Millisecond, cancel)
		if err := c.Await(ctx); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		if _, err := c.Cmd(t.Context(), "NOOP"); err != nil {
			t.Fatal(err)
		}
	}
	server.CutAfter(0, false)
	if err := c.Send(t.Context(), "NOOP"); err != nil {
		t.Fatal(err)
	}
	if err := c.Await(t.Context()); !errors.Is(err, io.EOF) {
		t.Errorf("error %v", err)
	}
	if _, err := c.Cmd(t.Context(), "NOOP"); err == nil {
		t.Error("the connection was used after that")
	}
}

// A relay: our data connection, which others look after.
func TestDialData(t *testing.T) {
	t.Parallel()
	c, _ := dial(t, script{"RETR": ftpscript.Transfer(text)})
	at, err := c.Listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	data, err := c.DialData(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	defer data.Close()
	transfer, err := c.Begin(t.Context(), "RETR f")
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(data)
	if err != nil || string(got) != text {
		t.Errorf("%q, %v", got, err)
	}
	data.Close()
	if reply, err := transfer.Wait(t.Context()); err != nil || reply.Code != 226 {
		t.Errorf("%v, %v", reply, err)
	}
}
