package data

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

// A Relay is a source whose bytes come over another connection, from whoever holds them.
// Closing it closes that.
type Relay struct {
	From net.Conn
	Size int64 // how many bytes there are, without which the source is at fault; below zero: as many as come
}

// Send implements [Source].
func (r Relay) Send(ctx context.Context, conn net.Conn, flow *Flow) error {
	stop := context.AfterFunc(ctx, func() { r.From.Close() })
	defer stop()
	before := flow.Moved()
	err := relay(ctx, conn, r.From, flow, nil)
	var here *sideError
	switch {
	case errors.As(err, &here) && here.from:
		return fmt.Errorf("%w: %w", ErrSource, err)
	case err != nil:
		return err
	case r.Size >= 0 && flow.Moved()-before != r.Size:
		return fmt.Errorf("%w: %d bytes came of %d", ErrSource, flow.Moved()-before, r.Size)
	}
	return nil
}

// Close implements [Source].
func (r Relay) Close() error { return r.From.Close() }

// A sideError is what went wrong on one of the two connections of a relay.
type sideError struct {
	from bool // on the one that the bytes come from
	err  error
}

func (e *sideError) Error() string {
	if e.from {
		return "relay: read: " + e.err.Error()
	}
	return "relay: write: " + e.err.Error()
}

func (e *sideError) Unwrap() error { return e.err }

// relay moves bytes from one connection to another until the first ends, or more came
// than the quota has left; that is counted by the flow. Between two connections without
// TLS the kernel does it. What goes wrong on either connection is a [sideError].
func relay(ctx context.Context, to, from net.Conn, flow *Flow, quota *Quota) error {
	if to, ok := to.(*net.TCPConn); ok {
		if from, ok := from.(*net.TCPConn); ok {
			return splice(ctx, to, from, flow, quota)
		}
	}
	out := flowing{ctx, to, &Flow{Stall: flow.Stall}}
	b := make([]byte, buffer)
	for {
		most, err := flow.portion(ctx, int64(len(b)), quota)
		if err != nil {
			return err
		}
		_ = from.SetReadDeadline(time.Now().Add(flow.Stall)) // if it fails, reading says why
		n, end := from.Read(b[:most])
		if err := quota.Take(int64(n)); err != nil {
			return err
		}
		written, err := out.Write(b[:n])
		flow.Count(int64(written))
		switch {
		case err != nil:
			return &sideError{false, err}
		case end == io.EOF:
			return nil
		case end != nil:
			return &sideError{true, end}
		}
	}
}

// portion is [Flow.next] where a quota has a say, too: one byte more than it allows is
// asked for, to learn whether there is more.
func (f *Flow) portion(ctx context.Context, chunk int64, quota *Quota) (int64, error) {
	most, err := f.next(ctx, chunk)
	if left := quota.allowed(); left < most {
		most = left + 1
	}
	return min(most, chunk), err
}
