package mux

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync/atomic"
)

// maxRequests is how many there may be under way at a time.
const maxRequests = 10000

// A Client is the side that asks. It is an [http.RoundTripper] for requests of a method, a
// path and a body of known length.
type Client struct {
	conn *conn
	last atomic.Uint64 // number of a request
}

// NewClient makes one of a connection, which belongs to it. Whoever does not answer has the
// connection closed.
func NewClient(c net.Conn, p Patience) *Client {
	client := &Client{conn: newConn(c, p)}
	go client.conn.tend()
	go func() { _ = client.conn.receive(client.take) }()
	return client
}

// Close closes the connection. What is under way fails.
func (c *Client) Close() error {
	c.conn.end(net.ErrClosed)
	return nil
}

// Done returns a channel that is closed with the connection.
func (c *Client) Done() <-chan struct{} { return c.conn.over }

// take takes a frame.
func (c *Client) take(f frame) error {
	if f.kind == ask {
		return fmt.Errorf("%w: it asks", errProtocol)
	}
	s := c.conn.stream(f.id)
	switch {
	case s == nil: // given up here, and not yet there
		return nil
	case f.kind == answer:
		return s.answered(f)
	case f.kind == body && !s.begun():
		return fmt.Errorf("%w: an answer without a status", errProtocol)
	}
	return s.take(f)
}

// RoundTrip implements [http.RoundTripper].
func (c *Client) RoundTrip(req *http.Request) (*http.Response, error) {
	var text []byte
	if req.Body != nil {
		defer req.Body.Close()
		text = make([]byte, max(req.ContentLength, 0))
		if _, err := io.ReadFull(req.Body, text); err != nil {
			return nil, fmt.Errorf("mux: read a request: %w", err)
		}
	}
	s, err := c.begin(req.Context())
	if err != nil {
		return nil, err
	}
	if err = s.sendBody(ask, []byte(req.Method+" "+req.URL.Path+"\n"), text, true); errors.Is(err, errAnswered) {
		err = nil
	}
	status := 0
	if err == nil {
		status, err = s.awaitStatus()
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	return &http.Response{
		Status: http.StatusText(status), StatusCode: status, Header: http.Header{}, ContentLength: -1, Body: s, Request: req,
	}, nil
}

// begin makes the stream of a new request.
func (c *Client) begin(ctx context.Context) (*stream, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	s := newStream(ctx, c.conn, c.last.Add(1))
	s.asks = true
	c.conn.mu.Lock()
	defer c.conn.mu.Unlock()
	switch {
	case c.conn.err != nil:
		return nil, c.conn.err
	case len(c.conn.streams) >= maxRequests:
		return nil, errors.New("mux: too many requests at a time")
	}
	c.conn.streams[s.id] = s
	return s, nil
}

// answered takes the beginning of an answer.
func (s *stream) answered(f frame) error {
	if len(f.payload) < 2 {
		return fmt.Errorf("%w: an answer of %d bytes", errProtocol, len(f.payload))
	}
	status := int(binary.BigEndian.Uint16(f.payload))
	if status < 200 || status > 999 || s.begun() {
		return fmt.Errorf("%w: an answer with status %d", errProtocol, status)
	}
	s.begin(status)
	notify(s.may)
	return s.arrived(f.payload[2:], f.last)
}

// begin notes that the answer begins.
func (s *stream) begin(status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status = status
}

// begun reports whether the answer has begun to come.
func (s *stream) begun() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.status != 0
}

// awaitStatus waits for the beginning of the answer.
func (s *stream) awaitStatus() (int, error) {
	for {
		s.mu.Lock()
		status, err := s.status, s.err
		s.mu.Unlock()
		if status != 0 || err != nil {
			return status, err
		}
		select {
		case <-s.came:
		case <-s.ctx.Done():
			return 0, context.Cause(s.ctx)
		}
	}
}

// Close implements io.Closer, for the answer's body: what has not come is not wanted.
func (s *stream) Close() error {
	s.conn.drop(s)
	s.mu.Lock()
	over := s.ended || s.err != nil
	s.mu.Unlock()
	if !over {
		_ = s.conn.send(frame{kind: abort, id: s.id})
	}
	return nil
}
