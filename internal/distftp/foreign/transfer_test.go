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
			if <-over; o.err != nil {
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
