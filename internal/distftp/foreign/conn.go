package foreign

import (
	"context"
	"errors"
	"net"
	"strings"
	"time"

	"mirrortracker/internal/ftpconn"
)

// A Conn is a control connection, logged in and in binary mode, that is checked out of its
// pool by one user, who must give it back ([Conn.Release]).
//
// What it does not answer in time, and whatever else breaks it, counts as a failure of the
// server; a refusal of a command does not, nor does the end of a context, unless that is
// its deadline.
type Conn struct {
	*ftpconn.Conn
	pool *Pool

	// Guarded by the pool.
	state   State
	since   time.Time
	doing   string // the command of a transfer
	uses    int
	last    bool // it is closed when it is given back
	try     bool // the server rested, and this decides whether it goes on doing so
	replies int  // had been received when it was checked out
	excused bool // we have broken it

	// While it is idle.
	unwatch context.CancelFunc
	watched chan struct{} // closed when the watch has ended
	spoiled bool          // readable then
}

// take checks it out.
func (c *Conn) take(try bool) {
	c.state, c.since, c.try, c.replies = inUse, time.Now(), try, c.Conn.Replies()
	c.uses++
}

// Pool returns whose connection it is.
func (c *Conn) Pool() *Pool { return c.pool }

// Begin is [ftpconn.Conn.Begin].
func (c *Conn) Begin(ctx context.Context, command string) (*ftpconn.ThirdParty, error) {
	word, _, _ := strings.Cut(command, " ")
	c.does(word)
	transfer, err := c.Conn.Begin(ctx, command)
	if err == nil {
		c.pool.mu.Lock()
		defer c.pool.mu.Unlock()
		c.good()
	}
	return transfer, err
}

func (c *Conn) does(what string) {
	c.pool.mu.Lock()
	defer c.pool.mu.Unlock()
	c.doing = what
}

// good says that the server works, which ends its being on trial. The pool is locked.
func (c *Conn) good() {
	if c.try {
		c.try = false
		c.pool.breaker.worked()
	}
}

// Release gives the connection back. It is closed if it is broken or something is in
// flight. More calls do nothing.
func (c *Conn) Release() {
	p := c.pool
	p.mu.Lock()
	used := c.state == inUse
	if used {
		c.state, c.since, c.doing = keeping, time.Now(), ""
	}
	p.mu.Unlock()
	if !used {
		return
	}
	quiet := c.calm()
	p.mu.Lock()
	defer p.mu.Unlock()
	if quiet {
		c.good()
	} else if why := c.fault(); why != nil && !c.stale() {
		p.fail(why)
	}
	if c.try {
		c.try = false
		p.breaker.gaveUp()
	}
	if quiet && !c.last {
		p.settle(c)
	} else {
		p.drop(c)
	}
}

// calm makes it as it was when it was taken, and reports whether it can be used on.
func (c *Conn) calm() bool {
	if c.Err() != nil || c.Pending() > 0 || c.Ready() {
		return false
	}
	ctx, cancel := context.WithTimeout(c.pool.life, c.pool.cfg.Timeout)
	defer cancel()
	return c.Restart(ctx, 0) == nil && c.Type(ctx, false) == nil && c.Protect(ctx, true) == nil
}

// fault is what has broken the connection, if that is the server's fault.
func (c *Conn) fault() error {
	err := c.Err()
	switch {
	case err == nil, c.excused, errors.Is(err, context.Canceled):
		return nil
	case errors.Is(err, net.ErrClosed) && !errors.Is(err, context.DeadlineExceeded):
		return nil // by the end of a context
	}
	return err
}

// stale reports that a connection which was idle before has not answered at all: the server
// had closed it meanwhile.
func (c *Conn) stale() bool { return c.uses > 1 && c.Err() != nil && c.Conn.Replies() == c.replies }
