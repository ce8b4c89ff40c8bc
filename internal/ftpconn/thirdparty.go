package ftpconn

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// Port asks the server to open the next data connection itself, to an address that need
// not be ours: by PORT where it is an IPv4 address, by EPRT where it is an IPv6 one
// (RFC 959, section 5.2; RFC 2428, section 2). A server that does not do that answers
// with a *ReplyError, after which the connection can be used on. Nothing else may be in
// flight.
func (c *Conn) Port(ctx context.Context, to netip.AddrPort) error {
	return c.agree(ctx, portCommand(to))
}

func portCommand(to netip.AddrPort) string {
	addr, port := to.Addr().Unmap().WithZone(""), to.Port()
	if addr.Is4() {
		host := strings.ReplaceAll(addr.String(), ".", ",")
		return fmt.Sprintf("PORT %s,%d,%d", host, port>>8, port&255)
	}
	return fmt.Sprintf("EPRT |2|%s|%d|", addr, port)
}

// Listen asks the server to await the next data connection, and returns where: a port of
// the host to which the control connection goes, whatever host the reply names. The
// refusal of that ends the connection, as in [Conn.ReceivePassive]. Nothing else may be in
// flight.
func (c *Conn) Listen(ctx context.Context) (netip.AddrPort, error) {
	if err := c.alone(); err != nil {
		return netip.AddrPort{}, err
	}
	if err := c.Send(ctx, c.Passive()); err != nil {
		return netip.AddrPort{}, err
	}
	told, err := c.ReceivePassive(ctx)
	if err != nil {
		return netip.AddrPort{}, err
	}
	addr, err := netip.ParseAddrPort(told)
	return netip.AddrPortFrom(addr.Addr().Unmap(), addr.Port()), err
}

// Restart asks that the next transfer begin at a byte of the file (REST). For 0 it sends
// something only where an earlier wish may still hold.
func (c *Conn) Restart(ctx context.Context, offset int64) error {
	if offset == 0 && !c.restart {
		return nil
	}
	c.restart = true
	err := c.agree(ctx, "REST "+strconv.FormatInt(offset, 10))
	if err != nil {
		return err
	}
	c.restart = offset != 0
	return nil
}

// Type says whether the transfers to come are of text (TYPE A), or of bytes as they are
// (TYPE I), which is so after the login. It sends nothing where that is so already.
func (c *Conn) Type(ctx context.Context, text bool) error {
	if text == c.text {
		return nil
	}
	letter := "I"
	if text {
		letter = "A"
	}
	if err := c.agree(ctx, "TYPE "+letter); err != nil {
		return err
	}
	c.text = text
	return nil
}

// Secure reports whether the control connection is in TLS. Data connections are too then,
// unless [Conn.Protect] has said otherwise.
func (c *Conn) Secure() bool { return c.secure != nil }

// Protect says whether the data connections to come are in TLS (PROT P, PROT C; RFC 4217,
// section 9). It sends nothing where that is so already, as it is without TLS on the
// control connection, whose data connections cannot have any.
func (c *Conn) Protect(ctx context.Context, private bool) error {
	if c.secure == nil || private == !c.clear {
		return nil
	}
	level := "C"
	if private {
		level = "P"
	}
	if err := c.agree(ctx, "PROT "+level); err != nil {
		return err
	}
	c.clear = !private
	return nil
}

// agree sends one command, and returns a refusal as a *ReplyError.
func (c *Conn) agree(ctx context.Context, command string) error {
	reply, err := c.Cmd(ctx, command)
	if err != nil {
		return err
	}
	if reply.Negative() {
		return &ReplyError{Command: verb(command), Reply: reply}
	}
	return nil
}

// A ThirdParty is a transfer whose data connection this control connection knows nothing
// of: between the server and somebody else, or one of ours that others look after.
type ThirdParty struct {
	c       *Conn
	command string
	over    bool
	last    Reply // if it is over
}

// Begin sends the command of a transfer that [Conn.Port] or [Conn.Listen] has prepared,
// and returns when the server says that it begins, or that it is over already. A server
// that refuses answers with a *ReplyError, after which the connection can be used on, but
// for 421. Nothing else may be in flight.
//
// Nothing but ctx bounds the wait, as the server may first have to reach somebody. The end
// of ctx breaks the connection.
func (c *Conn) Begin(ctx context.Context, command string) (*ThirdParty, error) {
	t := &ThirdParty{c: c, command: command}
	if err := t.begin(ctx); err != nil {
		return nil, failed(ctx, command, err)
	}
	return t, nil
}

func (t *ThirdParty) begin(ctx context.Context) error {
	if err := t.c.alone(); err != nil {
		return err
	}
	if err := t.c.send(t.command); err != nil {
		return err
	}
	t.c.flight[0].transfer = true
	if err := t.c.Await(ctx); err != nil {
		if t.c.broken == nil {
			t.c.breaks(fmt.Errorf("%w: %w", net.ErrClosed, err)) // as ctx closes others
		}
		return err
	}
	reply, err := t.receive(ctx)
	if err != nil {
		return err
	}
	t.last, t.over = reply, !reply.Preliminary()
	if err := t.verdict(); err != nil {
		return err
	}
	t.c.restart = false
	return nil
}

// receive reads a reply that has begun to come: 226 and 250 alone can end a transfer well
// (RFC 959, section 5.4).
func (t *ThirdParty) receive(ctx context.Context) (Reply, error) {
	defer t.c.raw.closeWhenDone(ctx)()
	reply, err := t.c.receive(t.c.cfg.MaxReply)
	if err == nil && reply.Positive() && reply.Code != 226 && reply.Code != 250 {
		err = t.c.breaks(&OutOfStepError{Command: verb(t.command), Reply: reply})
	}
	return reply, err
}

// verdict is what the last reply says.
func (t *ThirdParty) verdict() error {
	if t.last.Negative() {
		return &ReplyError{Command: verb(t.command), Reply: t.last}
	}
	return nil
}

// Wait returns the reply that ends the transfer, which may take any time: nothing but ctx
// bounds it. A *ReplyError says that the transfer failed; the connection can be used on, but
// for 421.
//
// The end of ctx has the server break the transfer off (ABOR), which takes two more
// seconds at most. The connection can be used on if the server has answered that.
func (t *ThirdParty) Wait(ctx context.Context) (Reply, error) {
	if t.over {
		return t.last, t.verdict()
	}
	err := t.c.Await(ctx)
	if err != nil && ctx.Err() != nil && t.c.broken == nil {
		t.abort()
		return Reply{}, failed(ctx, t.command, err)
	}
	if err == nil {
		t.last, err = t.receive(ctx)
	}
	if err != nil {
		return Reply{}, failed(ctx, t.command, err)
	}
	t.over = true
	return t.last, t.verdict()
}

// abortTime is what a server is given to answer ABOR.
const abortTime = 2 * time.Second

// abort sends ABOR, and receives two replies: to the transfer, which it may just have
// completed, and to ABOR (RFC 959, section 4.1.3). A server that has a third way breaks the
// connection.
func (t *ThirdParty) abort() {
	ctx, cancel := context.WithTimeout(context.Background(), abortTime)
	defer cancel()
	defer t.c.raw.closeWhenDone(ctx)()
	if t.c.send("ABOR") != nil {
		return
	}
	last, err := t.c.receive(t.c.cfg.MaxReply)
	if err == nil {
		_, err = t.c.receive(t.c.cfg.MaxReply)
	}
	t.last, t.over = last, err == nil
}

// Err returns what has broken the connection, nil as long as it can be used: an error that
// wraps [net.ErrClosed] if the end of a context did.
func (c *Conn) Err() error { return c.broken }

// Replies returns how many replies were received since the login.
func (c *Conn) Replies() int { return c.replies }

// Await waits until the server says something or closes the connection, for as long as
// ctx lasts; whose cause is returned when it ends, and the connection is as good as before.
// Nothing is received yet where the error is nil.
func (c *Conn) Await(ctx context.Context) error {
	if c.broken != nil {
		return c.broken
	}
	interrupted := make(chan struct{})
	c.raw.SetReadDeadline(time.Time{})
	c.raw.patient = true
	stop := context.AfterFunc(ctx, func() {
		c.raw.SetReadDeadline(time.Unix(1, 0))
		close(interrupted)
	})
	_, err := c.in.Peek(1)
	if !stop() {
		<-interrupted
	}
	c.raw.patient = false
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil && isTimeout(err):
		return context.Cause(ctx)
	}
	return c.breaks(err)
}

func isTimeout(err error) bool {
	timeout, ok := errors.AsType[net.Error](err)
	return ok && timeout.Timeout()
}

// DialData opens a data connection to where the server listens, without TLS and without
// the deadlines of this package. The caller owns it.
func (c *Conn) DialData(ctx context.Context, addr netip.AddrPort) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	return c.cfg.Dial(ctx, "tcp", addr.String())
}

// SecureData puts TLS on a data connection of [Conn.DialData], resuming the session of
// the control connection, which must be in TLS. It is for after [Conn.Begin]: a server that
// refuses the transfer would not answer. The connection is closed where it fails.
func (c *Conn) SecureData(ctx context.Context, data net.Conn) (net.Conn, error) {
	stream, err := c.wrap(ctx, data)
	if err != nil {
		data.Close()
		return nil, err
	}
	return stream, nil
}
