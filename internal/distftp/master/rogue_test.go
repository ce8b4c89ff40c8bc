package master

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"mirrortracker/internal/distftp/wire"
	"mirrortracker/internal/testbed"
)

// A rogue is a slave that lies where it has a function for it, and else does what a slave
// does.
type rogue struct {
	wire.Slave
	state     func(*wire.State)
	directory func() wire.Entry
	receive   func(*wire.Prepared)
	news      func(*wire.News)
}

func (r *rogue) State(ctx context.Context) (wire.State, error) {
	s, err := r.Slave.State(ctx)
	if r.state != nil {
		r.state(&s)
	}
	return s, err
}

func (r *rogue) Directory(ctx context.Context, dir wire.Path, deep bool) iter.Seq2[wire.Entry, error] {
	if r.directory == nil {
		return r.Slave.Directory(ctx, dir, deep)
	}
	return func(yield func(wire.Entry, error) bool) { yield(r.directory(), nil) }
}

func (r *rogue) Receive(ctx context.Context, q wire.Receive, tell func(wire.Event)) (wire.Prepared, error) {
	p, err := r.Slave.Receive(ctx, q, tell)
	if r.receive != nil {
		r.receive(&p)
	}
	return p, err
}

func (r *rogue) News(ctx context.Context, tell func(wire.News) error) error {
	return r.Slave.News(ctx, func(n wire.News) error {
		if r.news != nil {
			r.news(&n)
		}
		return tell(n)
	})
}

// joinRogue has one join over the wire. What comes of it is sent when it is over.
func (f *fleet) joinRogue(name string, r *rogue) chan error {
	f.t.Helper()
	m := f.slave(name, "")
	r.Slave = m.Slave
	srv := httptest.NewServer(wire.Routes(r, slog.New(slog.DiscardHandler)))
	link := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", srv.Listener.Addr().String())
	}}
	ctx, stop := context.WithCancel(context.WithoutCancel(f.t.Context()))
	over := make(chan error, 1)
	var work sync.WaitGroup
	work.Go(func() { over <- f.Join(ctx, name, wire.NewClient(link)) })
	f.t.Cleanup(func() {
		stop()
		work.Wait()
		link.CloseIdleConnections()
		srv.Close()
	})
	return over
}

func (f *fleet) awaitSlaves(n int) {
	f.t.Helper()
	f.until(fmt.Sprintf("%d slaves have joined", n), func() bool { return len(f.present()) == n })
}

// A slave that says to have stored more or less than came, or something else, has stored
// nothing; what others store is not affected.
func TestSlavesThatLieAboutUploads(t *testing.T) {
	for what, lie := range map[string]func(*wire.Prepared){
		"more":              func(p *wire.Prepared) { p.Size++ },
		"less":              func(p *wire.Prepared) { p.Size-- },
		"nothing":           func(p *wire.Prepared) { *p = wire.Prepared{} },
		"below zero":        func(p *wire.Prepared) { p.Size = -1 },
		"another operation": func(p *wire.Prepared) { p.Op++ },
	} {
		t.Run(what, func(t *testing.T) {
			f := launch(t)
			f.joinRogue("rogue", &rogue{receive: lie})
			f.awaitSlaves(1)
			for _, way := range []testbed.Way{testbed.Active, testbed.Extended} {
				c := f.client(way)
				if err := c.Store("STOR /lie", content(5000)); err == nil {
					t.Error("it is acknowledged")
				}
				if _, err := c.Fetch("RETR /lie"); err == nil {
					t.Error("it can be had")
				}
			}

			f.join("honest", "")
			c := f.client(testbed.Active)
			kept := 0
			for i := range 12 {
				path := fmt.Sprintf("/file%d", i)
				if c.Store("STOR "+path, content(3000+i)) == nil {
					kept++
					f.fetch(c, path, content(3000+i))
				} else if _, err := c.Fetch("RETR " + path); err == nil {
					t.Errorf("%s was not acknowledged, and can be had", path)
				}
			}
			if kept == 0 {
				t.Error("nobody stores anything")
			}
		})
	}
}

// Who lies about what it is does not join, or leaves; others stay.
func TestSlavesThatLieAboutThemselves(t *testing.T) {
	for what, r := range map[string]*rogue{
		"of no disk":  {state: func(s *wire.State) { s.Storage = "" }},
		"below zero":  {state: func(s *wire.State) { s.Free = -1 }},
		"everywhere":  {state: func(s *wire.State) { s.Data = append(s.Data, s.Data[0], s.Data[0]) }},
		"bad news":    {news: func(n *wire.News) { n.State = &wire.State{} }},
		"of bad file": {news: func(n *wire.News) { n.Damaged = []wire.Damage{{Ref: wire.Ref{Path: "/../x"}}} }},
	} {
		t.Run(what, func(t *testing.T) {
			f := launch(t)
			f.join("honest", "")
			over := f.joinRogue("rogue", r)
			f.until("the rogue is out", func() bool { return len(over) > 0 })
			f.awaitSlaves(1)
			c := f.client(testbed.Active)
			f.store(c, "/file", content(5000))
			f.fetch(c, "/file", content(5000))
		})
	}
}

// Names that no file can have do not get into the tree.
func TestSlavesThatMakeUpNames(t *testing.T) {
	for _, name := range []wire.Path{"..", "a/b", "", "a\x00b"} {
		f := launch(t)
		f.joinRogue("rogue", &rogue{
			state:     func(s *wire.State) { s.Digest[0] ^= 1 },
			directory: func() wire.Entry { return wire.Entry{Name: name, Kind: wire.File, Size: 5} },
		})
		f.awaitSlaves(1)
		f.join("honest", "")
		c := f.client(testbed.Active)
		f.store(c, "/file", content(50))
		list, err := c.Fetch("MLSD /")
		if err != nil || len(list) == 0 {
			t.Errorf("%q: %q, %v", name, list, err)
		}
	}
}
