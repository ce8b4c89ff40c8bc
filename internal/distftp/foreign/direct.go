package foreign

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"time"

	"mirrortracker/internal/distftp/data"
	"mirrortracker/internal/ftpconn"
	"mirrortracker/internal/mirror"
)

// A direct transfer is one between the server and the client, of which we see the control
// connection alone.
type direct struct {
	*remote
	conn  *Conn
	party *ftpconn.ThirdParty
	old   int64 // the size of what the transfer begins behind
}

// open prepares and begins a transfer over a connection that the server opens.
func (t *direct) open(ctx context.Context, to netip.AddrPort, limit time.Duration) error {
	if !reaches(t.conn.addr(), to.Addr()) {
		return fmt.Errorf("%w: the client's network is not the server's", data.ErrNotDirect)
	}
	if err := unprotected(ctx, t.conn); err != nil {
		return err
	}
	if err := t.conn.Port(ctx, to); err != nil {
		if code(err) == 0 {
			return err
		}
		if code(err)/100 == 5 {
			t.pool.Learn(func(a *Abilities) { *a.dials(to.Addr()) = No })
		}
		return fmt.Errorf("%w: %w", data.ErrNotDirect, err)
	}
	if err := t.measure(ctx); err != nil {
		return err
	}
	ctx, cancel := patience(ctx, limit)
	defer cancel()
	var err error
	if t.party, err = t.begin(ctx, t.conn); err != nil && (code(err) == 425 || errors.Is(err, errSilent)) {
		return fmt.Errorf("%w: %w", data.ErrNoConnection, err) // it may be the client who is not there
	}
	return err
}

// measure notes how long a file is to which is added: the server will not say how much it has
// received.
func (t *direct) measure(ctx context.Context) error {
	t.old = t.Offset
	if !t.appends {
		return nil
	}
	e, err := t.conn.Stat(ctx, mirror.Path(t.Path))
	switch {
	case err == nil:
		t.old = e.Size
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	return nil
}

// finish tells of a transfer that has begun, and waits for its end.
func (t *direct) finish(ctx context.Context, o *data.Order) error {
	o.Connected()
	return t.wait(ctx, o)
}

// wait waits for the end of a transfer.
func (t *direct) wait(ctx context.Context, o *data.Order) error {
	defer t.conn.Release()
	if _, err := t.party.Wait(ctx); err != nil {
		if t.cut(err) {
			linger(ctx, regret)
		}
		switch {
		case ctx.Err() != nil:
			t.conn.excused = true
			return context.Cause(ctx)
		case code(err) == 425:
			return fmt.Errorf("%w: %w", data.ErrNoConnection, err)
		case code(err) == 0 && !t.conn.excused, code(err) == 421:
			return fmt.Errorf("%w: %w", data.ErrHolder, err)
		}
		return t.broken(t.conn, err)
	}
	return t.count(ctx, o)
}

// regret is how long is waited, once a data connection was cut off, for the client to say
// that it wanted that (ABOR), or to leave: then the server has not failed.
const regret = time.Second

// cut reports whether the server says that the data connection was cut off. Of pure-ftpd that
// is a second 150, after which the control connection has no order that could be relied on.
func (t *direct) cut(err error) bool {
	odd, ok := errors.AsType[*ftpconn.OutOfStepError](err)
	if ok && odd.Reply.Preliminary() {
		t.conn.excused = true
		return true
	}
	return code(err) == 426
}

// linger waits for the end of ctx, but not for long.
func linger(ctx context.Context, limit time.Duration) {
	late := time.NewTimer(limit)
	defer late.Stop()
	select {
	case <-ctx.Done():
	case <-late.C:
	}
}

// ErrBroken is why a transfer has failed that had begun, if it was the server who ended it.
var ErrBroken = errors.New("broken off by the server")

// count tells how many bytes have moved, as far as that is known.
func (t *direct) count(ctx context.Context, o *data.Order) error {
	size := t.Size
	if t.upload {
		e, err := t.conn.Stat(ctx, mirror.Path(t.Path))
		if err != nil {
			return nil // it is stored all the same
		}
		size = e.Size
	}
	return o.Moved(max(size-t.old, 0))
}

// reaches reports whether a server at an address can be expected to reach another host. What
// means a host of one network alone must not be tried from another: it may be somebody else
// there.
func reaches(server, other netip.Addr) bool {
	server, other = server.Unmap(), other.Unmap()
	switch {
	case server.Is4() != other.Is4(), other.IsLinkLocalUnicast(), !server.IsValid():
		return false
	case other.IsLoopback(), server.IsLoopback():
		return other.IsLoopback() && server.IsLoopback()
	case other.IsPrivate():
		return server.IsPrivate()
	}
	return true
}

// addr returns the server's address.
func (c *Conn) addr() netip.Addr {
	addr, _ := netip.ParseAddr(c.Host()) // it is one
	return addr.Unmap()
}

// unprotected has the next data connection be without TLS, as the client's is.
func unprotected(ctx context.Context, c *Conn) error {
	err := c.Protect(ctx, false)
	if code(err) != 0 {
		c.pool.Learn(func(a *Abilities) { a.Clear = No })
		return fmt.Errorf("%w: %w", data.ErrNotDirect, err)
	}
	return err
}
