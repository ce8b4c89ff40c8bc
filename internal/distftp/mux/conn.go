package mux

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// A Patience is how long a connection may be silent.
type Patience struct {
	Ping   time.Duration // after so long without a frame the other side is asked for one
	Answer time.Duration // and has so long to send any
}

// errSilent ends a connection whose other side says nothing any more.
var errSilent = errors.New("mux: the other side is silent")

// A conn is what both sides have in common: a connection, and the streams that it carries.
type conn struct {
	net.Conn
	patience Patience

	began  time.Time
	heard  atomic.Int64  // when a frame came last, since began
	pinged chan struct{} // has one when a pong is due
	unread atomic.Int64  // bytes of bodies

	writing sync.Mutex
	out     []byte    // what is written
	until   time.Time // the deadline for that

	mu      sync.Mutex
	streams map[uint64]*stream
	err     error         // why it has ended
	over    chan struct{} // closed then
}

func newConn(c net.Conn, p Patience) *conn {
	return &conn{
		Conn: c, patience: p, began: time.Now(), pinged: make(chan struct{}, 1),
		streams: map[uint64]*stream{}, over: make(chan struct{}),
	}
}

// send writes a frame. If that fails the connection ends.
func (c *conn) send(f frame) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	if now := time.Now(); c.until.Sub(now) < c.patience.Answer { // to move it each time would cost more
		c.until = now.Add(c.patience.Ping + c.patience.Answer)
		_ = c.SetWriteDeadline(c.until) // if it fails, so does writing
	}
	c.out = f.append(c.out[:0])
	if _, err := c.Write(c.out); err != nil {
		c.end(err)
		return c.err
	}
	return nil
}

// receive takes frames until the connection ends, and returns why it did.
func (c *conn) receive(take func(frame) error) error {
	in := bufio.NewReaderSize(c, headSize+maxPayload)
	buffer := make([]byte, maxPayload)
	for {
		f, err := readFrame(in, buffer)
		if err == nil {
			c.heard.Store(int64(time.Since(c.began)))
			switch f.kind {
			case ping:
				select {
				case c.pinged <- struct{}{}:
				default: // one pong answers for all
				}
			case pong:
			default:
				err = take(f)
			}
		}
		if err != nil {
			c.end(err)
			return c.err
		}
	}
}

// tend asks for signs of life, and ends the connection when none comes any more. It waits for
// nothing else, so that this is in time.
func (c *conn) tend() {
	go c.pong()
	lost := c.patience.Ping + c.patience.Answer
	look := time.NewTimer(c.patience.Ping)
	defer look.Stop()
	for {
		select {
		case <-c.over:
			return
		case <-look.C:
		}
		silent := time.Since(c.began) - time.Duration(c.heard.Load())
		switch {
		case silent < c.patience.Ping:
			look.Reset(c.patience.Ping - silent)
		case silent < lost:
			go func() { _ = c.send(frame{kind: ping}) }()
			look.Reset(lost - silent)
		default:
			c.end(errSilent)
			return
		}
	}
}

// pong gives signs of life.
func (c *conn) pong() {
	for {
		select {
		case <-c.over:
			return
		case <-c.pinged:
			_ = c.send(frame{kind: pong})
		}
	}
}

// end closes the connection, and breaks off what it carries. Only the first reason counts.
func (c *conn) end(err error) {
	c.mu.Lock()
	if c.err != nil {
		c.mu.Unlock()
		return
	}
	c.err = fmt.Errorf("the connection has ended: %w", err)
	all := c.streams
	c.streams = nil
	close(c.over)
	c.mu.Unlock()
	c.Close()
	for _, s := range all {
		s.fail(c.err)
	}
}

// stream returns one that is under way, nil if it is not.
func (c *conn) stream(id uint64) *stream {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.streams[id]
}

// drop forgets a stream.
func (c *conn) drop(s *stream) {
	c.mu.Lock()
	delete(c.streams, s.id)
	c.mu.Unlock()
	s.leave()
}
