package foreign

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mirrortracker/internal/distftp/data"
	"mirrortracker/internal/ftpconn"
)

// A Transfer is one of a file at a foreign server.
type Transfer struct {
	Name   string          // what the server is called as a holder
	Path   string          // of the file, on the server
	Size   int64           // of the file, as the client was shown it; below zero: not known. Of no meaning for uploads
	Offset int64           // as [data.Request] has it
	Length int64           // likewise
	Text   bool            // likewise; line ends are changed here, so that text is always relayed
	Tunnel bool            // never without us
	At     data.Rendezvous // where the client was told to come: at the same pool it is used; nil: here

	// Check is asked before anything else, on the connection that the transfer is to have,
	// whether it is to be. Its error is that of the attempt. Nil: it is.
	Check Check

	// Report is told of each attempt, when it has ended. It must not block. May be nil.
	Report func(Report)
}

// A Check finds out whether the server is to do what it is about to be asked for.
type Check func(ctx context.Context, c *Conn) error

// A Report is how one attempt to transfer a file has ended.
type Report struct {
	Way   data.Kind // Direct or Relayed
	Began bool      // so that bytes may have moved
	Bound bool      // the client went to the server, or was dialled by it, and gets nothing in this transfer from anybody else
	Err   error     // nil: it ended well
}

// Download returns a file to be fetched.
func Download(p *Pool, t Transfer) data.Remote {
	return &remote{Transfer: t, pool: p, command: "RETR " + t.Path}
}

// Upload returns the place for a file to be stored. What the server has received it keeps,
// whatever becomes of the transfer; a server's quota is its own.
func Upload(p *Pool, t Transfer) data.Remote {
	r := &remote{Transfer: t, pool: p, command: "STOR " + t.Path, upload: true}
	if t.Offset == data.KeepAll {
		r.command, r.Offset, r.appends = "APPE "+t.Path, 0, true
	}
	return r
}

// Bounds of an attempt.
const (
	// attempting is how long one may take until a transfer begins: with what it takes to
	// get a connection it stays within the eight seconds that clients are made to wait.
	attempting = 7500 * time.Millisecond
	// dialling is how long a server may take to connect to a client. It is asked to send to us
	// after that, and if it hangs, both together must not take long.
	dialling = 3 * time.Second
	// storing is how long a server may take to keep what it has received.
	storing = time.Minute
)

// errSilent ends a wait for a server that says nothing. It is not a deadline's error, for it
// may be somebody else who is waited for.
var errSilent = errors.New("the server has not begun in time")

// patience returns a context for what has to be over in time.
func patience(ctx context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, limit, errSilent)
}

// attempt does something that must not take long before it begins, and makes its error one
// of package data: that nothing can be had from here, unless it says more.
func attempt(ctx context.Context, do func(ctx context.Context) error) error {
	bounded, cancel := patience(ctx, attempting)
	defer cancel()
	err := do(bounded)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	for _, told := range []error{data.ErrNotDirect, data.ErrNoConnection, data.ErrUnavailable} {
		if errors.Is(err, told) {
			return err
		}
	}
	if _, refused := errors.AsType[*RefusedError](err); refused && !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	return fmt.Errorf("%w: %w", data.ErrUnavailable, err)
}

// code returns the code of the reply by which a server refused something, 0 for other
// errors.
func code(err error) int {
	if refused, ok := errors.AsType[*ftpconn.ReplyError](err); ok {
		return refused.Reply.Code
	}
	return 0
}
