package wire_test

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"mirrortracker/internal/distftp/wire"
)

// A slave does what its functions say. What is asked of those that are nil is a fault of
// the test.
type slave struct {
	wire.Slave // nil: panics, which ends the request

	state     func() (wire.State, error)
	news      func(ctx context.Context, tell func(wire.News) error) error
	apply     func([]wire.Intent) (uint64, error)
	directory func(dir wire.Path, deep bool) iter.Seq2[wire.Entry, error]
	send      func(ctx context.Context, s wire.Send, tell func(wire.Event)) error
	receive   func(ctx context.Context, r wire.Receive, tell func(wire.Event)) (wire.Prepared, error)
	listen    func(l wire.Listen) (wire.Listening, error)
}

func (s *slave) State(context.Context) (wire.State, error) { return s.state() }

func (s *slave) News(ctx context.Context, tell func(wire.News) error) error { return s.news(ctx, tell) }

func (s *slave) Apply(_ context.Context, intents []wire.Intent) (uint64, error) {
	return s.apply(intents)
}

func (s *slave) Directory(_ context.Context, dir wire.Path, deep bool) iter.Seq2[wire.Entry, error] {
	return s.directory(dir, deep)
}

func (s *slave) Send(ctx context.Context, q wire.Send, tell func(wire.Event)) error {
	return s.send(ctx, q, tell)
}

func (s *slave) Receive(ctx context.Context, r wire.Receive, tell func(wire.Event)) (wire.Prepared, error) {
	return s.receive(ctx, r, tell)
}

func (s *slave) Listen(_ context.Context, l wire.Listen) (wire.Listening, error) { return s.listen(l) }

// ask returns a client of a slave.
func ask(t *testing.T, s wire.Slave) *wire.Client {
	t.Helper()
	return askRoutes(t, wire.Routes(s, slog.New(slog.DiscardHandler)))
}

func askRoutes(t *testing.T, routes http.Handler) *wire.Client {
	t.Helper()
	srv := httptest.NewUnstartedServer(routes)
	srv.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	srv.Start()
	link := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", srv.Listener.Addr().String())
	}}
	t.Cleanup(func() {
		link.CloseIdleConnections()
		srv.Close()
	})
	return wire.NewClient(link)
}

var (
	ref     = wire.Ref{Path: "/pub/a\xff%", Version: 7, Size: 5}
	sending = wire.Send{Ref: ref, Meet: wire.Meeting{Listener: 1, Timeout: time.Second}, Stall: time.Second}
	getting = wire.Receive{Op: 9, Most: 5, Meet: wire.Meeting{Listener: 1, Timeout: time.Second}, Stall: time.Second}
)

func TestAnswersComeThrough(t *testing.T) {
	want := wire.State{
		Storage: "s", Applied: 3, Digest: wire.SyncDigest{1, 2}, Files: 4, Ports: [2]uint16{1, 2},
		Data: []netip.Addr{netip.MustParseAddr("192.0.2.1")}, Relay: []netip.AddrPort{netip.MustParseAddrPort("[2001:db8::1]:5")},
	}
	c := ask(t, &slave{state: func() (wire.State, error) { return want, nil }})
	got, err := c.State(t.Context())
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	if err := c.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestReasonsComeThrough(t *testing.T) {
	fail := error(&wire.Failure{Reason: wire.Full, Text: "no space", Applied: 4})
	c := ask(t, &slave{
		state: func() (wire.State, error) { return wire.State{}, fail },
		send:  func(context.Context, wire.Send, func(wire.Event)) error { return fail },
		receive: func(context.Context, wire.Receive, func(wire.Event)) (wire.Prepared, error) {
			return wire.Prepared{}, fail
		},
		directory: func(wire.Path, bool) iter.Seq2[wire.Entry, error] {
			return func(yield func(wire.Entry, error) bool) {
				_ = yield(wire.Entry{Name: "a", Kind: wire.File}, nil) && yield(wire.Entry{}, fail)
			}
		},
	})
	check := func(what string, err error) {
		t.Helper()
		f, ok := errors.AsType[*wire.Failure](err)
		if !ok || !reflect.DeepEqual(f, fail) {
			t.Errorf("%s: %v", what, err)
		}
	}
	_, err := c.State(t.Context())
	check("state", err)
	check("send", c.Send(t.Context(), sending, func(wire.Event) {}))
	_, err = c.Receive(t.Context(), getting, func(wire.Event) {})
	check("receive", err)
	for e, err := range c.Directory(t.Context(), "/", false) {
		if e.Name == "" {
			check("directory", err)
		}
	}

	fail = errors.New("a fault of its own")
	if _, err := c.State(t.Context()); err == nil || err.Error() != "internal error: a fault of its own" {
		t.Error(err)
	}
}

func TestTransfersAreFollowed(t *testing.T) {
	told := []wire.Event{{Connected: true}, {Moved: 3}, {Moved: 5}}
	want := wire.Event{Connected: true, Moved: 5}
	prepared := wire.Prepared{Op: 9, Size: 5, Sums: wire.Sums{CRC32: 1}}
	var asked wire.Send
	c := ask(t, &slave{
		send: func(_ context.Context, s wire.Send, tell func(wire.Event)) error {
			asked = s
			for _, e := range told {
				tell(e)
			}
			return nil
		},
		receive: func(_ context.Context, _ wire.Receive, tell func(wire.Event)) (wire.Prepared, error) {
			for _, e := range told {
				tell(e)
			}
			return prepared, nil
		},
	})
	var got wire.Event // in however many parts it came
	note := func(e wire.Event) { got.Connected, got.Moved = got.Connected || e.Connected, max(got.Moved, e.Moved) }
	if err := c.Send(t.Context(), sending, note); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
	if !reflect.DeepEqual(asked, sending) {
		t.Errorf("asked %+v", asked)
	}
	got = wire.Event{}
	p, err := c.Receive(t.Context(), getting, note)
	if err != nil || !reflect.DeepEqual(p, prepared) || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v, %v", p, got, err)
	}
}

func TestTransfersAreBrokenOff(t *testing.T) {
	ended := make(chan error, 1)
	c := ask(t, &slave{send: func(ctx context.Context, _ wire.Send, tell func(wire.Event)) error {
		tell(wire.Event{Connected: true})
		<-ctx.Done()
		ended <- ctx.Err()
		return ctx.Err()
	}})
	abort := errors.New("ABOR")
	ctx, cancel := context.WithCancelCause(t.Context())
	err := c.Send(ctx, sending, func(wire.Event) { cancel(abort) })
	if !errors.Is(err, abort) {
		t.Error(err)
	}
	<-ended
}

// A directory comes whole and with all its bytes, or its end is an error.
func TestDirectoriesComeWhole(t *testing.T) {
	var want []wire.Entry
	for i := range 10000 {
		want = append(want, wire.Entry{Name: wire.Path("\xff" + strings.Repeat("n", i%200)), Kind: wire.File, Size: int64(i), Version: 1, Sums: &wire.Sums{CRC32: 2}})
	}
	c := ask(t, &slave{directory: func(dir wire.Path, deep bool) iter.Seq2[wire.Entry, error] {
		if dir != "/\xfe" || deep {
			t.Errorf("asked for %q, %v", dir, deep)
		}
		return func(yield func(wire.Entry, error) bool) {
			for _, e := range want {
				if !yield(e, nil) {
					return
				}
			}
		}
	}})
	for range 2 { // the second time with what the first has left
		var got []wire.Entry
		for e, err := range c.Directory(t.Context(), "/\xfe", false) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, e)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got %d entries", len(got))
		}
		for range c.Directory(t.Context(), "/\xfe", false) {
			break
		}
	}
}

func TestIntentsGoInBatches(t *testing.T) {
	var want []wire.Intent
	for i := range uint64(1201) {
		want = append(want, wire.Intent{Seq: i + 1, Prev: i, Deed: wire.RemoveDir, Path: "/d"})
	}
	var got []wire.Intent
	c := ask(t, &slave{apply: func(intents []wire.Intent) (uint64, error) {
		for _, i := range intents {
			if i.Seq == 1100 {
				return 1099, &wire.Failure{Reason: wire.Full}
			}
			got = append(got, i)
		}
		return got[len(got)-1].Seq, nil
	}})
	n, err := c.Apply(t.Context(), want)
	if f, ok := errors.AsType[*wire.Failure](err); !ok || f.Reason != wire.Full || n != 1099 || !slices.Equal(got, want[:1099]) {
		t.Errorf("applied %d, %d seen, %v", n, len(got), err)
	}
}

func TestNewsComeAsTheyAre(t *testing.T) {
	more := make(chan struct{})
	c := ask(t, &slave{news: func(ctx context.Context, tell func(wire.News) error) error {
		if err := tell(wire.News{State: &wire.State{Storage: "s"}}); err != nil {
			return err
		}
		<-more
		_ = tell(wire.News{Damaged: []wire.Damage{{Ref: ref, Fault: wire.Rotten}}})
		_ = tell(wire.News{Leaving: true})
		return nil
	}})
	var got []wire.News
	err := c.News(t.Context(), func(n wire.News) error {
		if len(got) == 0 {
			close(more) // the second is told when the first has come
		}
		got = append(got, n)
		return nil
	})
	if err != nil || len(got) != 3 || got[1].Damaged[0].Ref != ref || !got[2].Leaving {
		t.Errorf("got %+v, %v", got, err)
	}
}

// What no master asks is refused before the slave sees it.
func TestSlavesAreNotAskedNonsense(t *testing.T) {
	c := ask(t, &slave{})
	refused := func(what string, err error) {
		t.Helper()
		if f, ok := errors.AsType[*wire.Failure](err); !ok || f.Reason != wire.Invalid {
			t.Errorf("%s: %v", what, err)
		}
	}
	for what, change := range map[string]func(*wire.Send){
		"a path that leads out":  func(s *wire.Send) { s.Ref.Path = "/../etc/passwd" },
		"a relative path":        func(s *wire.Send) { s.Ref.Path = "a" },
		"an offset below zero":   func(s *wire.Send) { s.Offset = -1 },
		"no meeting":             func(s *wire.Send) { s.Meet.Listener = 0 },
		"two meetings":           func(s *wire.Send) { s.Meet.Secret = make([]byte, wire.SecretSize) },
		"a short secret":         func(s *wire.Send) { s.Meet = wire.Meeting{Secret: []byte{1}, Timeout: 1} },
		"no time limit":          func(s *wire.Send) { s.Meet.Timeout = 0 },
		"a place without secret": func(s *wire.Send) { s.From = &wire.Place{Addr: netip.MustParseAddrPort("192.0.2.1:1")} },
	} {
		s := sending
		change(&s)
		refused(what, c.Send(t.Context(), s, func(wire.Event) {}))
	}
	for what, change := range map[string]func(*wire.Receive){
		"no operation":           func(r *wire.Receive) { r.Op = 0 },
		"to keep nothing":        func(r *wire.Receive) { r.First = 1 },
		"to keep more than all":  func(r *wire.Receive) { r.First, r.Keep = 6, &wire.Ref{Path: "/a", Size: 5} },
		"a pace below zero":      func(r *wire.Receive) { r.Pace = -1 },
		"a size below zero kept": func(r *wire.Receive) { r.Keep = &wire.Ref{Path: "/a", Size: -1} },
	} {
		r := getting
		change(&r)
		_, err := c.Receive(t.Context(), r, func(wire.Event) {})
		refused(what, err)
	}
	for _, i := range []wire.Intent{
		{Seq: 0, Deed: wire.Remove, Path: "/a"},
		{Seq: 1, Prev: 1, Deed: wire.Remove, Path: "/a"},
		{Seq: 1, Deed: "format", Path: "/a"},
		{Seq: 1, Deed: wire.Remove, Path: "/"},
		{Seq: 1, Deed: wire.Rename, Path: "/a"},
		{Seq: 1, Deed: wire.Rename, Path: "/a", To: "/"},
		{Seq: 1, Deed: wire.Remove, Path: "/a/../b"},
	} {
		_, err := c.Apply(t.Context(), []wire.Intent{i})
		refused("an intent", err)
	}
	_, err := c.Listen(t.Context(), wire.Listen{Family: 5, Foreign: true, Timeout: 1})
	refused("a family", err)
	for _, err := range c.Directory(t.Context(), "/a/", false) {
		refused("a directory", err)
	}
}

// raw is a slave's answer as bytes, to whatever was asked.
func raw(t *testing.T, status int, answer string) *wire.Client {
	t.Helper()
	return askRoutes(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(answer))
	}))
}

func TestSlavesThatAnswerNonsense(t *testing.T) {
	state := func(c *wire.Client) error { _, err := c.State(t.Context()); return err }
	send := func(c *wire.Client) error { return c.Send(t.Context(), sending, func(wire.Event) {}) }
	receive := func(c *wire.Client) error {
		_, err := c.Receive(t.Context(), getting, func(wire.Event) {})
		return err
	}
	directory := func(c *wire.Client) error {
		for _, err := range c.Directory(t.Context(), "/", false) {
			if err != nil {
				return err
			}
		}
		return nil
	}
	news := func(c *wire.Client) error {
		return c.News(t.Context(), func(wire.News) error { return nil })
	}
	listen := func(c *wire.Client) error {
		_, err := c.Listen(t.Context(), wire.Listen{Family: 4, Foreign: true, Timeout: 1})
		return err
	}
	for _, c := range []struct {
		what   string
		ask    func(*wire.Client) error
		status int
		answer string
	}{
		{"no state", state, 200, ``},
		{"no JSON", state, 200, `{`},
		{"a negative number", state, 200, `{"storage":"s","files":-1}`},
		{"no storage", state, 200, `{}`},
		{"a long text", state, 200, `{"storage":"` + strings.Repeat("s", 2000) + `"}`},
		{"an answer without end", state, 200, strings.Repeat(" ", 17<<20)},
		{"an unknown route", state, 404, `no`},
		{"a failure without reason", state, 409, `{}`},
		{"a failure that is none", state, 409, `[`},
		{"everywhere", listen, 200, `{"listener":1,"addr":"0.0.0.0:5"}`},
		{"no port", listen, 200, `{"listener":1,"addr":"192.0.2.1:0"}`},
		{"nowhere", listen, 200, `{"listener":1}`},
		{"no end", send, 200, `{"connected":true}` + "\n"},
		{"backwards", send, 200, `{"moved":2}` + "\n" + `{"moved":1}` + "\n" + `{"done":true}` + "\n"},
		{"a long line", send, 200, strings.Repeat(" ", 3<<20)},
		{"nothing prepared", receive, 200, `{"done":true}` + "\n"},
		{"another operation", receive, 200, `{"done":true,"prepared":{"op":8,"size":1}}` + "\n"},
		{"too much", receive, 200, `{"done":true,"prepared":{"op":9,"size":6}}` + "\n"},
		{"less than nothing", receive, 200, `{"done":true,"prepared":{"op":9,"size":-1}}` + "\n"},
		{"more than came", receive, 200, `{"done":true,"moved":2,"prepared":{"op":9,"size":3}}` + "\n"},
		{"less than came", receive, 200, `{"moved":2}` + "\n" + `{"done":true,"prepared":{"op":9,"size":1}}` + "\n"},
		{"half a checksum", receive, 200, `{"done":true,"prepared":{"op":9,"size":1,"sha256":"AAAA"}}` + "\n"},
		{"not compressed", directory, 200, `{"end":true}`},
		{"nothing", directory, 200, ``},
		{"news without end", news, 200, `{"state":{"storage":"s"}}` + "\n"},
		{"news of a bad state", news, 200, `{"state":{"storage":""}}` + "\n"},
		{"news of no path", news, 200, `{"damaged":[{"ref":{"path":"a"}}]}` + "\n"},
	} {
		t.Run(c.what, func(t *testing.T) {
			if err := c.ask(raw(t, c.status, c.answer)); err == nil {
				t.Error("it is believed")
			}
		})
	}
}

// Entries that the slave makes up are not believed either.
func TestEntriesThatAreNone(t *testing.T) {
	for _, e := range []wire.Entry{
		{Name: "", Kind: wire.File},
		{Name: "..", Kind: wire.File},
		{Name: "a/b", Kind: wire.File},
		{Name: "a", Kind: "device"},
		{Name: "a", Kind: wire.File, Size: -1},
		{Name: "a", Kind: wire.File, Sums: &wire.Sums{SHA256: []byte{1}}},
	} {
		c := ask(t, &slave{directory: func(wire.Path, bool) iter.Seq2[wire.Entry, error] {
			return func(yield func(wire.Entry, error) bool) { yield(e, nil) }
		}})
		for got, err := range c.Directory(t.Context(), "/", false) {
			if err == nil {
				t.Errorf("%+v is believed", got)
			}
		}
	}
}

func TestSlavesThatAreGone(t *testing.T) {
	c := ask(t, &slave{}) // panics: the connection is closed without an answer
	if _, err := c.State(t.Context()); !errors.Is(err, wire.ErrLink) {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.State(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
