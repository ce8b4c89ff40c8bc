package master

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"mirrortracker/internal/distftp/choice"
	"mirrortracker/internal/distftp/data"
	"mirrortracker/internal/distftp/wire"
	"mirrortracker/internal/mirror"
)

// listening is how long a slave listens for a client that may not have asked for a transfer
// yet, if nobody tells it to stop: longer than sessions usually live without a command.
const listening = 15 * time.Minute

// Expect implements [control.Host].
func (m *Master) Expect(ctx context.Context, e data.Expectation) (data.Rendezvous, error) {
	among, path, err := m.likely(ctx, e)
	if err != nil {
		return nil, err
	}
	r := choice.Request{Purpose: choice.Download, Path: path, Client: e.Client}
	if e.Upload {
		r.Purpose = choice.Upload
	}
	client, full := e.Partner.Peer, taker(among)
	for s, release := range m.choose(r, among, nil, func(s *slave) string {
		switch {
		case !invites(s.at(e.Local), client):
			return "out of the client's reach"
		case e.Secure && !s.certified.Load():
			return "without our certificate"
		case e.Upload:
			return full(s)
		}
		return ""
	}) {
		ask := wire.Listen{Family: family(e.Local), Peer: client, Foreign: e.Partner.Foreign, Timeout: listening}
		l, err := s.listen(ctx, ask)
		if err == nil && l.Addr.Addr().Is4() == e.Local.Is4() {
			return &rendezvous{master: m, slave: s, asked: ask, Listening: l, release: release, timeout: e.Timeout}, nil
		}
		release()
		m.Log.Warn("a slave does not listen for a client", "slave", s.name, "err", err)
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
	}
	return nil, data.ErrNotDirect
}

// likely returns the slaves that a transfer may be with.
func (m *Master) likely(ctx context.Context, e data.Expectation) ([]*slave, mirror.Path, error) {
	switch {
	case e.Path == "":
		return m.present(), mirror.Root, nil
	case e.Upload:
		u, err := m.upload(ctx, e.Request)
		if err != nil {
			return nil, "", err
		}
		return u.among(), e.Path, nil
	}
	file, err := m.Catalogue.File(ctx, e.Path)
	return m.holding(file), e.Path, err
}

func family(a netip.Addr) int {
	if a.Is4() {
		return 4
	}
	return 6
}

// A rendezvous is a slave's port that a client was told to come to.
type rendezvous struct {
	master *Master
	slave  *slave
	asked  wire.Listen
	wire.Listening
	release func()
	timeout time.Duration
	taken   atomic.Bool // the client's connection is in use, or was
	once    sync.Once
}

var _ data.Rendezvous = (*rendezvous)(nil)

// Holder implements [data.Rendezvous].
func (r *rendezvous) Holder() string { return r.slave.name }

// Addr implements [data.Rendezvous].
func (r *rendezvous) Addr() netip.AddrPort { return r.Listening.Addr }

// Close implements [data.Meeting].
func (r *rendezvous) Close() error {
	r.once.Do(func() {
		r.release()
		if r.taken.Load() {
			return
		}
		go r.slave.unlisten(r.Listening)
	})
	return nil
}

// Meet implements [data.Meeting]: the slave passes everything on between the client and us.
func (r *rendezvous) Meet(ctx context.Context) (net.Conn, error) {
	o := &data.Order{Timeout: r.timeout}
	l, err := r.master.leg(ctx, r.slave, o, func(ctx context.Context, meet wire.Meeting, tell func(wire.Event)) error {
		return r.slave.Bridge(ctx, wire.Bridge{Listener: r.Listening.Listener, Secret: meet.Secret, Timeout: r.timeout, Stall: r.timeout}, tell)
	})
	if err != nil {
		return nil, err
	}
	r.taken.Store(true)
	return bridged{l.conn.(*net.TCPConn), l}, nil
}

// A bridged connection is one with a client, by way of a slave.
type bridged struct {
	*net.TCPConn
	leg *leg
}

// Close closes it, and waits until what was on its way has arrived.
func (b bridged) Close() error {
	err := b.TCPConn.Close()
	b.leg.stop()
	<-b.leg.over
	return errors.Join(err, verdict(b.leg.err))
}

// taking returns an order that marks where the client was met as taken once it has come.
func taking(where data.Meeting, o *data.Order) *data.Order {
	r, ok := where.(*rendezvous)
	if !ok {
		return o
	}
	marked := *o
	marked.Connected = func() {
		r.taken.Store(true)
		o.Connected()
	}
	return &marked
}
