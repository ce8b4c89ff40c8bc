package integration

import (
	"context"
	"errors"
	"net"
	"sync"

	"mirrortracker/internal/crawl/ftplist"
)

// errNetwork is what everything ends with when the network is lost.
var errNetwork = errors.New("the network is gone")

// A fragile network is lost for good, all connections at once, when a number
// of bytes has been read from it.
type fragile struct {
	mu     sync.Mutex
	budget int64
}

// into makes a source use the network.
func (f *fragile) into(c *ftplist.Config) { c.Conn.Dial = f.dial }

func (f *fragile) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	if f.lost(0) {
		return nil, errNetwork
	}
	conn, err := new(net.Dialer).DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	return &fragileConn{conn, f}, nil
}

// lost takes n bytes from the budget and reports whether it is used up.
func (f *fragile) lost(n int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.budget -= int64(n)
	return f.budget <= 0
}

type fragileConn struct {
	net.Conn
	network *fragile
}

// Read implements net.Conn.
func (c *fragileConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if c.network.lost(n) {
		c.Conn.Close()
		return 0, errNetwork
	}
	return n, err
}

// Write implements net.Conn.
func (c *fragileConn) Write(b []byte) (int, error) {
	if c.network.lost(0) {
		c.Conn.Close()
		return 0, errNetwork
	}
	return c.Conn.Write(b)
}
