package ftpconn

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"mirrortracker/internal/ftpconn/ftpscript"
)

// nameDir transfers a listing that names the present directory.
func nameDir(s *ftpscript.Session) { ftpscript.Transfer("in " + s.Dir)(s) }

// twoTrips lists directories, each with the commands for the next in flight.
func twoTrips(ctx context.Context, c *Conn, dirs []string) (texts []string, err error) {
	if err := c.Send(ctx, "CWD "+dirs[0], c.Passive()); err != nil {
		return nil, err
	}
	for i := range dirs {
		if _, err := c.Receive(ctx, 100); err != nil {
			return texts, err
		}
		addr, err := c.ReceivePassive(ctx)
		if err != nil {
			return texts, err
		}
		var more []string
		if i+1 < len(dirs) {
			more = []string{"CWD " + dirs[i+1], c.Passive()}
		}
		transfer, err := c.OpenAt(ctx, addr, "LIST -a", more...)
		if err != nil {
			return texts, err
		}
		text, err := io.ReadAll(transfer)
		if err != nil {
			transfer.Close()
			return texts, err
		}
		if _, err := transfer.Close(); err != nil {
			return texts, err
		}
		texts = append(texts, string(text))
	}
	return texts, nil
}

func TestOpenAt(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]script{
		"EPSV": {"LIST": nameDir},
		"PASV": {"LIST": nameDir, "EPSV": ftpscript.Say("500 what?")},
	} {
		c, server := dial(t, s)
		got, err := twoTrips(t.Context(), c, []string{"/a", "/b", "/c"})
		if want := []string{"in /a", "in /b", "in /c"}; err != nil || !slices.Equal(got, want) || c.Pending() != 0 {
			t.Errorf("%s: %q, %v, %d pending", name, got, err, c.Pending())
		}
		if name == "PASV" && server.Count("EPSV") != 1 {
			t.Errorf("EPSV was refused, and asked for again: %q", server.Commands())
		}
	}
}

// A refused listing does not keep the next one from its turn.
func TestOpenAtRefused(t *testing.T) {
	t.Parallel()
	c, _ := dial(t, script{"LIST": ftpscript.InTurn(ftpscript.Say("550 no"), nameDir)})
	if err := c.Send(t.Context(), c.Passive()); err != nil {
		t.Fatal(err)
	}
	addr, err := c.ReceivePassive(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	transfer, err := c.OpenAt(t.Context(), addr, "LIST", "CWD /next", c.Passive())
	if err != nil {
		t.Fatal(err)
	}
	_, readErr := transfer.Read(make([]byte, 10))
	_, closeErr := transfer.Close()
	for _, err := range []error{readErr, closeErr} {
		if no, ok := err.(*ReplyError); !ok || no.Lost() || no.Command != "LIST" {
			t.Errorf("error %v", err)
		}
	}
	if reply, err := c.Receive(t.Context(), 100); err != nil || reply.Code != 250 {
		t.Fatalf("%v, %v", reply, err)
	}
	if _, err := c.ReceivePassive(t.Context()); err != nil {
		t.Fatal(err)
	}
	if text, _, err := c.Fetch(t.Context(), "LIST", 100); err != nil || string(text) != "in /next" {
		t.Errorf("%q, %v", text, err)
	}
}

// A transfer of any length takes no more memory than its reader gives it.
func TestStream(t *testing.T) {
	t.Parallel()
	const lines = 1_000_000
	c, _ := dial(t, script{"LIST": func(s *ftpscript.Session) {
		s.Reply("150 soon")
		data := s.Accept()
		for i := range lines / 1000 {
			data.Send(strings.Repeat(fmt.Sprintf("%9d\n", i), 1000))
		}
		data.Close()
		s.Reply("226 done")
	}})
	transfer, err := c.Open(t.Context(), "LIST -alR")
	if err != nil {
		t.Fatal(err)
	}
	n, err := io.Copy(io.Discard, transfer)
	if err != nil || n != lines*10 {
		t.Fatalf("%d bytes, %v", n, err)
	}
	if reply, err := transfer.Close(); err != nil || reply.Code != 226 {
		t.Fatalf("%v, %v", reply, err)
	}
	if _, err := c.Cmd(t.Context(), "NOOP"); err != nil {
		t.Error(err)
	}
}

// A transfer that was not read to its end is not taken for a whole one, even if
// the server has sent it all.
func TestGivenUp(t *testing.T) {
	t.Parallel()
	c, _ := dial(t, script{"LIST": ftpscript.Transfer(text)})
	transfer, err := c.Open(t.Context(), "LIST")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(transfer, make([]byte, len(text))); err != nil {
		t.Fatal(err)
	}
	if _, err := transfer.Close(); !errors.Is(err, errGivenUp) {
		t.Errorf("error %v", err)
	}
	if _, err := c.Cmd(t.Context(), "NOOP"); err == nil {
		t.Error("the connection was used after that")
	}
}

// One transfer is opened at a time, and only when all replies are received.
func TestOpenInFlight(t *testing.T) {
	t.Parallel()
	c, server := dial(t, script{"STAT": ftpscript.Say("213 nothing")})
	if err := c.Send(t.Context(), "STAT"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Open(t.Context(), "LIST"); err == nil {
		t.Error("a transfer was opened before the reply to STAT was received")
	}
	if _, err := c.OpenAt(t.Context(), server.Addr, "LIST"); err == nil {
		t.Error("a transfer was opened before the reply to STAT was received")
	}
	if _, err := c.ReceivePassive(t.Context()); err == nil {
		t.Error("the reply to STAT was taken for one to EPSV")
	}
	if reply, err := c.Receive(t.Context(), 100); err != nil || reply.Code != 213 {
		t.Errorf("%v, %v", reply, err)
	}
}

// Wherever a session with the next commands in flight is cut off, there is an
// error, and what was listed before is whole.
func TestTwoTripsCutEverywhere(t *testing.T) {
	t.Parallel()
	server := ftpscript.Start(t, script{"LIST": nameDir})
	dirs := []string{"/a", "/b"}
	for _, reset := range []bool{false, true} {
		for n := 0; ; n++ {
			server.CutAfter(n, reset)
			c, err := Dial(t.Context(), Config{Addr: server.Addr})
			if err != nil {
				continue
			}
			got, err := twoTrips(t.Context(), c, dirs)
			c.Close()
			for i := range got {
				if got[i] != "in "+dirs[i] {
					t.Fatalf("cut after %d bytes: %q", n, got)
				}
			}
			if err == nil {
				if len(got) != len(dirs) {
					t.Fatalf("cut after %d bytes: %q, and no error", n, got)
				}
				break
			}
		}
	}
}
