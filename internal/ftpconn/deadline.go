package ftpconn

import (
	"context"
	"errors"
	"math"
	"net"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// A deadlineConn arms a deadline before every read and write, reads no more than
// its budget of bytes, and no faster than its limiter allows.
type deadlineConn struct {
	net.Conn
	timeout time.Duration
	limiter *rate.Limiter // nil for none
	budget  int
	patient bool // no deadline for reads

	close  func() error  // once
	closed chan struct{} // ends what waits for the limiter
}

const unlimited = math.MaxInt

var errBudget = errors.New("the server says too much")

func newDeadlineConn(conn net.Conn, timeout time.Duration, limiter *rate.Limiter) *deadlineConn {
	closed := make(chan struct{})
	return &deadlineConn{
		Conn:    conn,
		timeout: timeout,
		limiter: limiter,
		budget:  unlimited,
		close: sync.OnceValue(func() error {
			close(closed)
			return conn.Close()
		}),
		closed: closed,
	}
}

// Read implements net.Conn. What it has read is paid for before it returns, so that
// the wait is no part of what the server is given to answer.
func (c *deadlineConn) Read(b []byte) (int, error) {
	if c.budget != unlimited {
		if c.budget <= 0 {
			return 0, errBudget
		}
		b = b[:min(len(b), c.budget)]
	}
	if c.limiter != nil {
		b = b[:min(len(b), max(c.limiter.Burst(), 1))]
	}
	if !c.patient {
		if err := c.SetReadDeadline(time.Now().Add(c.timeout)); err != nil {
			return 0, err
		}
	}
	n, err := c.Conn.Read(b)
	if c.budget != unlimited {
		c.budget -= n
	}
	if c.limiter != nil && err == nil {
		err = c.pay(n)
	}
	return n, err
}

// pay waits until so many bytes may have been read.
func (c *deadlineConn) pay(bytes int) error {
	wait := time.NewTimer(c.limiter.ReserveN(time.Now(), bytes).Delay())
	defer wait.Stop()
	select {
	case <-wait.C:
		return nil
	case <-c.closed:
		return net.ErrClosed
	}
}

// Write implements net.Conn.
func (c *deadlineConn) Write(b []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(c.timeout)); err != nil {
		return 0, err
	}
	return c.Conn.Write(b)
}

// Close implements net.Conn. It may be called again.
func (c *deadlineConn) Close() error { return c.close() }

// roomToSend lets the system take a whole [Window], and what TLS adds to it, where
// it would take less.
func (c *deadlineConn) roomToSend() {
	if conn, ok := c.Conn.(interface{ SetWriteBuffer(bytes int) error }); ok {
		conn.SetWriteBuffer(8 * Window) // a wish
	}
}

// closeWhenDone closes the connection as soon as ctx ends, which ends a read
// or write under way. The function that it returns ends the watch.
func (c *deadlineConn) closeWhenDone(ctx context.Context) (stop func() bool) {
	return context.AfterFunc(ctx, func() { c.Close() })
}
