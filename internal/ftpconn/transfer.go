package ftpconn

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
)

// A Transfer is what comes over a data connection: a listing or a file of any
// length. It must be closed before the next reply is received or the next command
// sent.
type Transfer struct {
	c       *Conn
	ctx     context.Context // of the whole transfer
	command string
	data    *deadlineConn
	stream  net.Conn // data, as Read reads it
	dialErr error    // why there is no data connection
	release func()

	begun bool  // the first reply was received
	ended bool  // the last reply was received
	eof   bool  // the data was read to its end
	last  Reply // once ended
	err   error
}

// Open sends a command whose answer comes over a data connection. The transfer may
// fail in its first Read: with a *ReplyError where the server refuses.
//
// The end of ctx ends the transfer. Nothing else may be in flight.
func (c *Conn) Open(ctx context.Context, command string) (*Transfer, error) {
	t := c.newTransfer(ctx, command)
	if err := t.open(); err != nil {
		t.release()
		return nil, failed(ctx, command, err)
	}
	return t, nil
}

// open dials before it sends, as servers are used to.
func (t *Transfer) open() error {
	if err := errors.Join(t.c.alone(), sendable(t.command)); err != nil {
		return err
	}
	if err := t.c.send(t.c.Passive()); err != nil {
		return err
	}
	addr, err := t.c.receivePassive()
	if err != nil {
		return err
	}
	if err := t.dial(addr); err != nil {
		return t.c.breaks(fmt.Errorf("data connection: %w", err))
	}
	return t.send()
}

// OpenAt is as Open for a data connection that the server has offered already
// ([Conn.ReceivePassive]). It sends the command, and in the same write those that
// shall follow the transfer, before it dials: so a directory need cost no more than
// two round trips. When the transfer is closed their replies can be received.
//
//	send    CWD a, EPSV
//	receive 250, 229
//	open    LIST -a, CWD b, EPSV
//	close   226
//	receive 250, 229
//	open    LIST -a, CWD c, EPSV
//
// Not every server bears commands that arrive while a data connection is open.
// Nothing else may be in flight.
func (c *Conn) OpenAt(ctx context.Context, addr, command string, more ...string) (*Transfer, error) {
	t := c.newTransfer(ctx, command)
	if err := t.openAt(addr, more); err != nil {
		t.release()
		return nil, failed(ctx, command, err)
	}
	return t, nil
}

func (t *Transfer) openAt(addr string, more []string) error {
	if err := t.c.alone(); err != nil {
		return err
	}
	if err := t.send(more...); err != nil {
		return err
	}
	// A server that refuses the command may have closed the port by now, on its
	// way to the commands that follow: its reply will tell.
	if t.dialErr = t.dial(addr); t.ctx.Err() != nil {
		return t.c.breaks(t.dialErr) // which ctx ended
	}
	return nil
}

func (c *Conn) newTransfer(ctx context.Context, command string) *Transfer {
	stop := c.raw.closeWhenDone(ctx)
	return &Transfer{c: c, ctx: ctx, command: command, release: func() { stop() }}
}

func (t *Transfer) send(more ...string) error {
	if err := t.c.send(append([]string{t.command}, more...)...); err != nil {
		return err
	}
	t.c.flight[0].transfer = true
	return nil
}

func (t *Transfer) dial(addr string) error {
	data, err := t.c.dial(t.ctx, "tcp", addr)
	if err != nil {
		return err
	}
	stopControl, stopData := t.release, data.closeWhenDone(t.ctx)
	t.data, t.stream = data, data
	t.release = func() {
		stopControl()
		stopData()
		data.Close()
	}
	return nil
}

// Read implements io.Reader. What it returns is complete only if Close says so.
func (t *Transfer) Read(b []byte) (int, error) {
	if t.err == nil && !t.begun {
		t.err = t.begin()
	}
	if t.err != nil {
		return 0, t.err
	}
	n, err := t.stream.Read(b)
	switch {
	case err == io.EOF:
		t.eof = true
	case err != nil:
		err = t.fails(fmt.Errorf("data connection: %w", err))
	}
	return n, err
}

// begin receives the first reply, which may be the last: of a refusal, or of a
// server that says 226 alone.
func (t *Transfer) begin() error {
	t.begun = true
	first, err := t.c.receive(t.c.cfg.MaxReply)
	if err != nil {
		return t.fails(err)
	}
	if !first.Preliminary() {
		if err := t.end(first); err != nil {
			return err
		}
	}
	if t.dialErr == nil && t.c.secure != nil && !t.c.clear {
		// Not before the reply: a server that refuses would not answer the handshake.
		t.stream, t.dialErr = t.c.wrap(t.ctx, t.data)
	}
	if t.dialErr != nil {
		return t.fails(fmt.Errorf("data connection: %w", t.dialErr))
	}
	return nil
}

// end judges the reply that ends the transfer.
func (t *Transfer) end(reply Reply) error {
	t.last, t.ended = reply, true
	if reply.Negative() {
		t.err = &ReplyError{Command: verb(t.command), Reply: reply}
	}
	return t.err
}

// fails notes an error after which the connection is of no use.
func (t *Transfer) fails(err error) error {
	t.err = failed(t.ctx, t.command, err)
	return t.c.breaks(t.err)
}

// Close closes the data connection and returns the reply that ended the transfer:
// all of the data has been read if there is no error. A *ReplyError says that the
// server refused; after any other error, and after a ReplyError that is Lost, the
// connection must be closed. A transfer that is closed before Read has seen its end
// is such an error.
func (t *Transfer) Close() (Reply, error) {
	defer t.release()
	if t.err != nil || t.ended && t.eof {
		return t.last, t.err
	}
	if !t.eof {
		return Reply{}, t.fails(errGivenUp)
	}
	// proftpd says no more until its end of the data connection sees this.
	t.stream.Close()
	last, err := t.c.receive(t.c.cfg.MaxReply)
	if err != nil {
		return Reply{}, t.fails(err)
	}
	err = t.end(last)
	return last, err
}

var errGivenUp = errors.New("given up before its end")

// Fetch sends a command whose answer comes over a data connection, reads at
// most max bytes of it, and returns them with the reply that ended the transfer.
//
// A *ReplyError says that the server refused, a *TooLongError that there was
// more; after any other error, and after a ReplyError that is Lost, the
// connection must be closed.
func (c *Conn) Fetch(ctx context.Context, command string, max int64) ([]byte, Reply, error) {
	t, err := c.Open(ctx, command)
	if err != nil {
		return nil, Reply{}, err
	}
	var text bytes.Buffer
	n, err := text.ReadFrom(io.LimitReader(t, min(max, math.MaxInt64-1)+1))
	reply, closeErr := t.Close()
	switch {
	case err == nil && n > max:
		err = &TooLongError{Command: verb(command), Max: max}
	case err == nil:
		err = closeErr
	}
	if err != nil {
		return nil, Reply{}, err
	}
	return text.Bytes(), reply, nil
}
