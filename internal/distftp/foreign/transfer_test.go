package foreign

import (
	"context"
	"errors"
	"io"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mirrortracker/internal/distftp/data"
	"mirrortracker/internal/distftp/vfs"
	"mirrortracker/internal/ftpconn/ftpscript"
)

// here is where the client is and reaches us; the server is elsewhere, as far as anybody can
// tell.
var here = netip.MustParseAddr("127.0.0.1")

const elsewhere = "127.0.0.9"

// content is what the server has at /f.
var content = strings.Repeat("0123456789abcdef", 1000)

// mirroring is a pool to a server that has /f, but for what it does otherwise.
func mirroring(t *testing.T, faults script) (*Pool, *ftpscript.Server) {
	t.Helper()
	s := ftpscript.Mirror(map[string]ftpscript.File{"/f": {Content: content, Modified: time.Unix(1e9, 0)}})
	maps.Copy(s, faults)
	server := ftpscript.StartAt(t, func(fn func() error) error { return fn() }, elsewhere+":0", s)
	p := NewPool(at(t, server.Addr), Abilities{}, Config{Begin: 300 * time.Millisecond})
	t.Cleanup(p.Close)
	return p, server
}

// A way is how the client takes part in a transfer.
type way struct {
	meet  func(*testing.T, *Pool) data.Meeting // what the session has prepared
	come  func(*testing.T, data.Meeting) func() (net.Conn, error)
	kind  data.Kind // of the route, if all is well
	from  string    // where the bytes come from then
	after string    // and if the server fails: who gives them, or the reply that the client gets
}

var ways = map[string]way{
	"active": {
		func(t *testing.T, p *Pool) data.Meeting {
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { ln.Close() })
			return listening{data.Dial(here, ln.Addr().(*net.TCPAddr).AddrPort(), time.Minute), ln}
		},
		func(t *testing.T, m data.Meeting) func() (net.Conn, error) { return m.(listening).ln.Accept },
		data.Direct, "127.0.0.1", "fallback", // who dials takes the nearest address
	},
	"relay": {
		func(t *testing.T, p *Pool) data.Meeting {
			ln, err := data.Listen(t.Context(), here, data.Ports{}, data.Partner{Peer: here}, time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			return ln
		},
		func(t *testing.T, m data.Meeting) func() (net.Conn, error) {
			return coming(netip.AddrPortFrom(here, m.(*data.Listener).Addr().Port()))
		},
		data.Relayed, "127.0.0.1", "fallback",
	},
	"came here": {
		invited,
		func(t *testing.T, m data.Meeting) func() (net.Conn, error) {
			return coming(netip.AddrPortFrom(here, m.(*data.Invitation).Addr().Port()))
		},
		data.Relayed, "127.0.0.1", "fallback",
	},
	"went there": {
		invited,
		func(t *testing.T, m data.Meeting) func() (net.Conn, error) {
			return coming(m.(*data.Invitation).Addr())
		},
		data.Direct, elsewhere, "425",
	},
}

// A listening meeting is one that the test takes part in, too.
type listening struct {
	*data.Dialer
	ln net.Listener
}

// coming connects at once.
func coming(to netip.AddrPort) func() (net.Conn, error) {
	conn, err := net.Dial("tcp", to.String())
	return func() (net.Conn, error) { return conn, err }
}

func invited(t *testing.T, p *Pool) data.Meeting {
	t.Helper()
	e := data.Expectation{Partner: data.Partner{Peer: here}, Local: here, Ports: data.Ports{First: 1024, Last: 65535}, Timeout: time.Minute}
	there, err := Expect(t.Context(), p, "mirror", e, nil)
	if err != nil {
		t.Fatal(err)
	}
	i, err := data.Invite(t.Context(), there, e)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// An outcome is what became of a transfer.
type outcome struct {
	got   string
	from  string
	route data.Route
	err   error
	began int // how often the client was told that it begins
	took  time.Duration
	moved int64
}

// transfer has a file fetched.
func transfer(t *testing.T, p *Pool, w way, with func(*data.Plan, *Transfer)) (o outcome) {
	t.Helper()
	meet := w.meet(t, p)
	tr := Transfer{Name: "mirror", Path: "/f", Size: int64(len(content))}
	flow := &data.Flow{Stall: 5 * time.Second}
	plan := data.Plan{Meet: meet, Flow: flow, Otherwise: func(context.Context) (data.Plan, error) {
		return data.Plan{Holder: "fallback", Source: data.Text{
			Write:   func(w io.Writer) error { _, err := io.WriteString(w, "fallback"); return err },
			Release: func() error { return nil },
		}}, nil
	}}
	if l, ok := meet.(listening); ok {
		plan.Meet = l.Dialer
	}
	if i, ok := meet.(*data.Invitation); ok {
		tr.At = i.There()
	}
	if with != nil {
		with(&plan, &tr)
	}
	if plan.Holders == nil {
		plan.Holders = slices.Values([]data.Remote{Download(p, tr)})
	}
	come := w.come(t, meet)
	came := make(chan struct{})
	over := make(chan struct{}) // when the client has been told so
	go func() {
		defer close(came)
		conn, err := come()
		if err != nil {
			return
		}
		defer conn.Close()
		stop := context.AfterFunc(t.Context(), func() { conn.Close() })
		defer stop()
		go func() {
			if <-over; o.err != nil && w.after == "425" { // the server may keep it as it is
				conn.Close()
			}
		}()
		o.from, _, _ = net.SplitHostPort(conn.RemoteAddr().String())
		b, _ := io.ReadAll(conn)
		o.got = string(b)
	}()
	began := time.Now()
	o.err = plan.Execute(t.Context(), func() { o.began++ })
	o.took = time.Since(began)
	close(over)
	if l, ok := meet.(listening); ok && o.err != nil {
		l.ln.Close()
	}
	<-came
	o.route, o.moved = flow.Route(), flow.Moved()
	return o
}

func TestTransfer(t *testing.T) {
	for name, w := range ways {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, server := mirroring(t, nil)
			for range 2 {
				o := transfer(t, p, w, nil)
				if o.err != nil || o.got != content || o.from != w.from || o.route.Kind != w.kind || o.began != 1 || o.moved != int64(len(content)) {
					t.Errorf("%d bytes from %s, %d counted, %+v, %v", len(o.got), o.from, o.moved, o.route, o.err)
				}
			}
			if n := server.Count("USER"); n != 1 {
				t.Errorf("%d logins", n)
			}
			o := transfer(t, p, w, func(_ *data.Plan, tr *Transfer) { tr.Offset = 15000 })
			if o.err != nil || o.got != content[15000:] || o.route.Kind != w.kind {
				t.Errorf("resumed: %d bytes, %+v, %v", len(o.got), o.route, o.err)
			}
			await(t, "connections that are given back", func() bool {
				return !slices.ContainsFunc(p.Connections(), func(c Connection) bool { return c.State == inUse })
			})
		})
	}
}

// Whatever a server does before bytes have moved, the client gets them from somebody else in
// the same transfer, unless it went to that server.
func TestFaults(t *testing.T) {
	silent := func(s *ftpscript.Session) { s.AwaitEnd() }
	for fault, faults := range map[string]func(*atomic.Bool) script{
		"says 421":     func(*atomic.Bool) script { return script{"RETR": ftpscript.Say("421 goodbye")} },
		"hangs up":     func(*atomic.Bool) script { return script{"RETR": ftpscript.HangUp} },
		"says nothing": func(*atomic.Bool) script { return script{"RETR": silent} },
		"has it not":   func(*atomic.Bool) script { return script{"RETR": ftpscript.Say("550 no such file")} },
		"cannot now":   func(*atomic.Bool) script { return script{"RETR": ftpscript.Say("450 later")} },
		"out of step":  func(*atomic.Bool) script { return script{"RETR": ftpscript.Say("230 welcome", "331 password")} },
		"talks for ever": func(*atomic.Bool) script {
			return script{"RETR": func(s *ftpscript.Session) {
				for s.Reply("150-more") == nil {
				}
			}}
		},
		"is no FTP server": func(*atomic.Bool) script { return script{"RETR": ftpscript.Say("HTTP/1.0 400 Bad Request")} },
	} {
		t.Run(fault, func(t *testing.T) {
			for name, w := range ways {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					p, _ := mirroring(t, faults(nil))
					var reports []Report
					o := transfer(t, p, w, func(_ *data.Plan, tr *Transfer) {
						tr.Report = func(r Report) { reports = append(reports, r) }
					})
					if o.took > 4*time.Second || len(reports) == 0 {
						t.Errorf("took %v, reports %v", o.took, reports)
					}
					if w.after == "425" {
						if !errors.Is(o.err, data.ErrNoConnection) || o.got != "" || o.began != 0 || !reports[0].Bound {
							t.Errorf("%q, began %d times, %v, reports %+v", o.got, o.began, o.err, reports)
						}
						return
					}
					if o.got != w.after || o.err != nil || o.began != 1 || o.route.Kind != data.Local || o.route.Holder != "fallback" {
						t.Errorf("%q, began %d times, %+v, %v", o.got, o.began, o.route, o.err)
					}
				})
			}
		})
	}
}

// What a server does after it has said that it begins, before the first byte of a relay, is
// made good by somebody else, too; after that the transfer has failed.
func TestBegun(t *testing.T) {
	part := content[:9000]
	for fault, test := range map[string]struct {
		act ftpscript.Act
		got string
	}{
		"sends nothing":                        {func(s *ftpscript.Session) { s.Reply("150 soon"); s.Accept(); s.AwaitEnd() }, "fallback"},
		"ends empty":                           {ftpscript.Transfer(""), "fallback"},
		"fails empty":                          {ftpscript.Transfer("", "451 disk"), "fallback"},
		"dies":                                 {func(s *ftpscript.Session) { s.Reply("150 soon"); s.Accept().Close(); s.Close() }, "fallback"},
		"sends too little, and says it is all": {ftpscript.Transfer(part), part},
		"dies in the middle": {func(s *ftpscript.Session) {
			s.Reply("150 here it comes")
			d := s.Accept()
			d.Send(part)
			d.Close()
			s.Close()
		}, part},
	} {
		for _, name := range []string{"relay", "came here"} {
			t.Run(fault+", "+name, func(t *testing.T) {
				t.Parallel()
				p, _ := mirroring(t, script{"RETR": test.act})
				var reports []Report
				o := transfer(t, p, ways[name], func(_ *data.Plan, tr *Transfer) {
					tr.Report = func(r Report) { reports = append(reports, r) }
				})
				if o.got != test.got || (o.err == nil) != (test.got == "fallback") || o.began != 1 {
					t.Errorf("%d bytes, began %d times, %+v, %v", len(o.got), o.began, o.route, o.err)
				}
				if len(reports) != 1 || reports[0].Err == nil || reports[0].Bound || reports[0].Began != (o.err != nil) || errors.Is(reports[0].Err, ErrBroken) != reports[0].Began {
					t.Errorf("reports %+v", reports)
				}
				for _, none := range []error{data.ErrUnavailable, data.ErrNoConnection, data.ErrSource} {
					if errors.Is(o.err, none) { // so that it is answered with 426
						t.Errorf("%v", o.err)
					}
				}
			})
		}
	}
}

// Who cuts off a data connection and says so, or leaves, has nothing held against the server;
// who does not, and goes on, has.
func TestCutOff(t *testing.T) {
	leaves := errors.New("the client has sent ABOR")
	for _, last := range []string{"426 Failure writing network stream.", "150 0.004 seconds (measured here)"} {
		for name, left := range map[string]bool{"leaves": true, "stays": false} {
			t.Run(last[:3]+" "+name, func(t *testing.T) {
				t.Parallel()
				ctx, cancel := context.WithCancelCause(t.Context())
				p, _ := mirroring(t, script{"RETR": func(s *ftpscript.Session) {
					s.Reply("150 here it comes")
					d := s.Accept()
					d.AwaitEnd()
					s.Reply(last)
					if left {
						time.AfterFunc(regret/4, func() { cancel(leaves) })
					}
				}})
				ln, err := net.Listen("tcp", "127.0.0.1:0")
				if err != nil {
					t.Fatal(err)
				}
				defer ln.Close()
				go func() {
					if conn, err := ln.Accept(); err == nil {
						conn.Close()
					}
				}()
				var reports []Report
				tr := Transfer{Name: "mirror", Path: "/f", Size: int64(len(content)), Report: func(r Report) { reports = append(reports, r) }}
				plan := data.Plan{
					Meet: data.Dial(here, ln.Addr().(*net.TCPAddr).AddrPort(), time.Minute), Flow: &data.Flow{Stall: 5 * time.Second},
					Holders: slices.Values([]data.Remote{Download(p, tr)}),
				}
				err = plan.Execute(ctx, func() {})
				if left != errors.Is(err, leaves) || left != (len(reports) == 0) || !left && !errors.Is(err, ErrBroken) {
					t.Errorf("%v, reports %+v", err, reports)
				}
				if !p.Usable() {
					t.Errorf("%+v", p.Health())
				}
			})
		}
	}
}

// What a server refuses is learnt, and done in another way.
func TestLearnt(t *testing.T) {
	p, server := mirroring(t, script{"PORT": ftpscript.Say("500 Illegal PORT command")})
	for range 2 {
		if o := transfer(t, p, ways["active"], nil); o.err != nil || o.got != content || o.route.Kind != data.Relayed {
			t.Errorf("%d bytes, %+v, %v", len(o.got), o.route, o.err)
		}
	}
	if p.Abilities().Port != No || server.Count("PORT") != 1 {
		t.Errorf("%+v, commands %q", p.Abilities(), server.Commands())
	}

	p, _ = mirroring(t, script{"RETR": ftpscript.Say("425 Security: Bad IP connecting.")})
	if o := transfer(t, p, ways["went there"], nil); !errors.Is(o.err, data.ErrNoConnection) || p.Abilities().Passive != No || !p.Usable() {
		t.Errorf("%v, %+v", o.err, p.Abilities())
	}
	if _, err := Expect(t.Context(), p, "mirror", data.Expectation{Partner: data.Partner{Peer: here}, Local: here}, nil); !errors.Is(err, data.ErrNotDirect) {
		t.Errorf("%v", err)
	}
}

// While it is being found out for the first time whether clients can come to a server, none is
// told to.
func TestExpectProbed(t *testing.T) {
	asked, answer := make(chan struct{}), make(chan struct{})
	p, _ := mirroring(t, script{"FEAT": ftpscript.InTurn(ftpscript.Say("211 no features"), func(s *ftpscript.Session) {
		close(asked)
		<-answer
		s.Reply("211 no features")
	}, ftpscript.Say("211 no features"))})
	expect := func() error {
		at, err := Expect(t.Context(), p, "mirror", data.Expectation{Partner: data.Partner{Peer: here}, Local: here, Comes: true}, nil)
		if err == nil {
			at.Close()
		}
		return err
	}
	probed := make(chan error)
	go func() {
		_, err := p.Probe(t.Context())
		probed <- err
	}()
	<-asked
	if err := expect(); !errors.Is(err, data.ErrNotDirect) {
		t.Errorf("meanwhile: %v", err)
	}
	close(answer)
	if err := <-probed; err != nil {
		t.Fatal(err)
	}
	p.Learn(func(a *Abilities) { a.Passive = Unknown })
	if err := expect(); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// Some transfers have to go by way of us.
func TestBound(t *testing.T) {
	for name, with := range map[string]func(*data.Plan, *Transfer){
		"tunnel":    func(_ *data.Plan, tr *Transfer) { tr.Tunnel = true },
		"protected": func(plan *data.Plan, _ *Transfer) { plan.Protect = &data.Protection{} },
		"at a rate": func(plan *data.Plan, _ *Transfer) { plan.Flow.Pace = data.NewPace(1 << 20) },
		"a part":    func(plan *data.Plan, tr *Transfer) { tr.Length, plan.Flow.Most = 100, 100 },
		"wary":      func(plan *data.Plan, _ *Transfer) { plan.Wary = true },
		"text":      func(_ *data.Plan, tr *Transfer) { tr.Text = true },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, server := mirroring(t, nil)
			o := transfer(t, p, ways["active"], with)
			want := content
			if name == "a part" {
				want = content[:100]
			}
			if o.err != nil || o.got != want || o.route.Kind != data.Relayed || server.Count("PORT") != 0 {
				t.Errorf("%d bytes, %+v, %v", len(o.got), o.route, o.err)
			}
		})
	}
}

// A server whose file is not what it should be is not asked for it.
func TestCheck(t *testing.T) {
	other := errors.New("another file")
	for _, name := range []string{"active", "relay"} {
		p, server := mirroring(t, nil)
		o := transfer(t, p, ways[name], func(_ *data.Plan, tr *Transfer) {
			tr.Check = func(context.Context, *Conn) error { return other }
		})
		if o.err != nil || o.got != "fallback" || server.Count("RETR") != 0 {
			t.Errorf("%s: %q, %v", name, o.got, o.err)
		}
	}
}

// What another alias for the same server has takes the place of what that did not give, though
// the client was told to come there for the first.
func TestAgainAtTheSameServer(t *testing.T) {
	for _, name := range []string{"relay", "came here"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, _ := mirroring(t, script{"RETR /f": ftpscript.Say("550 Permission denied."), "RETR /g": ftpscript.Transfer(content)})
			o := transfer(t, p, ways[name], func(plan *data.Plan, tr *Transfer) {
				other := *tr
				other.Name, other.Path = "other", "/g"
				plan.Otherwise = func(context.Context) (data.Plan, error) {
					return data.Plan{Holder: other.Name, Holders: slices.Values([]data.Remote{Download(p, other)})}, nil
				}
			})
			if o.err != nil || o.got != content || o.route.Holder != "other" {
				t.Errorf("%d bytes, %+v, %v", len(o.got), o.route, o.err)
			}
		})
	}
}

// That a client goes away while it is being served is no fault of the server, nor that there
// was little time left when it was asked.
func TestNoBlame(t *testing.T) {
	t.Run("gone", func(t *testing.T) {
		t.Parallel()
		p, _ := mirroring(t, nil)
		i := invited(t, p).(*data.Invitation)
		defer i.Close()
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := Download(p, Transfer{Path: "/f", At: i.There()}).Relay(gone, &data.Order{}); !errors.Is(err, context.Canceled) || !p.Usable() {
			t.Errorf("%v, %+v", err, p.Health())
		}
	})
	t.Run("late", func(t *testing.T) {
		t.Parallel()
		p, _ := mirroring(t, script{"RETR": ftpscript.Hang})
		late, cancel := patience(t.Context(), 100*time.Millisecond)
		defer cancel()
		r := Download(p, Transfer{Path: "/f"}).(*remote)
		if _, err := r.relayed(late); !errors.Is(err, errSilent) || !p.Usable() {
			t.Errorf("%v, %+v", err, p.Health())
		}
	})
}

func TestUpload(t *testing.T) {
	for name, w := range ways {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stored := make(chan string, 1)
			p, _ := mirroring(t, script{"STOR": func(s *ftpscript.Session) {
				s.Reply("150 send it")
				d := s.Accept()
				b, _ := io.ReadAll(d)
				d.Close()
				stored <- string(b)
				s.Reply("226 have it")
			}, "SIZE": ftpscript.Say("213 11")})
			flow, err := upload(t, p, w)
			if err != nil {
				t.Fatal(err)
			}
			if got := <-stored; got != "new content" || flow.Moved() != 11 || flow.Route().Kind != w.kind {
				t.Errorf("%q, %d bytes, %+v", got, flow.Moved(), flow.Route())
			}
		})
	}
}

// A client hears why a server has not kept what it received.
func TestUploadRefused(t *testing.T) {
	for reply, want := range map[string]error{
		"552 Disk quota exceeded":    vfs.ErrSpace,
		"451 No space left on disk":  vfs.ErrSpace,
		"426 Failure writing to it.": ErrBroken,
	} {
		for name, w := range ways {
			t.Run(reply[:3]+", "+name, func(t *testing.T) {
				t.Parallel()
				p, _ := mirroring(t, script{"STOR": func(s *ftpscript.Session) {
					s.Reply("150 send it")
					d := s.Accept()
					_, _ = io.Copy(io.Discard, d)
					d.Close()
					s.Reply(reply)
				}})
				if _, err := upload(t, p, w); !errors.Is(err, want) {
					t.Errorf("%v, want %v", err, want)
				}
			})
		}
	}
}

// upload has a client store a file.
func upload(t *testing.T, p *Pool, w way) (*data.Flow, error) {
	t.Helper()
	meet := w.meet(t, p)
	tr := Transfer{Name: "mirror", Path: "/new"}
	plan := data.Plan{Meet: meet, Flow: &data.Flow{Stall: 5 * time.Second}, Upload: true}
	if l, ok := meet.(listening); ok {
		plan.Meet = l.Dialer
	}
	if i, ok := meet.(*data.Invitation); ok {
		tr.At = i.There()
	}
	plan.Holders = slices.Values([]data.Remote{Upload(p, tr)})
	come := w.come(t, meet)
	go func() {
		if conn, err := come(); err == nil {
			_, _ = io.WriteString(conn, "new content")
			conn.Close()
		}
	}()
	return plan.Flow, plan.Execute(t.Context(), func() {})
}
