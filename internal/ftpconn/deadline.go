package ftpconn

import (
	"context"
	"errors"
	"math"
	"net"
	"time"
)

// A deadlineConn arms a deadline before every read and write and reads no more
// than its budget of bytes.
type deadlineConn struct {
	net.Conn
	timeout time.Duration
	budget  int
}

const unlimited = math.MaxInt

var errBudget = errors.New("the server says too much")

func (c *deadlineConn) Read(b []byte) (int, error) {
	if c.budget != unlimited {
		if c.budget <= 0 {
			return 0, errBudget
		}
		b = b[:min(len(b), c.budget)]
	}
	if err := c.SetReadDeadline(time.Now().Add(c.timeout)); err != nil {
		return 0, err
	}
	n, err := c.Conn.Read(b)
	if c.budget != unlimited {
		c.budget -= n
	}
	return n, err
}

func (c *deadlineConn) Write(b []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(c.timeout)); err != nil {
		return 0, err
	}
	return c.Conn.Write(b)
}

// closeWhenDone closes the connection as soon as ctx ends, which ends a read
// or write under way. The function that it returns ends the watch.
func (c *deadlineConn) closeWhenDone(ctx context.Context) (stop func() bool) {
	return context.AfterFunc(ctx, func() { c.Conn.Close() })
}
