package data

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"sync"
	"time"
)

// A Source is the holder's side of one transfer.
//
// Send moves all bytes into the connection, as the flow has it, and counts them there;
// it fails with a deadline error when the client takes none for the flow's Stall. It
// must return soon after ctx has ended and the connection was closed under it. Errors
// of its own, as opposed to those of the connection, are wrapped in [ErrSource]. Close
// gives back what the source holds, whether it was sent or not.
type Source interface {
	Send(ctx context.Context, conn net.Conn, flow *Flow) error
	Close() error
}

// Why a plan could not be carried out to its end.
var (
	ErrNoConnection = errors.New("no data connection")
	ErrInsecure     = errors.New("data connection could not be protected")
	ErrSource       = errors.New("read error")
)

// A Plan is a decision about one transfer.
type Plan struct {
	Holder string  // who has the bytes, for the log: "disk", "listing"
	Why    string  // why this holder, for the log
	Source Source  // the holder's side of a transfer to the client; or
	Sink   Sink    // that of one from the client; or neither, but Holders
	Size   int64   // how many bytes will be sent to the client, if that is Sized
	Sized  bool    // the size is known
	Meet   Meeting // where the client comes
	Flow   *Flow   // how the bytes move
	Quota  *Quota  // what a sink may take; nil: anything

	// Secure, where it is set, puts TLS on the data connection. That happens after the
	// transfer was announced, for which most clients wait before they begin a handshake.
	Secure func(ctx context.Context, conn net.Conn) (net.Conn, error)

	// Confirm, where it is set, is asked before what a sink received is kept. Data
	// connections end alike for a client that has sent all and for one that was killed.
	Confirm func() error

	// Holders, in place of a source or sink, are the holders elsewhere that the transfer
	// can be with, the best first. They are gone through until one has it, and a second
	// time where none has met the client, for relays; each is in use until the next is
	// asked for, or no more are wanted.
	Holders iter.Seq[Remote]
	Upload  bool        // it is towards one of Holders
	Instead bool        // the upload takes the place of some content
	Text    bool        // it is in TYPE A, which a holder elsewhere sees to
	Relay   string      // why holder and client must not meet; "" if they may
	Protect *Protection // as Secure does it, for them
	Wary    bool        // the client may not accept connections from elsewhere than here, and close them without a word

	// Otherwise, where it is set, makes the plan that follows if none of Holders has begun,
	// nothing having flowed. It is called when that has come about. Who has the bytes is
	// taken from that plan (Holder, Why, Source, Sink, Holders, Relay, Otherwise), all else
	// stays as it is.
	Otherwise func(ctx context.Context) (Plan, error)

	// Parting is how long the end of a download waits for the client to close the data
	// connection on its side; 0: not at all.
	Parting time.Duration
}

// Execute carries the plan out and gives everything back: it meets the client, calls
// started, sends, and closes the data connection, which tells the client where the
// data ends; or receives until the client does that. The flow has the number of bytes
// that were moved.
//
// An error is [ErrNoConnection] if started was not called, [ErrInsecure] if Secure
// failed, [ErrSource] or [ErrSink] if the holder failed, ctx's cause if that ended, what
// Confirm or Otherwise returned, and otherwise the data connection's. What was received
// without an error is kept for good.
func (p Plan) Execute(ctx context.Context, started func()) error {
	defer p.Release()
	defer p.Quota.Release()
	defer p.Meet.Close()
	if p.Holders != nil {
		return (&trip{Plan: p, started: sync.OnceFunc(started)}).make(ctx)
	}
	conn, away, err := meet(ctx, p.Meet)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNoConnection, err)
	}
	p.Flow.take(here(p.Meet, away))
	return p.serve(ctx, conn, started)
}

// serve moves the bytes between source or sink and the client, who is connected with us.
func (p Plan) serve(ctx context.Context, conn net.Conn, started func()) (err error) {
	bare := conn // what ctx ends, without a farewell
	stop := context.AfterFunc(ctx, func() { bare.Close() })
	defer stop()
	started()
	if p.Secure != nil {
		if conn, err = p.Secure(ctx, bare); err != nil {
			bare.Close()
			return errors.Join(context.Cause(ctx), fmt.Errorf("%w: %w", ErrInsecure, err))
		}
	}
	if p.Sink != nil {
		return p.receive(ctx, conn)
	}
	err = p.Source.Send(ctx, conn, p.Flow)
	if err == nil && p.Parting > 0 && awaitClose(conn, p.Parting) && p.Wary {
		err = errReset
	}
	if errors.Is(err, errFull) {
		err = nil
	}
	closed := conn.Close()
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		return err
	case closed != nil:
		return fmt.Errorf("close data connection: %w", closed)
	}
	return nil
}

func (p Plan) receive(ctx context.Context, conn net.Conn) error {
	defer conn.Close()
	err := p.Sink.Receive(ctx, conn, p.Flow, p.Quota)
	if err == nil && p.Confirm != nil {
		err = p.Confirm()
	}
	if err == nil {
		err = p.Sink.Commit(ctx, p.Quota.charge())
	}
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// errReset says that a client has not read what was sent to it.
var errReset = errors.New("client has reset the connection")

// Release gives back what the holder's side holds. Only a plan that is not executed
// needs it.
func (p Plan) Release() error {
	switch {
	case p.Sink != nil:
		return p.Sink.Close()
	case p.Source != nil:
		return p.Source.Close()
	}
	return nil
}

// A Text is a source that is made while it is sent: a listing. It returns its own
// errors wrapped in [ErrSource], the writer's as they are.
type Text struct {
	Write   func(w io.Writer) error
	Release func() error
}

// Send implements [Source].
func (t Text) Send(ctx context.Context, conn net.Conn, flow *Flow) error {
	return t.Write(flowing{ctx, conn, flow})
}

// Close implements [Source].
func (t Text) Close() error { return t.Release() }
