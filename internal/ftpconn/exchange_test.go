package ftpconn

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"mirrortracker/internal/ftpconn/ftpscript"
)

// tellDir answers STAT with a listing that names the present directory.
func tellDir(s *ftpscript.Session) {
	s.Reply("213-STAT", " drwxr-xr-x 2 0 0 4096 Jan  5 12:00 .", "-rw-r--r-- 1 0 0 5 Jan  5 12:00 in "+s.Dir, "213 end")
}

// inPipeline lists directories with a window of commands in flight.
func inPipeline(ctx context.Context, c *Conn, dirs []string, max int) (bodies []string, err error) {
	next := 0
	for len(bodies) < len(dirs) {
		for next < len(dirs) && c.Fits("CWD "+dirs[next], "STAT -a .") {
			if err := c.Send(ctx, "CWD "+dirs[next], "STAT -a ."); err != nil {
				return bodies, err
			}
			next++
		}
		if _, err := c.Receive(ctx, max); err != nil {
			return bodies, err
		}
		reply, err := c.Receive(ctx, max)
		if err != nil {
			return bodies, err
		}
		bodies = append(bodies, string(reply.Body()))
	}
	return bodies, nil
}

func dirs(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("/pub/%s%d", strings.Repeat("x", i%100), i)
	}
	return names
}

func TestPipeline(t *testing.T) {
	t.Parallel()
	c, _ := dial(t, script{"STAT": tellDir})
	dirs := dirs(1000) // several windows of commands
	got, err := inPipeline(t.Context(), c, dirs, 1000)
	if err != nil || c.Pending() != 0 || c.Ready() {
		t.Fatalf("after %d of %d: %v, %d pending, ready %v", len(got), len(dirs), err, c.Pending(), c.Ready())
	}
	for i, dir := range dirs {
		if want := " drwxr-xr-x 2 0 0 4096 Jan  5 12:00 .\r\n-rw-r--r-- 1 0 0 5 Jan  5 12:00 in " + dir + "\r\n"; got[i] != want {
			t.Fatalf("%s: %q", dir, got[i])
		}
	}
}

// Replies are the same however they are cut into packets.
func TestPipelineInPieces(t *testing.T) {
	t.Parallel()
	replies := "250 there\r\n213-STAT\r\n -rw- a\r\n213-b\r\n213 end\r\n550 no\r\n213-\r\n213 \r\n"
	for cut := range len(replies) {
		c, _ := dial(t, script{"NOOP": func(s *ftpscript.Session) {
			s.Send(replies[:cut])
			s.Await()
			s.Send(replies[cut:])
			s.AwaitEnd()
		}})
		if err := c.Send(t.Context(), "NOOP", "b", "c", "d", "now the rest"); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"", " -rw- a\r\n213-b\r\n", "", ""} {
			reply, err := c.Receive(t.Context(), 100)
			if err != nil || string(reply.Body()) != want {
				t.Fatalf("cut after %d: %q, %v", cut, reply.Raw, err)
			}
		}
		c.Close()
	}
}

// What is in flight stays within the window, and one command always fits.
func TestWindow(t *testing.T) {
	t.Parallel()
	c, server := dial(t, script{"CWD": ftpscript.Say("250 fine")})
	long := "CWD " + strings.Repeat("\xff", Window/2)
	if !c.Fits(long) || c.Fits(long, "NOOP") || !c.Fits() {
		t.Error("one long command alone must fit")
	}
	if err := c.Send(t.Context(), long, "STAT"); err == nil || server.Count("CWD") != 0 {
		t.Errorf("more than the window was sent, error %v", err)
	}
	if err := c.Send(t.Context(), long); err != nil {
		t.Fatal(err)
	}
	if c.Fits("NOOP") || c.Send(t.Context(), "NOOP") == nil {
		t.Error("a command fits beside a long one")
	}
	if _, err := c.Cmd(t.Context(), "NOOP"); err == nil || c.Pending() != 1 {
		t.Errorf("a command did not wait for its turn: error %v, %d pending", err, c.Pending())
	}
	if reply, err := c.Receive(t.Context(), 100); err != nil || reply.Code != 250 {
		t.Errorf("%v, %v", reply, err)
	}
	if _, err := c.Receive(t.Context(), 100); err == nil {
		t.Error("a reply was received that nothing asked for")
	}
	short := "CWD " + strings.Repeat("x", 96)
	for c.Fits(short) {
		if err := c.Send(t.Context(), short); err != nil {
			t.Fatal(err)
		}
	}
	if want := Window / len(short+"\r\n"); c.Pending() != want {
		t.Errorf("%d commands in flight, want %d", c.Pending(), want)
	}
}

// A server that reads nothing while its replies are not read cannot stop us.
func TestNoDeadlock(t *testing.T) {
	t.Parallel()
	line := strings.Repeat("x", 1000) + "\r\n"
	listing := strings.Repeat(line, 1000)
	c, _ := dial(t, script{"STAT": func(s *ftpscript.Session) { s.Send("213-\r\n" + listing + "213 end\r\n") }})
	const n = 40 // 40 MB of replies: more than any buffers between the two
	for range n {
		if err := c.Send(t.Context(), "STAT "+strings.Repeat("x", 400)); err != nil {
			t.Fatal(err)
		}
	}
	for range n {
		reply, err := c.Receive(t.Context(), 2_000_000)
		if err != nil || string(reply.Body()) != listing {
			t.Fatalf("%d bytes, %v", len(reply.Body()), err)
		}
	}
}

func TestPipelineErrors(t *testing.T) {
	t.Parallel()
	long := func(err error) bool {
		long, ok := err.(*TooLongError)
		return ok && long.Command == "STAT" && long.Max == 1000
	}
	outOfStep := func(command string) func(error) bool {
		return func(err error) bool {
			odd, ok := err.(*OutOfStepError)
			return ok && odd.Command == command
		}
	}
	goodbye := func(command string) func(error) bool {
		return func(err error) bool {
			no, ok := err.(*ReplyError)
			return ok && no.Lost() && no.Command == command && no.Reply.Code == 421
		}
	}
	third := func(act ftpscript.Act) ftpscript.Act { return ftpscript.InTurn(tellDir, tellDir, act, tellDir) }
	tests := []struct {
		name   string
		script script
		err    func(error) bool
	}{
		{"reply too long", script{"STAT": third(func(s *ftpscript.Session) { s.Reply("213-", strings.Repeat("x", 1001), "213 end") })}, long},
		{"too many lines", script{"STAT": third(func(s *ftpscript.Session) { s.Reply("213-", strings.Repeat("x\r\n", 500), "213 end") })}, long},
		{"endless reply", script{"STAT": third(func(s *ftpscript.Session) {
			for s.Send("213-more\r\n") == nil {
			}
		})}, long},
		{"goodbye", script{"STAT": third(ftpscript.Say("421 going down"))}, goodbye("STAT")},
		{"goodbye at CWD", script{"CWD": third(ftpscript.Say("421-going", "421 down"))}, goodbye("CWD")},
		{"preliminary", script{"STAT": third(ftpscript.Say("150 soon"))}, outOfStep("STAT")},
		{"more wanted", script{"CWD": third(ftpscript.Say("350 go on"))}, outOfStep("CWD")},
		{"hung up", script{"STAT": third(ftpscript.HangUp)}, func(err error) bool { return errors.Is(err, io.ErrUnexpectedEOF) || isReset(err) }},
		{"garbage", script{"STAT": third(ftpscript.Say("whatever"))}, func(err error) bool { return strings.Contains(err.Error(), `STAT: the server answers "whatever"`) }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c, _ := dial(t, test.script)
			got, err := inPipeline(t.Context(), c, dirs(10), 1000)
			// A reset takes with it what has not been read.
			if err == nil || !test.err(err) || len(got) != 2 && !(isReset(err) && len(got) < 2) {
				t.Errorf("after %d: error %v", len(got), err)
			}
			// Nothing that comes later is believed.
			if _, later := c.Receive(t.Context(), 1000); later == nil {
				t.Errorf("received more after %v", err)
			}
			if later := c.Send(t.Context(), "NOOP"); later == nil {
				t.Errorf("sent more after %v", err)
			}
		})
	}
}

func isReset(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && !op.Timeout()
}

// A reply that nothing asked for, and that has arrived, is found before the next
// command makes it look like an answer.
func TestUnaskedReply(t *testing.T) {
	t.Parallel()
	for unasked, want := range map[string]string{
		"226 by the way":   `the server says "226 by the way", and nobody asked`,
		"421 time is over": `goodbye: the server answers "421 time is over"`,
		"whatever":         `NOOP: the server says "whatever\r\n", and nobody asked`,
	} {
		c, server := dial(t, script{"STAT": func(s *ftpscript.Session) { s.Send("213 nothing\r\n" + unasked + "\r\n") }})
		if err := c.Send(t.Context(), "STAT"); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Receive(t.Context(), 100); err != nil || !c.Ready() {
			t.Fatalf("%v, ready %v", err, c.Ready())
		}
		if _, err := c.Cmd(t.Context(), "NOOP"); err == nil || !strings.Contains(err.Error(), want) || server.Count("NOOP") != 0 {
			t.Errorf("%q: error %v", unasked, err)
		}
	}
}

// Wherever a pipeline is cut off, there is an error, and what was received before
// is true.
func TestPipelineCutEverywhere(t *testing.T) {
	t.Parallel()
	dirs := dirs(3)
	server := ftpscript.Start(t, script{"STAT": tellDir})
	run := func(dial func(context.Context, string, string) (net.Conn, error)) ([]string, error) {
		c, err := Dial(t.Context(), Config{Addr: server.Addr, Dial: dial})
		if err != nil {
			return nil, err
		}
		defer c.Close()
		return inPipeline(t.Context(), c, dirs, 1000)
	}
	total := 0
	want, err := run(func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, addr)
		return countingConn{conn, &total}, err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, reset := range []bool{false, true} {
		for n := range total {
			server.CutAfter(n, reset)
			got, err := run(nil)
			if err == nil {
				t.Fatalf("cut after %d of %d bytes, by a reset: %v: no error", n, total, reset)
			}
			for i := range got {
				if got[i] != want[i] {
					t.Fatalf("cut after %d of %d bytes: %q, want %q", n, total, got[i], want[i])
				}
			}
		}
	}
}
