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
)

// A remote is a transfer as a plan has it.
type remote struct {
	Transfer
	pool    *Pool
	command string
	upload  bool
	appends bool // to what is there
}

var _ data.Remote = (*remote)(nil)

// Holder implements [data.Remote].
func (r *remote) Holder() string { return r.Name }

// Commit implements [data.Remote]: the server has done that.
func (r *remote) Commit(context.Context, data.Charge) error { return nil }

// Close implements [data.Remote]: who began something ends it.
func (r *remote) Close() error { return nil }

// Move implements [data.Remote].
func (r *remote) Move(ctx context.Context, at data.Meeting, o *data.Order) error {
	if why := r.bound(o); why != "" {
		return fmt.Errorf("%w: %s", data.ErrNotDirect, why)
	}
	switch at := at.(type) {
	case *data.Dialer:
		return r.dial(ctx, at.To(), o)
	case *Rendezvous:
		if at.pool == r.pool {
			return r.await(ctx, at, o)
		}
	}
	return fmt.Errorf("%w: the client was told to come elsewhere", data.ErrNotDirect)
}

// unread is how much a server may have sent before it learns that a client has closed the
// connection without reading any of it: what two hosts keep for one connection.
const unread = 8 << 20

// bound says why bytes have to go by way of us, "" if they need not.
func (r *remote) bound(o *data.Order) string {
	switch {
	case r.Tunnel:
		return "transfers with it are always relayed"
	case o.Secure != nil:
		return "it has not the certificate that the client expects"
	case r.Text:
		return "line ends are changed here"
	case o.Pace > 0:
		return "the client is kept to a rate"
	case o.Most >= 0 && r.upload:
		return "the client is kept to a quota"
	case r.Length > 0 && r.Length != r.Size-r.Offset:
		return "a part of the file is wanted"
	case o.Wary && (r.upload || r.Size-r.Offset <= unread):
		return "the client may not accept connections from elsewhere, and it would not show"
	}
	return ""
}

// dial has the server connect to the client.
func (r *remote) dial(ctx context.Context, to netip.AddrPort, o *data.Order) error {
	if able := r.pool.Abilities(); *able.dials(to.Addr()) == No {
		return fmt.Errorf("%w: it does not dial others", data.ErrNotDirect)
	}
	var t *direct
	err := attempt(ctx, func(ctx context.Context) (err error) {
		t, err = r.dialled(ctx, to, min(o.Timeout, r.pool.cfg.Begin, dialling))
		return err
	})
	if err == nil {
		err = t.finish(ctx, o)
	}
	r.report(ctx, data.Direct, t != nil, t != nil && !errors.Is(err, data.ErrNoConnection), err)
	return err
}

// dialled returns when the server says that it is connected with the client.
func (r *remote) dialled(ctx context.Context, to netip.AddrPort, limit time.Duration) (*direct, error) {
	c, err := r.take(ctx)
	if err != nil {
		return nil, err
	}
	t := &direct{remote: r, conn: c}
	if err := t.open(ctx, to, limit); err != nil {
		c.Release()
		return nil, err
	}
	return t, nil
}

// take checks a connection out, and asks whether it is to be used. One that the server has
// closed while it was idle may be the first that shows that.
func (r *remote) take(ctx context.Context) (*Conn, error) {
	return checked(ctx, r.pool, r.Check)
}

func checked(ctx context.Context, p *Pool, check Check) (*Conn, error) {
	c, err := p.Take(ctx)
	if err != nil || check == nil {
		return c, err
	}
	if err = check(ctx, c); err != nil {
		stale := c.stale()
		c.Release()
		if !stale {
			return nil, err
		}
		if c, err = p.Take(ctx); err != nil {
			return nil, err
		}
		if err = check(ctx, c); err != nil {
			c.Release()
			return nil, err
		}
	}
	return c, nil
}

// begin has a transfer begin for which all is prepared.
func (r *remote) begin(ctx context.Context, c *Conn) (*ftpconn.ThirdParty, error) {
	if err := c.Restart(ctx, r.Offset); err != nil {
		if code(err)/100 == 5 {
			r.pool.Learn(func(a *Abilities) { a.REST = No })
		}
		return nil, err
	}
	t, err := c.Begin(ctx, r.command)
	if refused, ok := errors.AsType[*ftpconn.ReplyError](err); ok && refused.Reply.Code/100 == 5 {
		err = c.refusal(refused.Command, refused.Reply, fs.ErrPermission)
	}
	return t, err
}

// broken is why a transfer failed that had begun. What the server says about an upload that it
// does not keep is for the client, too.
func (r *remote) broken(c *Conn, err error) error {
	if refused, ok := errors.AsType[*ftpconn.ReplyError](err); ok && r.upload {
		err = c.refusal(refused.Command, refused.Reply, nil)
	}
	return fmt.Errorf("%w: %w", ErrBroken, err)
}

// report tells of an attempt. One that was ended from here tells nothing.
func (r *remote) report(ctx context.Context, way data.Kind, began, bound bool, err error) {
	if r.Report != nil && (err == nil || ctx.Err() == nil) && !errors.Is(err, data.ErrNotDirect) {
		r.Report(Report{Way: way, Began: began, Bound: bound, Err: err})
	}
}

// dials selects what is known of connecting to others of an address family.
func (a *Abilities) dials(to netip.Addr) *Verdict {
	if to.Unmap().Is4() {
		return &a.Port
	}
	return &a.Eprt
}
