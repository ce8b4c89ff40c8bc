package siege

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// A storm is what many clients do at the same time that no good client does. Attack
// returns when it is at its worst, and leaves the connections open.
type storm struct {
	name    string
	clients int
	attack  func(c *client) error
	memory  int64 // of the server, in MiB, that it may take
}

// perAddress is how many clients of a storm share an address.
const perAddress = 50

// unread sends lines until the server takes no more, as it has nobody who reads what it
// answers.
func unread(c *client, line string) error {
	lines := bytes.Repeat([]byte(line+"\r\n"), 2<<20/(len(line)+2))
	c.conn.SetWriteDeadline(time.Now().Add(2 * time.Second))
	if n, err := c.conn.Write(lines); err == nil {
		return fmt.Errorf("%.20s: %d bytes were taken", line, n)
	}
	return nil
}

var storms = []storm{
	{"listings unread", 100, func(c *client) error {
		_, err := c.begin("MLSD many")
		return err
	}, 200},
	{"listings of trees and patterns", 40, func(c *client) error {
		for _, line := range []string{"LIST -R", "LIST */*/*/*/*", "NLST [", "LIST " + strings.Repeat("*/", 1000), "NLST " + strings.Repeat("*a", 1000)} {
			conn, err := c.passive()
			if err != nil {
				return err
			}
			if err := c.send(line); err != nil {
				return err
			}
			first, err := c.r.ReadString('\n')
			if err != nil {
				return err
			}
			if strings.HasPrefix(first, "150") {
				io.Copy(io.Discard, io.LimitReader(conn, 1<<20))
				conn.Close()
				if err := c.want(""); err != nil {
					return err
				}
			}
		}
		return nil
	}, 150},
	{"downloads unread", 300, func(c *client) error {
		_, err := c.begin("RETR huge")
		return err
	}, 100},
	{"data connections never opened", 300, func(c *client) error {
		return errorOr(c.do("EPSV", "229"), c.send("RETR hello"))
	}, 100},
	{"ports never used", 20, func(c *client) error {
		for range 1000 {
			if err := c.do("EPSV", "229"); err != nil {
				return err
			}
		}
		return nil
	}, 100},
	{"replies unread", 20, func(c *client) error { return unread(c, "HELP") }, 100},
	{"commands behind a transfer", 50, func(c *client) error {
		if _, err := c.begin("RETR huge"); err != nil {
			return err
		}
		return unread(c, "CWD "+strings.Repeat("x", 4000))
	}, 100},
	{"lines without end", 50, func(c *client) error {
		_, err := c.conn.Write(bytes.Repeat([]byte("x"), 1<<20))
		return err
	}, 100},
	{"checksums", 200, func(c *client) error {
		for range 100 {
			if err := c.send("XSHA256 huge"); err != nil {
				return err
			}
		}
		return nil
	}, 100},
	{"long paths", 40, func(c *client) error {
		line := "CWD " + strings.Repeat("x/", 2000)
		for range 100 {
			if err := c.do(line, "550"); err != nil {
				return err
			}
		}
		return nil
	}, 100},
	{"pipelines", 4, func(c *client) error { return pipeline(c, "NOOP", "200", 100_000) }, 100},
	{"aborts", 20, func(c *client) error {
		if _, err := c.begin("RETR huge"); err != nil {
			return err
		}
		if err := c.do("\xff\xf4\xff\xf2ABOR", "426"); err != nil {
			return err
		}
		return errorOr(c.want("226"), pipeline(c, "ABOR", "225", 5000))
	}, 100},
}

// pipeline sends a command many times without waiting for answers, all of which come.
func pipeline(c *client, line, reply string, n int) error {
	var sending sync.WaitGroup
	defer sending.Wait()
	sending.Go(func() { c.conn.Write(bytes.Repeat([]byte(line+"\r\n"), n)) })
	for range n {
		if err := c.want(reply); err != nil {
			return err
		}
	}
	return nil
}

func errorOr(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// Whatever clients do that log in and mean ill, the server goes on to serve the others,
// in little memory.
func TestStorms(t *testing.T) {
	dir := site(t)
	if err := os.Mkdir(filepath.Join(dir, "many"), 0o755); err != nil {
		t.Fatal(err)
	}
	for i := range 30_000 {
		// Links are made faster than files.
		if err := os.Symlink("x", filepath.Join(dir, "many", fmt.Sprint("entry number ", i))); err != nil {
			t.Fatal(err)
		}
	}
	huge, err := os.Create(filepath.Join(dir, "huge"))
	if err != nil {
		t.Fatal(err)
	}
	if err := errorOr(huge.Truncate(1<<40), huge.Close()); err != nil {
		t.Fatal(err)
	}
	for _, st := range storms {
		t.Run(st.name, func(t *testing.T) {
			s := serve(t, dir)
			leave := guests(t, s.addr)
			clients := make([]*client, st.clients)
			var attacking sync.WaitGroup
			for i := range clients {
				attacking.Go(func() {
					c, err := login(s.addr, attacker(i/perAddress), "", "x")
					if err == nil {
						clients[i] = c
						err = st.attack(c)
					}
					if err != nil {
						t.Errorf("attacker %d: %v", i, err)
					}
				})
			}
			attacking.Wait()
			if again := leave(); again > 0 {
				t.Errorf("%d guests were sent away", again)
			}
			if err := visit(s.addr, guestsComeFrom+"1"); err != nil {
				t.Errorf("a guest in the midst of it: %v", err)
			}
			s.stayed(t, st.memory)
			for _, c := range clients {
				if c != nil {
					c.conn.Close()
				}
			}
		})
	}
}
