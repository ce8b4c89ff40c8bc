package ftpconn

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"mirrortracker/internal/ftpconn/ftpscript"
)

const text = "-rw-r--r-- 1 ftp ftp 5 Jan  5 12:00 a\r\n-rw-r--r-- 1 ftp ftp 5 Jan  5 12:00 caf\xe9\r\n"

func TestFetch(t *testing.T) {
	t.Parallel()
	after := func(first, last string) ftpscript.Act {
		return func(s *ftpscript.Session) {
			if first != "" {
				s.Reply(first)
			}
			data := s.Accept()
			data.Send(text)
			data.Close()
			if last != "" {
				s.Reply(last)
			}
		}
	}
	early := func(s *ftpscript.Session) {
		s.Reply("150 soon", "226-all said", "226 before all was sent")
		data := s.Accept()
		data.Send(text)
		data.Close()
	}
	refused := func(code int) error { return &ReplyError{Command: "LIST", Reply: Reply{Code: code}} }
	tests := []struct {
		name   string
		script script
		err    error // ReplyErrors are compared by command and code; errOther for those without a type
	}{
		{"150 and 226", script{"LIST": after("150 soon", "226 done")}, nil},
		{"125 and 250", script{"LIST": after("125 at once", "250 done")}, nil},
		{"226 alone, before the data", script{"LIST": after("226 done", "")}, nil},
		{"226 before the end of the data", script{"LIST": early}, nil},
		{"nothing", script{"LIST": ftpscript.Transfer("")}, errEmpty},
		{"refused", script{"LIST": ftpscript.Say("550 no such directory")}, refused(550)},
		{"refused for now", script{"LIST": ftpscript.Say("450 busy")}, refused(450)},
		{"no data connection", script{"LIST": ftpscript.Say("425 no data connection")}, refused(425)},
		{"refused after the data", script{"LIST": ftpscript.Transfer(text, "451 disk error")}, refused(451)},
		{"refused after no data", script{"LIST": ftpscript.Transfer("", "450 no such file")}, refused(450)},
		{"aborted after the data", script{"LIST": ftpscript.Transfer(text, "426 aborted")}, refused(426)},
		{"goodbye after the data", script{"LIST": ftpscript.Transfer(text, "421 closing")}, refused(421)},
		{"more wanted", script{"LIST": ftpscript.Say("350 go on")}, errOther},
		{"150 twice", script{"LIST": ftpscript.Transfer(text, "150 soon")}, errOther},
		{"goodbye instead of an answer", script{"LIST": ftpscript.HangUp}, errOther},
		{"no reply after the data", script{"LIST": func(s *ftpscript.Session) { after("150 soon", "")(s); s.Close() }}, errOther},
		{"garbage after the data", script{"LIST": ftpscript.Transfer(text, "whatever")}, errOther},
		{"reset in the data", script{"LIST": func(s *ftpscript.Session) {
			s.Reply("150 soon")
			data := s.Accept()
			data.Send(text)
			data.Reset()
			s.Reply("226 done")
		}}, errOther},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c, _ := dial(t, test.script)
			got, reply, err := c.Fetch(t.Context(), "LIST -a", 1000)
			switch want := test.err.(type) {
			case nil:
				if err != nil || string(got) != text || !reply.Positive() {
					t.Errorf("%q, %v, %v", got, reply, err)
				}
			case *ReplyError:
				no, ok := err.(*ReplyError)
				if !ok || no.Reply.Code != want.Reply.Code || no.Command != want.Command {
					t.Errorf("error %v, want %v", err, want)
				}
			default:
				if want == errEmpty {
					if err != nil || len(got) != 0 {
						t.Errorf("%q, %v", got, err)
					}
					return
				}
				if _, ok := errors.AsType[*ReplyError](err); ok || err == nil || got != nil {
					t.Errorf("%q, error %v", got, err)
				}
			}
		})
	}
}

// What TestFetch expects besides replies.
var (
	errOther = errors.New("any error that is not a reply")
	errEmpty = errors.New("no error, but no data")
)

func TestPassiveReplies(t *testing.T) {
	t.Parallel()
	epsv := func(format string) ftpscript.Act {
		return func(s *ftpscript.Session) { s.Reply(fmt.Sprintf(format, s.Listen())) }
	}
	pasv := func(format string) script {
		return script{"EPSV": ftpscript.Say("502 what?"), "PASV": func(s *ftpscript.Session) {
			port := s.Listen()
			s.Reply(fmt.Sprintf(format, port>>8, port&255))
		}}
	}
	tests := []struct {
		name   string
		script script
		ok     bool
	}{
		{"EPSV", script{}, true},
		{"EPSV, other delimiter", script{"EPSV": epsv("229 (!!!%d!)")}, true},
		{"EPSV, blank for a delimiter", script{"EPSV": epsv("229 (   %d )")}, true},
		{"EPSV with host", script{"EPSV": epsv("229 at (|1|192.0.2.1|%d|)")}, true},
		{"EPSV, many lines", script{"EPSV": epsv("229-listen\r\n229 (|||%d|)")}, true},
		{"EPSV without parentheses", script{"EPSV": epsv("229 |||%d|")}, false},
		{"EPSV without port", script{"EPSV": epsv("229 (||||) %d")}, false},
		{"EPSV port 0", script{"EPSV": ftpscript.Say("229 (|||0|)")}, false},
		{"EPSV port 70000", script{"EPSV": ftpscript.Say("229 (|||70000|)")}, false},
		{"EPSV port -1", script{"EPSV": ftpscript.Say("229 (|||-1|)")}, false},
		{"EPSV answered with something else", script{"EPSV": ftpscript.Say("226 done")}, false},
		{"EPSV not for this network", script{"EPSV": ftpscript.Say("522 use (1)")}, true},
		{"PASV", pasv("227 Entering Passive Mode (127,0,0,1,%d,%d)"), true},
		{"PASV of a third host", pasv("227 Entering Passive Mode (192,0,2,1,%d,%d)"), true},
		{"PASV of no host at all", pasv("227 Entering Passive Mode (0,0,0,0,%d,%d)"), true},
		{"PASV without parentheses", pasv("227 Entering Passive Mode 127,0,0,1,%d,%d."), true},
		{"PASV with an equals sign", pasv("227 =127,0,0,1,%d,%d"), true},
		{"PASV after another number", pasv("227 Mode 2, port 21, at 127,0,0,1,%d,%d"), true},
		{"PASV port 0", script{"EPSV": ftpscript.Say("502 what?"), "PASV": ftpscript.Say("227 (127,0,0,1,0,0)")}, false},
		{"PASV port too large", script{"EPSV": ftpscript.Say("502 what?"), "PASV": ftpscript.Say("227 (127,0,0,1,256,1)")}, false},
		{"PASV low half too large", script{"EPSV": ftpscript.Say("502 what?"), "PASV": ftpscript.Say("227 (127,0,0,1,4,256)")}, false},
		{"PASV of five numbers", script{"EPSV": ftpscript.Say("502 what?"), "PASV": ftpscript.Say("227 (127,0,0,1,4)")}, false},
		{"PASV refused", script{"EPSV": ftpscript.Say("502 what?"), "PASV": ftpscript.Say("502 what?")}, false},
		{"PASV answered with something else", script{"EPSV": ftpscript.Say("502 what?"), "PASV": ftpscript.Say("229 (|||1234|)")}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.script["LIST"] = ftpscript.Transfer(text)
			c, server := dial(t, test.script)
			got, _, err := c.Fetch(t.Context(), "LIST", 1000)
			if test.ok && (err != nil || string(got) != text) {
				t.Errorf("%q, %v", got, err)
			}
			// A server without data connections has refused no directory.
			if _, refused := errors.AsType[*ReplyError](err); !test.ok && (err == nil || refused || server.Count("LIST") != 0) {
				t.Errorf("error %v, %d LISTs", err, server.Count("LIST"))
			}
		})
	}
}

// A refusal of EPSV is remembered, and data connections go to the host of the
// control connection.
func TestPassiveAfterwards(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var dialled []string
	server := ftpscript.Start(t, script{
		"EPSV": ftpscript.Say("500 what?"),
		"PASV": func(s *ftpscript.Session) {
			port := s.Listen()
			s.Reply(fmt.Sprintf("227 Entering Passive Mode (192,0,2,1,%d,%d)", port>>8, port&255))
		},
		"LIST": ftpscript.Transfer(text),
	})
	c, err := Dial(t.Context(), Config{Addr: server.Addr, Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
		mu.Lock()
		defer mu.Unlock()
		dialled = append(dialled, addr)
		return new(net.Dialer).DialContext(ctx, network, addr)
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for range 3 {
		if _, _, err := c.Fetch(t.Context(), "LIST", 1000); err != nil {
			t.Fatal(err)
		}
	}
	if server.Count("EPSV") != 1 || server.Count("PASV") != 3 || len(dialled) != 4 {
		t.Errorf("commands %q, dialled %q", server.Commands(), dialled)
	}
	for _, addr := range dialled {
		if !strings.HasPrefix(addr, "127.0.0.1:") {
			t.Errorf("dialled %s", addr)
		}
	}
}

func TestTooLong(t *testing.T) {
	t.Parallel()
	c, _ := dial(t, script{"LIST": ftpscript.Transfer(text)})
	if got, _, err := c.Fetch(t.Context(), "LIST", int64(len(text))); err != nil || string(got) != text {
		t.Fatalf("%q, %v", got, err)
	}
	if got, _, err := c.Fetch(t.Context(), "LIST", math.MaxInt64); err != nil || string(got) != text {
		t.Fatalf("%q, %v", got, err)
	}
	_, _, err := c.Fetch(t.Context(), "LIST -a", int64(len(text))-1)
	long, ok := err.(*TooLongError)
	if !ok || long.Max != int64(len(text))-1 || long.Command != "LIST" || !strings.Contains(err.Error(), fmt.Sprint(long.Max)) {
		t.Errorf("error %v", err)
	}

	endless, _ := dial(t, script{"LIST": func(s *ftpscript.Session) {
		s.Reply("150 soon")
		data := s.Accept()
		for data.Send(text) == nil {
		}
	}})
	if _, _, err := endless.Fetch(t.Context(), "LIST", 1<<20); err == nil || !strings.Contains(err.Error(), "1048576") {
		t.Errorf("error %v", err)
	}
}

func TestSilence(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]script{
		"no answer to EPSV":    {"EPSV": ftpscript.Hang},
		"no answer to PASV":    {"EPSV": ftpscript.Say("500 what?"), "PASV": ftpscript.Hang},
		"no answer to LIST":    {"LIST": ftpscript.Hang},
		"data never accepted":  {"LIST": func(s *ftpscript.Session) { s.Reply("150 soon"); s.AwaitEnd() }},
		"data never sent":      {"LIST": func(s *ftpscript.Session) { s.Reply("150 soon"); s.Accept(); s.AwaitEnd() }},
		"data never ended":     {"LIST": func(s *ftpscript.Session) { s.Reply("150 soon"); s.Accept().Send(text); s.AwaitEnd() }},
		"226, data never sent": {"LIST": func(s *ftpscript.Session) { s.Reply("150 soon", "226 done"); s.Accept(); s.AwaitEnd() }},
		"no end after data":    {"LIST": func(s *ftpscript.Session) { s.Reply("150 soon"); s.Accept().Close(); s.AwaitEnd() }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, _ := dial(t, s)
			hurry(c)
			if _, _, err := c.Fetch(t.Context(), "LIST", 1000); !timedOut(err) {
				t.Errorf("error %v, want a timeout", err)
			}
		})
	}
}

func TestDataConnectionRefused(t *testing.T) {
	t.Parallel()
	c, server := dial(t, script{})
	c.cfg.Dial = func(context.Context, string, string) (net.Conn, error) { return nil, syscall.ECONNREFUSED }
	_, _, err := c.Fetch(t.Context(), "LIST", 1000)
	if !errors.Is(err, syscall.ECONNREFUSED) || slices.Contains(server.Commands(), "LIST") {
		t.Errorf("error %v, commands %q", err, server.Commands())
	}
}

// Wherever a session is cut off, there is an error; and only what came whole is
// believed.
func TestCutEverywhere(t *testing.T) {
	t.Parallel()
	server := ftpscript.Start(t, script{
		"FEAT": ftpscript.Say("211-Features", " MLST size*;", " UTF8", "211 End"),
		"OPTS": ftpscript.Say("200 always"),
		"LIST": ftpscript.Transfer(text, "226-options: -a", "226 done"),
	})
	total := countBytes(t, server.Addr)
	for _, reset := range []bool{false, true} {
		for n := range total {
			server.CutAfter(n, reset)
			got, err := fetchOnce(t.Context(), Config{Addr: server.Addr})
			if err == nil {
				t.Fatalf("cut after %d of %d bytes, by a reset: %v: no error, and %q", n, total, reset, got)
			}
		}
	}
	server.CutAfter(total, false)
	if got, err := fetchOnce(t.Context(), Config{Addr: server.Addr}); err != nil || string(got) != text {
		t.Errorf("not cut: %q, %v", got, err)
	}
}

func fetchOnce(ctx context.Context, cfg Config) ([]byte, error) {
	c, err := Dial(ctx, cfg)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	got, _, err := c.Fetch(ctx, "LIST -a", 1000)
	return got, err
}

// countBytes counts what is received in one session.
func countBytes(t *testing.T, addr string) (n int) {
	t.Helper()
	_, err := fetchOnce(t.Context(), Config{Addr: addr, Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, addr)
		return countingConn{conn, &n}, err
	}})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

type countingConn struct {
	net.Conn
	n *int
}

// Read implements net.Conn.
func (c countingConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	*c.n += n
	return n, err
}

func FuzzParseEPSV(f *testing.F) {
	for _, seed := range []string{"Entering Extended Passive Mode (|||6446|)", "(!!!1!)", "(|1|192.0.2.1|65535|)", "(", "()", "(|||0|)", "(\xff\xff\xff21\xff)"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) { checkPort(t, parseEPSV, text) })
}

func FuzzParsePASV(f *testing.F) {
	for _, seed := range []string{"Entering Passive Mode (127,0,0,1,4,210)", "=127,0,0,1,4,210.", "1,2,3,4,5,6,7", ",,,,,", "(0,0,0,0,0,0)", "1,2,3,4,255,255"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) { checkPort(t, parsePASV, text) })
}

// checkPort checks that a port is one that can be dialled.
func checkPort(t *testing.T, parse func(string) (string, error), text string) {
	port, err := parse(text)
	if err != nil {
		if port != "" {
			t.Errorf("%q: port %s with an error", text, port)
		}
		return
	}
	addr, err := net.ResolveTCPAddr("tcp", "127.0.0.1:"+port)
	if err != nil || addr.Port < 1 || addr.Port > 65535 || fmt.Sprint(addr.Port) != port {
		t.Errorf("%q: port %q, %v", text, port, err)
	}
}
