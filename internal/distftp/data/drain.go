package data

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

// Drain carries a plan out without a client: what it would send goes into w, at most
// limit bytes, and everything is given back. The flow has the number of bytes.
//
// An error is ctx's cause if that ended, and otherwise wraps [ErrSource].
func (p Plan) Drain(ctx context.Context, w io.Writer, limit int64) error {
	to := &drain{ctx: ctx, w: w, left: limit}
	var err error
	if p.Holders != nil {
		err = (&trip{Plan: p, started: func() {}, client: to, route: Route{Why: "read here"}}).make(ctx)
	} else {
		defer p.Source.Close()
		err = p.Source.Send(ctx, to, p.Flow)
	}
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil && !errors.Is(err, errFull):
		return fmt.Errorf("%w: %w", ErrSource, err)
	}
	return nil
}

var errFull = errors.New("all that was wanted has come")

// A drain takes the place of a data connection, as far as a source uses one.
type drain struct {
	net.Conn // nil
	ctx      context.Context
	w        io.Writer
	left     int64
}

func (d *drain) Write(b []byte) (int, error) {
	if err := d.ctx.Err(); err != nil {
		return 0, err
	}
	take := b[:min(int64(len(b)), d.left)]
	n, err := d.w.Write(take)
	d.left -= int64(n)
	if err == nil && n < len(b) {
		err = errFull
	}
	return n, err
}

// Close has nothing to give back.
func (d *drain) Close() error { return nil }

// SetWriteDeadline has nothing to wait for.
func (d *drain) SetWriteDeadline(time.Time) error { return nil }
