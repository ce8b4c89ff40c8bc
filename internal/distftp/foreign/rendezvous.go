package foreign

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"mirrortracker/internal/distftp/data"
	"mirrortracker/internal/ftpconn"
)

// A Rendezvous is a passive port of a foreign server, with the control connection that has
// asked for it. That is the transfer's as soon as there is one, and goes back to the pool if
// there is none for a while.
type Rendezvous struct {
	pool *Pool
	name string
	addr netip.AddrPort
	life context.Context // of what it was asked for
	end  context.CancelCauseFunc
	late *time.Timer

	mu    sync.Mutex
	conn  *Conn   // nil: a transfer has it, or the pool
	asked *asking // nil: for nothing yet
}

var _ data.Rendezvous = (*Rendezvous)(nil)

// An asking is a transfer at a rendezvous that the server was asked for.
type asking struct {
	command string
	offset  int64
	done    chan struct{} // closed when the rest is set
	party   *ftpconn.ThirdParty
	err     error
}

// Expect has a server listen for a client, once check says that it is to. Where client and
// server cannot meet, the error is [data.ErrNotDirect], without delay as far as that is
// known.
func Expect(ctx context.Context, p *Pool, name string, e data.Expectation, check Check) (*Rendezvous, error) {
	able := p.Abilities()
	switch {
	case e.Secure, e.Text, e.Length != 0, able.Passive == No, able.Clear == No, able.Passive == Unknown && p.beingProbed():
		return nil, data.ErrNotDirect
	}
	c, err := checked(ctx, p, check)
	if err != nil {
		return nil, err
	}
	addr, err := expect(ctx, c, e)
	if err != nil {
		c.Release()
		return nil, err
	}
	r := &Rendezvous{pool: p, name: name, addr: addr, conn: c}
	r.life, r.end = context.WithCancelCause(context.Background())
	r.late = time.AfterFunc(holding, func() { r.Close() })
	return r, nil
}

// holding is how long a connection is kept for a client that does not ask for a transfer.
// They usually do within a round trip.
const holding = 15 * time.Second

// ports is how often a server is asked for a port before one has to do that is none of ours.
const ports = 4

// expect has the server listen where the client can come, if possible under a port number
// of ours.
func expect(ctx context.Context, c *Conn, e data.Expectation) (addr netip.AddrPort, err error) {
	if at := c.addr(); at.Is4() != e.Local.Is4() || !reaches(e.Partner.Peer, at) {
		return addr, fmt.Errorf("%w: the client does not reach %s", data.ErrNotDirect, at)
	}
	if err := unprotected(ctx, c); err != nil {
		return addr, err
	}
	for range ports {
		if addr, err = c.Listen(ctx); err != nil || e.Comes || e.Ports.Holds(addr.Port()) {
			return addr, err
		}
	}
	return addr, fmt.Errorf("%w: its ports are none of ours", data.ErrNotDirect)
}

// At returns the pool of the server that a client was told to come to, nil where that is
// not a foreign server.
func At(r data.Rendezvous) *Pool {
	if r, ok := r.(*Rendezvous); ok {
		return r.pool
	}
	return nil
}

// Holder implements [data.Rendezvous].
func (r *Rendezvous) Holder() string { return r.name }

// Addr implements [data.Rendezvous].
func (r *Rendezvous) Addr() netip.AddrPort { return r.addr }

// Meet implements [data.Meeting]: a foreign server passes nothing on to us.
func (r *Rendezvous) Meet(context.Context) (net.Conn, error) {
	return nil, fmt.Errorf("%w: %s gives what it has, and nothing else", data.ErrNotDirect, r.name)
}

// errLeft ends what nobody waits for any more.
var errLeft = errors.New("the rendezvous is over")

// Close implements [data.Meeting].
func (r *Rendezvous) Close() error {
	r.late.Stop()
	c, asked := r.leave()
	if c == nil {
		return nil
	}
	r.end(errLeft)
	go func() {
		if asked != nil {
			asked.drop(r.life, c)
		}
		c.Release()
	}()
	return nil
}

// drop waits for the end of a transfer that nobody wants.
func (a *asking) drop(over context.Context, c *Conn) {
	<-a.done
	if a.party != nil {
		_, err := a.party.Wait(over) // which breaks it off
		c.excused = err != nil
	}
}

// leave takes the connection, and what it was asked for; both are nil if somebody has it.
func (r *Rendezvous) leave() (*Conn, *asking) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.conn == nil {
		return nil, nil
	}
	c := r.conn
	r.conn = nil
	return c, r.asked
}

// ask asks the server for a transfer, unless it was asked for that before. It is nil where
// that is not possible any more.
func (r *Rendezvous) ask(t *remote) *asking {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.conn == nil:
		return nil
	case r.asked != nil:
		if r.asked.command != t.command || r.asked.offset != t.Offset {
			return nil
		}
		return r.asked
	}
	r.late.Stop()
	a := &asking{command: t.command, offset: t.Offset, done: make(chan struct{})}
	r.asked = a
	go func(c *Conn) {
		defer close(a.done)
		ctx, cancel := patience(r.life, r.pool.cfg.Begin)
		defer cancel()
		a.party, a.err = t.begin(ctx, c)
	}(r.conn)
	return a
}

// await has the server meet a client that was told to come to it.
func (r *remote) await(ctx context.Context, at *Rendezvous, o *data.Order) error {
	asked := at.ask(r)
	if asked == nil {
		return fmt.Errorf("%w: the rendezvous at %s is lost", data.ErrUnavailable, r.Name)
	}
	select {
	case <-asked.done:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if asked.err == nil {
		o.Connected()
		if ctx.Err() != nil { // as the client is not there: what was asked for is left to a relay
			return context.Cause(ctx)
		}
	}
	c, _ := at.leave()
	if c == nil {
		return fmt.Errorf("%w: the rendezvous at %s is over", data.ErrUnavailable, r.Name)
	}
	if asked.err != nil {
		c.Release()
		err := r.unmet(asked.err)
		r.report(ctx, data.Direct, false, true, err)
		return err
	}
	t := &direct{remote: r, conn: c, party: asked.party, old: r.Offset}
	err := t.wait(ctx, o)
	if err == nil {
		r.pool.Learn(func(a *Abilities) { a.Passive = Yes })
	}
	r.report(ctx, data.Direct, true, true, err)
	return err
}

// unmet is why a client and the server did not meet, from which is learnt: servers that take
// no connections but from who has the control connection say so, or nothing.
func (r *remote) unmet(err error) error {
	silent := errors.Is(err, errSilent)
	able := r.pool.Abilities()
	switch {
	case code(err) == 425, silent && able.Passive != Yes:
		r.pool.Learn(func(a *Abilities) { a.Passive = No })
		return fmt.Errorf("%w: %w: %w", data.ErrNoConnection, data.ErrHolder, err)
	case silent: // the client has not come
		return fmt.Errorf("%w: %w", data.ErrNoConnection, err)
	}
	return fmt.Errorf("%w: %w", data.ErrUnavailable, err)
}
