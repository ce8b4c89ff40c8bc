package foreign

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"

	"mirrortracker/internal/distftp/data"
	"mirrortracker/internal/ftpconn"
)

// Relay implements [data.Remote].
func (r *remote) Relay(ctx context.Context, _ *data.Order) (data.Leg, error) {
	var l *leg
	err := attempt(ctx, func(ctx context.Context) (err error) {
		l, err = r.relayed(ctx)
		return err
	})
	if err != nil {
		r.report(ctx, data.Relayed, false, false, err)
		return nil, err
	}
	l.ctx = ctx
	return l, nil
}

// relayed connects with the server, and returns when there is something to be relayed.
func (r *remote) relayed(ctx context.Context) (l *leg, err error) {
	l = &leg{remote: r}
	defer func() {
		if err != nil {
			l.abandon()
		}
	}()
	clear := false
	if at, ok := r.At.(*Rendezvous); ok && at.pool == r.pool {
		clear = l.instead(ctx, at)
	}
	if l.conn == nil {
		if err := l.listen(ctx); err != nil {
			return l, err
		}
	}
	if err := l.dial(ctx); err != nil {
		if ctx.Err() == nil {
			r.pool.Failed(err)
		}
		return l, err
	}
	begun, cancel := patience(ctx, r.pool.cfg.Begin)
	defer cancel()
	if err = l.begin(begun); err == nil && l.conn.Secure() && !clear {
		l.data, err = l.conn.SecureData(begun, l.data)
	}
	if err == nil && !r.upload {
		var empty bool
		if l.data, empty, err = awaitData(begun, l.data); empty && r.Size > r.Offset {
			err = errNothing
		}
	}
	if errors.Is(err, errSilent) && ctx.Err() == nil {
		r.pool.Failed(err) // as it is we who are there, and it has had all its time
	}
	if err == nil && r.Text {
		l.data = data.AsText(l.data)
	}
	return l, err
}

// errNothing says that a data connection has ended where there should be bytes.
var errNothing = errors.New("the server has sent nothing")

// A leg is a transfer between the server and us.
type leg struct {
	*remote
	ctx   context.Context // of the transfer
	conn  *Conn
	addr  netip.AddrPort // where the server listens
	asked *asking        // what it was asked for already; nil: nothing
	wire  *net.TCPConn
	data  net.Conn // the same, in TLS and as text where it is to be

	over  sync.Once // the end of the exchange
	party *ftpconn.ThirdParty
	err   error // how it ended
}

// instead comes to where the client was told to, which came to us. Without TLS, as it was
// meant for the client.
func (l *leg) instead(ctx context.Context, at *Rendezvous) bool {
	l.conn, l.asked = at.leave()
	if l.asked != nil && (l.asked.command != l.command || l.asked.offset != l.Offset) {
		go func(c *Conn, asked *asking) {
			at.end(errLeft)
			asked.drop(at.life, c)
			c.Release()
		}(l.conn, l.asked)
		l.conn, l.asked = nil, nil
	}
	l.addr = at.addr
	return l.conn != nil
}

// listen has the server listen for us.
func (l *leg) listen(ctx context.Context) (err error) {
	for range 2 {
		if l.conn, err = l.take(ctx); err != nil {
			return err
		}
		if l.addr, err = l.conn.Listen(ctx); err == nil || !l.conn.stale() {
			return err
		}
		l.conn.Release()
		l.conn = nil
	}
	return err
}

// dial connects to where the server listens.
func (l *leg) dial(ctx context.Context) error {
	conn, err := l.conn.DialData(ctx, l.addr)
	if err != nil {
		return err
	}
	l.wire = conn.(*net.TCPConn) // as dialStream dials no other
	l.data = conn
	return nil
}

// begin has the server begin, or waits for it to do what it was asked for.
func (l *leg) begin(ctx context.Context) (err error) {
	if l.asked == nil {
		l.party, err = l.remote.begin(ctx, l.conn)
		return err
	}
	select {
	case <-l.asked.done:
		l.party = l.asked.party
		return l.asked.err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// abandon gives up what was not begun.
func (l *leg) abandon() {
	if l.data != nil {
		l.data.Close()
	}
	if l.conn == nil {
		return
	}
	go func() {
		if l.asked != nil {
			<-l.asked.done
			l.party = l.asked.party
		}
		l.part()
		l.conn.Release()
	}()
}

// parting is how long a server may take to notice that the data connection is closed,
// before it is told to stop.
const parting = time.Second

// part waits for the end of a transfer that was broken off, whatever the server says of it.
func (l *leg) part() {
	if l.party == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), parting)
	defer cancel()
	_, err := l.party.Wait(ctx)
	l.conn.excused = err != nil
}

// Conn implements [data.Leg].
func (l *leg) Conn() net.Conn { return l.data }

// Done implements [data.Leg]. A server that says the transfer is complete, but has not sent
// what was expected, is not believed; nor is one that says it has failed when all is here.
func (l *leg) Done(ctx context.Context, moved int64) error {
	wanted := l.wanted()
	limit := l.pool.cfg.Begin
	if l.upload {
		limit = storing
		l.sent()
	} else {
		l.data.Close()
	}
	ctx, cancel := patience(ctx, limit)
	defer cancel()
	err := l.finish(ctx)
	l.data.Close()
	switch {
	case wanted < 0:
	case moved == wanted:
		err = nil
	case err == nil:
		err = fmt.Errorf("%w: %d bytes came of %d", ErrBroken, moved, wanted)
	}
	l.report(l.ctx, data.Relayed, true, false, err)
	return err
}

// sent tells a server, which was told so in TLS if there is any, that no more comes. What it
// says itself there, such as tickets for further sessions, is read until the connection is
// closed: were that unread then, the server would be told of a connection that is lost, and
// perhaps lose what it has not read yet.
func (l *leg) sent() {
	_ = l.wire.CloseWrite() // or it is lost already
	go func() { _, _ = io.Copy(io.Discard, l.data) }()
}

// wanted is how many bytes are to come, below zero if that is not known.
func (l *leg) wanted() int64 {
	switch {
	case l.upload, l.Text:
		return -1
	case l.Length > 0:
		return l.Length
	}
	return max(l.Size-l.Offset, -1)
}

// finish receives what the server says in the end.
func (l *leg) finish(ctx context.Context) error {
	l.over.Do(func() {
		if _, err := l.party.Wait(ctx); err != nil {
			l.err = l.broken(l.conn, err)
		}
		l.conn.Release()
	})
	return l.err
}

// Close implements [data.Leg].
func (l *leg) Close() error {
	err := l.data.Close()
	go l.over.Do(func() {
		l.part()
		l.conn.Release()
		l.err = ErrBroken
	})
	return err
}
