package foreign

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mirrortracker/internal/distftp/data"
	"mirrortracker/internal/ftpconn/ftpscript"
)

type script = ftpscript.Script

// at is a server at an address.
func at(t *testing.T, addr string) Server {
	t.Helper()
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		t.Fatal(err)
	}
	return Server{Host: host, Port: uint16(n)}
}

// pool is one to a server that does what a script says.
func pool(t *testing.T, s script, limit int, cfg Config) (*Pool, *ftpscript.Server) {
	t.Helper()
	server := ftpscript.Start(t, s)
	where := at(t, server.Addr)
	where.Limit = limit
	p := NewPool(where, Abilities{}, cfg)
	t.Cleanup(p.Close)
	return p, server
}

func take(t *testing.T, p *Pool) *Conn {
	t.Helper()
	c, err := p.Take(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// await polls for something that other goroutines bring about.
func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("still not: %s", what)
		}
	}
}

func states(p *Pool) (all []State) {
	for _, c := range p.Connections() {
		all = append(all, c.State)
	}
	return all
}

// A connection that is given back is used again.
func TestReuse(t *testing.T) {
	t.Parallel()
	p, server := pool(t, script{}, 0, Config{})
	for range 5 {
		c := take(t, p)
		if got := states(p); !slices.Equal(got, []State{inUse}) {
			t.Fatal(got)
		}
		c.Release()
		c.Release()
		if got := states(p); !slices.Equal(got, []State{idle}) {
			t.Fatal(got)
		}
	}
	if n := server.Count("USER"); n != 1 {
		t.Errorf("%d logins", n)
	}
	if c := p.Connections()[0]; c.Uses != 5 || c.Peer.String() != server.Addr || c.Doing != "" {
		t.Errorf("%+v", c)
	}
}

// Whoever comes first is served first, there are never more connections than may be, and
// nobody is forgotten.
func TestQueue(t *testing.T) {
	t.Parallel()
	for limit, users := range map[int]int{1: 100, 50: 500} {
		t.Run(fmt.Sprint(limit), func(t *testing.T) {
			t.Parallel()
			p, server := pool(t, script{"NOOP": ftpscript.Say("200 zzz")}, limit, Config{})
			var held []*Conn
			for range limit {
				held = append(held, take(t, p))
			}
			var mu sync.Mutex
			var order []int
			var together atomic.Int32
			var all sync.WaitGroup
			for i := range users {
				all.Go(func() {
					c, err := p.Take(t.Context())
					if err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					order = append(order, i)
					mu.Unlock()
					if together.Add(1) > int32(limit) {
						t.Error("too many at a time")
					}
					if _, err := c.Cmd(t.Context(), "NOOP"); err != nil {
						t.Error(err)
					}
					together.Add(-1)
					c.Release()
				})
				await(t, "in the queue", func() bool { return p.Waiting() == i+1 })
			}
			for _, c := range held {
				c.Release()
			}
			all.Wait()
			// Those who are served together write themselves down in any order.
			if len(order) != users || limit == 1 && !slices.IsSorted(order) {
				t.Errorf("%d of %d were served, in the order %d", len(order), users, order)
			}
			if n := server.Count("USER"); n != limit {
				t.Errorf("%d logins", n)
			}
		})
	}
}

// Who leaves the queue does not take a connection with him.
func TestQueueLeft(t *testing.T) {
	t.Parallel()
	p, _ := pool(t, script{}, 1, Config{})
	held := take(t, p)
	enough := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	left := make(chan error)
	go func() {
		_, err := p.Take(ctx)
		left <- err
	}()
	await(t, "in the queue", func() bool { return p.Waiting() == 1 })
	cancel(enough)
	if err := <-left; !errors.Is(err, enough) {
		t.Errorf("error %v", err)
	}
	held.Release()
	take(t, p).Release()
}

func TestQueuePatience(t *testing.T) {
	t.Parallel()
	p, _ := pool(t, script{}, 1, Config{Patience: 10 * time.Millisecond})
	// The login may take longer than that.
	p.cfg.Patience = 10 * time.Second
	defer take(t, p).Release()
	p.cfg.Patience = 10 * time.Millisecond
	if _, err := p.Take(t.Context()); !errors.Is(err, ErrBusy) || !errors.Is(err, data.ErrUnavailable) {
		t.Errorf("error %v", err)
	}
	if p.Waiting() != 0 || !p.Usable() {
		t.Error("it waits for ever, or rests")
	}
}

// A broken connection is not used again, and a failure has the server rest: who waits is
// told at once.
func TestFailure(t *testing.T) {
	t.Parallel()
	for name, act := range map[string]ftpscript.Act{
		"garbage":     ftpscript.Say("what?"),
		"out of step": ftpscript.Say("331 who?"),
		"goodbye":     ftpscript.Say("421 bye"),
		"end":         ftpscript.HangUp,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, server := pool(t, script{"NOOP": act}, 1, Config{})
			c := take(t, p)
			waits := make(chan error)
			go func() {
				_, err := p.Take(t.Context())
				waits <- err
			}()
			await(t, "in the queue", func() bool { return p.Waiting() == 1 })
			if _, err := c.Cmd(t.Context(), "NOOP"); err == nil {
				t.Fatal("no error")
			}
			c.Release()
			if err := <-waits; !errors.Is(err, ErrResting) || !errors.Is(err, data.ErrUnavailable) {
				t.Errorf("who waits: %v", err)
			}
			if _, err := p.Take(t.Context()); !errors.Is(err, ErrResting) || !strings.Contains(err.Error(), server.Addr) {
				t.Errorf("who comes: %v", err)
			}
			if h := p.Health(); !h.Resting || h.Failures != 1 || h.Reason == "" || p.Usable() {
				t.Errorf("%+v", h)
			}
		})
	}
}

// What is not the server's fault does not have it rest.
func TestNoFailure(t *testing.T) {
	t.Parallel()
	p, _ := pool(t, script{"RETR": ftpscript.InTurn(ftpscript.Say("550 no"), ftpscript.Say("425 no"), ftpscript.Hang)}, 0, Config{})
	for _, cause := range []error{nil, nil, context.Canceled, errors.New("my own")} {
		c := take(t, p)
		ctx, cancel := context.WithCancelCause(t.Context())
		if cause != nil {
			time.AfterFunc(time.Millisecond, func() { cancel(cause) })
		}
		if _, err := c.Begin(ctx, "RETR f"); err == nil {
			t.Fatal("no error")
		}
		c.Release()
		cancel(nil)
		if !p.Usable() {
			t.Fatalf("rests: %+v", p.Health())
		}
	}
	c := take(t, p)
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	c.Begin(ctx, "RETR f")
	c.Release()
	if p.Usable() {
		t.Error("silence until the deadline is no failure")
	}
}

func TestUnreachable(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]script{
		"refuses":        {"": ftpscript.HangUp},
		"hangs":          {"": ftpscript.Hang},
		"hangs at login": {"PASS": ftpscript.Hang},
		"wrong password": {"PASS": ftpscript.Say("530 sesame is wrong")},
		"full":           {"": ftpscript.Say("421 too many users")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := ftpscript.Start(t, s)
			where := at(t, server.Addr)
			where.User, where.Password = "ali", "sesame"
			p := NewPool(where, Abilities{}, Config{Timeout: 50 * time.Millisecond})
			defer p.Close()
			_, err := p.Take(t.Context())
			if !errors.Is(err, data.ErrUnavailable) || strings.Contains(err.Error(), "sesame") {
				t.Errorf("error %v", err)
			}
			if _, err := p.Take(t.Context()); !errors.Is(err, ErrResting) || strings.Contains(err.Error(), "sesame") {
				t.Errorf("error %v", err)
			}
			if got := states(p); got != nil {
				t.Errorf("left: %v", got)
			}
		})
	}
}

// A server that has closed an idle connection has not failed.
func TestIdleClosed(t *testing.T) {
	t.Parallel()
	bye := make(chan bool)
	p, server := pool(t, script{"NOOP": func(s *ftpscript.Session) { s.Reply("200 zzz"); <-bye; s.Reply("421 timeout"); s.Close() }}, 0, Config{})
	c := take(t, p)
	c.Cmd(t.Context(), "NOOP")
	c.Release()
	close(bye)
	await(t, "gone", func() bool { return len(p.Connections()) == 0 })
	take(t, p).Release()
	if n := server.Count("USER"); n != 2 || !p.Usable() {
		t.Errorf("%d logins, %+v", n, p.Health())
	}
}

// What a server does at the first question to a connection that was idle is not its fault,
// and is asked again on another.
func TestStale(t *testing.T) {
	t.Parallel()
	p, server := pool(t, script{"MKD": ftpscript.InTurn(ftpscript.Say("257 made"), ftpscript.HangUp, ftpscript.Say("257 made"))}, 0, Config{})
	for range 2 {
		if err := p.MakeDir(t.Context(), "/d"); err != nil {
			t.Fatal(err)
		}
	}
	if server.Count("MKD") != 3 || server.Count("USER") != 2 || !p.Usable() {
		t.Errorf("%q", server.Commands())
	}
}

// An idle connection shows signs of life, and is closed after a while.
func TestKeepAlive(t *testing.T) {
	t.Parallel()
	p, server := pool(t, script{"NOOP": ftpscript.Say("200 zzz")}, 0, Config{KeepAlive: 2 * time.Millisecond, Idle: 100 * time.Millisecond})
	take(t, p).Release()
	await(t, "closed", func() bool { return len(p.Connections()) == 0 })
	if n := server.Count("NOOP"); n == 0 || n > 50 {
		t.Errorf("%d signs of life", n)
	}
}

// Taking, keeping alive and closing at the same time lose nothing.
func TestKeepAliveRaces(t *testing.T) {
	t.Parallel()
	p, _ := pool(t, script{"NOOP": ftpscript.Say("200 zzz")}, 3, Config{KeepAlive: time.Millisecond, Idle: 5 * time.Millisecond})
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 50 {
				c, err := p.Take(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				if _, err := c.Cmd(t.Context(), "NOOP"); err != nil {
					t.Error(err)
				}
				c.Release()
				time.Sleep(time.Millisecond)
			}
		})
	}
	all.Wait()
	await(t, "closed", func() bool { return len(p.Connections()) == 0 })
}

func TestDisconnect(t *testing.T) {
	t.Parallel()
	p, server := pool(t, script{}, 0, Config{})
	a, b := take(t, p), take(t, p)
	b.Release()
	if closed, used := p.Disconnect(); closed != 1 || used != 1 {
		t.Errorf("%d closed, %d in use", closed, used)
	}
	a.Release()
	if got := states(p); got != nil {
		t.Errorf("left: %v", got)
	}
	take(t, p).Release()
	if n := server.Count("USER"); n != 3 || !p.Usable() {
		t.Errorf("%d logins", n)
	}
}

func TestClose(t *testing.T) {
	t.Parallel()
	p, _ := pool(t, script{}, 1, Config{})
	c := take(t, p)
	waits := make(chan error)
	go func() {
		_, err := p.Take(t.Context())
		waits <- err
	}()
	await(t, "in the queue", func() bool { return p.Waiting() == 1 })
	p.Close()
	if err := <-waits; !errors.Is(err, ErrClosed) {
		t.Errorf("who waits: %v", err)
	}
	c.Release()
	if _, err := p.Take(t.Context()); !errors.Is(err, ErrClosed) || states(p) != nil {
		t.Errorf("%v, %v", err, states(p))
	}
}

// A connection goes back as it was taken.
func TestCalm(t *testing.T) {
	t.Parallel()
	p, server := pool(t, script{"REST": ftpscript.Say("350 so be it")}, 0, Config{})
	c := take(t, p)
	if err := errors.Join(c.Restart(t.Context(), 7), c.Type(t.Context(), true)); err != nil {
		t.Fatal(err)
	}
	c.Release()
	if got := server.Commands(); !slices.Equal(got[len(got)-4:], []string{"REST 7", "TYPE A", "REST 0", "TYPE I"}) {
		t.Errorf("%q", got)
	}
	c = take(t, p)
	if err := c.Send(t.Context(), "NOOP"); err != nil {
		t.Fatal(err)
	}
	c.Release()
	if got := states(p); got != nil {
		t.Errorf("a connection with a reply to come was kept: %v", got)
	}
}

// A server that lets us have fewer connections than we may is taken at its word, and
// nobody is lost.
func TestFewer(t *testing.T) {
	t.Parallel()
	const lets = 3
	var open atomic.Int32
	greet := func(s *ftpscript.Session) {
		if open.Add(1) > lets {
			open.Add(-1)
			s.Reply("421 Too many connections from your address")
			s.Close()
			return
		}
		s.Reply("220 ready")
	}
	var told atomic.Int32
	p, _ := pool(t, script{"": greet, "NOOP": ftpscript.Say("200 zzz")}, 8, Config{Learned: func(_ Server, a Abilities) { told.Store(int32(a.Connections)) }})
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			c, err := p.Take(t.Context())
			if err != nil {
				t.Error(err)
				return
			}
			c.Cmd(t.Context(), "NOOP")
			c.Release()
		})
	}
	all.Wait()
	await(t, "few enough", func() bool { n := len(p.Connections()); return n <= lets && n > 0 })
	if got := p.Abilities().Connections; got > lets || got == 0 || int(told.Load()) != got {
		t.Errorf("learnt %d, told %d", got, told.Load())
	}
}

// A rest ends with one try.
func TestTry(t *testing.T) {
	t.Parallel()
	p, _ := pool(t, script{"RETR": ftpscript.InTurn(ftpscript.Say("what?"), ftpscript.Say("226 done"))}, 0, Config{})
	fail := take(t, p)
	fail.Begin(t.Context(), "RETR f")
	fail.Release()
	p.mu.Lock()
	p.breaker.until = time.Now()
	p.mu.Unlock()
	if !p.Usable() {
		t.Fatal("still rests")
	}
	c := take(t, p)
	if _, err := p.Take(t.Context()); !errors.Is(err, ErrResting) {
		t.Errorf("a second try: %v", err)
	}
	if _, err := c.Begin(t.Context(), "RETR f"); err != nil {
		t.Fatal(err)
	}
	take(t, p).Release()
	c.Release()
	if h := p.Health(); h != (Health{}) {
		t.Errorf("%+v", h)
	}
}

func TestPools(t *testing.T) {
	t.Parallel()
	ps := NewPools(Config{})
	defer ps.Close()
	a := Server{Host: "a.example", Port: 21, User: "u", Password: "p"}
	b := a
	b.Password = "q"
	more := a
	more.Limit = 50
	if ps.Of(a, Abilities{}) != ps.Of(more, Abilities{}) || ps.Of(a, Abilities{}) == ps.Of(b, Abilities{}) {
		t.Error("not one pool for each login")
	}
	if got := ps.Of(more, Abilities{}).Server().Limit; got != 50 {
		t.Errorf("limit %d", got)
	}
	hourAgo := time.Now().Add(-time.Hour)
	for _, test := range []struct{ told, want Abilities }{
		{Abilities{Port: Yes, Probed: hourAgo}, Abilities{Port: Yes, Probed: hourAgo}},
		{Abilities{Port: No, Probed: hourAgo}, Abilities{Port: Yes, Probed: hourAgo}},
		{Abilities{Port: No, Probed: hourAgo.Add(-1)}, Abilities{Port: Yes, Probed: hourAgo}},
		{Abilities{Port: No, Probed: hourAgo.Add(1)}, Abilities{Port: No, Probed: hourAgo.Add(1)}},
		{Abilities{Port: Yes, Connections: 2, Probed: hourAgo, Learnt: hourAgo.Add(2)}, Abilities{Port: Yes, Probed: hourAgo.Add(1), Learnt: hourAgo.Add(2)}},
		{Abilities{Port: No, Probed: hourAgo.Add(1), Learnt: hourAgo.Add(2)}, Abilities{Port: Yes, Probed: hourAgo.Add(1), Learnt: hourAgo.Add(2)}},
		{Abilities{Port: No, Probed: hourAgo.Add(1), Learnt: hourAgo.Add(3)}, Abilities{Port: No, Probed: hourAgo.Add(1), Learnt: hourAgo.Add(3)}},
		{Abilities{Port: Yes, Probed: hourAgo.Add(3)}, Abilities{Port: Yes, Probed: hourAgo.Add(3)}},
		{Abilities{Port: No, Probed: hourAgo.Add(1), Learnt: hourAgo.Add(3)}, Abilities{Port: Yes, Probed: hourAgo.Add(3)}},
	} {
		if got := ps.Of(a, test.told).Abilities(); got != test.want {
			t.Errorf("told %+v, it knows %+v", test.told, got)
		}
	}
	if len(ps.all) != 2 {
		t.Errorf("%d pools", len(ps.all))
	}
}

// A refusal that use has shown is not believed for ever: it may have been a client's firewall.
func TestDoubt(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		age  time.Duration
		want Verdict
	}{
		{doubt - time.Minute, No},
		{doubt, Unknown},
	} {
		p, _ := mirroring(t, nil)
		p.Learn(func(a *Abilities) { a.Port, a.Passive, a.REST = No, No, Yes })
		if a := p.Abilities(); a.Passive != No || time.Since(a.Learnt) > time.Minute {
			t.Errorf("at once: %+v", a)
		}
		p.mu.Lock()
		p.abilities.Learnt = p.abilities.Learnt.Add(-test.age)
		p.mu.Unlock()
		if a := p.Abilities(); a.Port != test.want || a.Passive != test.want || a.REST != Yes {
			t.Errorf("after %v: %+v", test.age, a)
		}
	}
}

// Nor by a probe that cannot find out, while what works goes on working.
func TestProbeDoubts(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ was, want Verdict }{{No, Unknown}, {Unknown, Unknown}, {Yes, Yes}} {
		p, _ := mirroring(t, script{"PASV": ftpscript.Say("502 no"), "EPSV": ftpscript.Say("502 no")})
		p.Learn(func(a *Abilities) { a.Passive = test.was })
		if a, err := p.Probe(t.Context()); err != nil || a.Passive != test.want || !a.Learnt.IsZero() || a != p.Abilities() {
			t.Errorf("%v became %+v, %v", test.was, a, err)
		}
	}
}

func TestSecret(t *testing.T) {
	t.Parallel()
	s := Server{Host: "a.example", Port: 21, User: "u", Password: "sesame"}
	for _, text := range []string{fmt.Sprint(s), fmt.Sprintf("%v %+v %#v %s %q", s, s, s, s.Password, s.Password), fmt.Sprintf("%#v", struct{ S Server }{s})} {
		if strings.Contains(text, "sesame") {
			t.Errorf("%s", text)
		}
	}
	if s.String() != "u@a.example:21" {
		t.Error(s)
	}
}
