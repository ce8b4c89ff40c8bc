package squid

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// table decides by what stands in it; the client's address is put behind targets.
type table map[string]string

func (d table) Target(url string, client netip.Addr) string {
	if d[url] == "" {
		return ""
	}
	return d[url] + "?" + client.String()
}

func (d table) StoreID(url string) string { return d[url] }

// quiet is a log that nobody reads.
var quiet = slog.New(slog.DiscardHandler)

// listen serves helpers on a socket and returns how it is dialled.
func listen(t *testing.T, d Decider) (dial func(context.Context) (net.Conn, error), stop func()) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "squid.sock")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- Serve(ctx, l, d, nil) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return func(ctx context.Context) (net.Conn, error) {
		var dialer net.Dialer
		return dialer.DialContext(ctx, "unix", path)
	}, stop
}

func TestHelper(t *testing.T) {
	dial, _ := listen(t, table{"http://a/x": "http://b/x"})
	for _, c := range []struct {
		kind     Kind
		in, want string
	}{
		{Rewrite, "http://a/x 192.0.2.7/- - GET\n", `OK status=302 url="http://b/x?192.0.2.7"` + "\n"},
		{Rewrite, "http://a/y 192.0.2.7/- - GET\n\nhttp://a/x 192.0.2.8/- - GET\n", "ERR\n" + `OK status=302 url="http://b/x?192.0.2.8"` + "\n"},
		{Rewrite, "5 http://a/x 192.0.2.7/- - POST\n", "5 ERR\n"},
		{Rewrite, "5 " + strings.Repeat("x", maxLine) + "\n", "5 ERR\n"},
		{Rewrite, "5\n", "5 ERR\n"},
		{Rewrite, "", ""},
		{Rewrite, "http://a/x without an end", ""},
		{Store, "0 http://a/x 192.0.2.7/- - GET\r\n", `0 OK store-id="http://b/x"` + "\n"},
	} {
		var out strings.Builder
		h := &Helper{Kind: c.kind, Dial: dial, Log: quiet}
		if err := h.Run(t.Context(), strings.NewReader(c.in), &out); err != nil {
			t.Error(err)
		}
		if out.String() != c.want {
			t.Errorf("%s: %.60q is answered %q, want %q", c.kind, c.in, &out, c.want)
		}
	}
}

// A thousand requests at once, each answered with what belongs to its channel.
func TestChannels(t *testing.T) {
	const n = 1000
	d, in := table{}, strings.Builder{}
	var want []string
	for i := range n {
		url := fmt.Sprintf("http://a/%d", i)
		d[url] = fmt.Sprintf("http://b/%d", i)
		fmt.Fprintf(&in, "%d %s 192.0.2.7/- - GET\n", i, url)
		want = append(want, fmt.Sprintf(`%d OK store-id="http://b/%d"`, i, i))
	}
	dial, _ := listen(t, d)
	var out strings.Builder
	h := &Helper{Kind: Store, Dial: dial, Log: quiet}
	if err := h.Run(t.Context(), strings.NewReader(in.String()), &out); err != nil {
		t.Fatal(err)
	}
	got := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%d answers, not those that were wanted", len(got))
	}
}

// conversation is a helper that is spoken to line by line.
type conversation struct {
	*testing.T
	in    *io.PipeWriter
	out   *bufio.Reader
	ended chan error
}

func converse(t *testing.T, dial func(context.Context) (net.Conn, error)) *conversation {
	in, stdin := io.Pipe()
	stdout, out := io.Pipe()
	c := &conversation{t, stdin, bufio.NewReader(stdout), make(chan error, 1)}
	h := &Helper{Kind: Store, Dial: dial, Log: quiet}
	go func() { c.ended <- h.Run(t.Context(), in, out) }()
	return c
}

func (c *conversation) ask(line string) { io.WriteString(c.in, line+"\n") }

// answered checks the next answer and after how long it came.
func (c *conversation) answered(want string, after time.Duration) {
	c.Helper()
	began := time.Now()
	got, err := c.out.ReadString('\n')
	if took := time.Since(began); err != nil || got != want+"\n" || took != after {
		c.Errorf("%q, %v after %v; want %q after %v", got, err, took, want, after)
	}
}

func (c *conversation) end() {
	c.in.Close()
	if err := <-c.ended; err != nil {
		c.Error(err)
	}
}

var errAway = errors.New("away")

// With nobody there, each request is answered at once.
func TestAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := converse(t, func(context.Context) (net.Conn, error) { return nil, errAway })
		for range 3 {
			c.ask("1 http://a/x")
			c.answered("1 ERR", 0)
		}
		c.end()
	})
}

// slowLog takes its time for each line, and calls a function after it.
type slowLog struct {
	slog.Handler
	written func()
}

func (slowLog) Enabled(context.Context, slog.Level) bool { return true }

func (l slowLog) Handle(context.Context, slog.Record) error {
	time.Sleep(time.Second)
	l.written()
	return nil
}

// That nobody is there is logged before requests are read, since when they are answered
// the helper may end.
func TestAwayIsLoggedFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := strings.NewReader("http://a/x\n")
		lines := 0
		h := &Helper{
			Kind: Store,
			Dial: func(context.Context) (net.Conn, error) { return nil, errAway },
			Log: slog.New(slowLog{quiet.Handler(), func() {
				if lines++; in.Len() < int(in.Size()) {
					t.Error("requests are read before")
				}
			}}),
		}
		if err := h.Run(t.Context(), in, io.Discard); err != nil || lines != 1 {
			t.Errorf("%d lines are logged, %v", lines, err)
		}
	})
}

// With somebody there who says nothing, the first request waits as long as it may, and
// the next ones not at all. Once there is somebody who answers, that is found out.
func TestStalled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var dials atomic.Int32
		var answers atomic.Bool
		c := converse(t, func(context.Context) (net.Conn, error) {
			dials.Add(1)
			near, far := net.Pipe()
			if answers.Load() {
				go answerAll(far, table{"http://a/x": "http://b/x"}, nil)
			} else {
				go io.Copy(io.Discard, far)
			}
			return near, nil
		})
		synctest.Wait()
		c.ask("1 http://a/x")
		c.answered("1 ERR", patience)
		synctest.Wait()
		c.ask("2 http://a/x")
		c.answered("2 ERR", 0)
		answers.Store(true)
		time.Sleep(2 * firstPause)
		c.ask("3 http://a/x")
		c.answered(`3 OK store-id="http://b/x"`, 0)
		c.end()
		if n := dials.Load(); n != 2 {
			t.Errorf("dialled %d times", n)
		}
	})
}

// What waits when the connection breaks is answered, and connections are not tried
// without a pause.
func TestBroken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var dials atomic.Int32
		conns := make(chan net.Conn, 1)
		c := converse(t, func(context.Context) (net.Conn, error) {
			if dials.Add(1) > 1 {
				return nil, errAway
			}
			near, far := net.Pipe()
			go io.Copy(io.Discard, far)
			conns <- far
			return near, nil
		})
		c.ask("1 http://a/x")
		c.ask("2 http://a/x")
		synctest.Wait()
		(<-conns).Close()
		answers := map[string]bool{}
		for range 2 {
			line, err := c.out.ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			answers[line] = true
		}
		if !answers["1 ERR\n"] || !answers["2 ERR\n"] {
			t.Errorf("answered %v", answers)
		}
		time.Sleep(time.Hour)
		if limit := int32(time.Hour/(longestPause*9/10)) + 20; dials.Load() > limit {
			t.Errorf("dialled %d times in an hour, at most %d expected", dials.Load(), limit)
		}
		c.end()
	})
}

// A helper whose answers nobody reads ends.
func TestNobodyReads(t *testing.T) {
	in, stdin := io.Pipe()
	defer stdin.Close()
	h := &Helper{Kind: Store, Dial: func(context.Context) (net.Conn, error) { return nil, errAway }, Log: quiet}
	go io.WriteString(stdin, "1 http://a/x\n")
	if err := h.Run(t.Context(), in, broken{}); !errors.Is(err, errAway) {
		t.Errorf("%v", err)
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errAway }

// A connection that does not say what it wants is closed.
func TestHello(t *testing.T) {
	dial, _ := listen(t, echo{})
	for _, hello := range []string{"rewrites\n", "\n", strings.Repeat("x", 2*maxLine) + "\n"} {
		conn, err := dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		conn.SetDeadline(time.Now().Add(10 * time.Second))
		io.WriteString(conn, hello)
		if text, err := io.ReadAll(conn); len(text) != 0 || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%.20q is answered %q, %v", hello, text, err)
		}
		conn.Close()
	}
}
