package foreign

import (
	"context"
	"slices"
	"time"
)

// rest begins the watch over a connection that is idle.
func (c *Conn) rest() {
	if c.state != idle {
		c.state, c.since = idle, time.Now()
	}
	ctx, cancel := context.WithCancel(context.Background())
	c.unwatch, c.watched = cancel, make(chan struct{})
	go c.watch(ctx, c.watched)
}

// wake ends the watch, and reports whether the connection can still be used. The pool is
// locked.
func (c *Conn) wake() bool {
	c.unwatch()
	<-c.watched
	return !c.spoiled
}

// watch waits for the connection to be taken, to say goodbye, or to need a sign of life.
func (c *Conn) watch(ctx context.Context, watched chan struct{}) {
	soon, cancel := context.WithTimeout(ctx, c.pool.cfg.KeepAlive)
	defer cancel()
	err := c.Await(soon)
	due := err != nil && soon.Err() != nil && c.Err() == nil
	c.spoiled = !due
	close(watched)
	if ctx.Err() == nil {
		c.pool.awoke(c, watched, due)
	}
}

// awoke is told of a connection that was idle until it said something, or until it is due
// for a sign of life; by the watch over it, which may be an earlier one: then it was taken.
func (p *Pool) awoke(c *Conn, watched chan struct{}, due bool) {
	if !p.rouse(c, watched, due) {
		return
	}
	_, err := c.Cmd(p.life, "NOOP")
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil || c.last {
		p.drop(c)
		return
	}
	c.state = idle // since it was
	p.settle(c)
}

// rouse takes a connection from among the idle ones. It is closed if it is not good any
// more, or has been idle for too long; else it must show a sign of life.
func (p *Pool) rouse(c *Conn, watched chan struct{}, due bool) (alive bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.Index(p.idle, c)
	if i < 0 || c.watched != watched {
		return false
	}
	p.idle = slices.Delete(p.idle, i, i+1)
	if !due || time.Since(c.since) >= p.cfg.Idle {
		p.drop(c)
		return false
	}
	c.state = keeping
	return true
}
