package slave

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"time"

	"mirrortracker/internal/distftp/wire"
)

// What strangers can take of the relay port.
const (
	maxWaiting = 512              // connections for which no transfer has asked
	maxWait    = 10 * time.Second // for how long
)

// A secret is what a connection to the relay port begins with.
type secret [wire.SecretSize]byte

// A relayPort brings connections and transfers with one secret together, whichever comes
// first.
type relayPort struct {
	log *slog.Logger

	mu      sync.Mutex
	closed  bool
	wanted  map[secret]chan<- net.Conn
	arrived map[secret]*list.Element
	waiting list.List // of *arrival, the oldest first
}

// An arrival is a connection for which no transfer has asked.
type arrival struct {
	net.Conn
	about   secret // once it has said it
	dropped bool
}

func (p *relayPort) init(log *slog.Logger) {
	p.log, p.wanted, p.arrived = log, map[secret]chan<- net.Conn{}, map[secret]*list.Element{}
}

// serve takes connections until ctx ends.
func (p *relayPort) serve(ctx context.Context, ln net.Listener) {
	stop := context.AfterFunc(ctx, func() { ln.Close() })
	defer stop()
	defer ln.Close()
	for {
		conn, err := ln.Accept()
		switch {
		case err == nil:
			p.arrive(conn)
		case ctx.Err() != nil || errors.Is(err, net.ErrClosed):
			return
		default: // no descriptors are left, say
			p.log.Error("no connection to the relay port", "err", err)
			select {
			case <-ctx.Done():
			case <-time.After(time.Second):
			}
		}
	}
}

// arrive reads the secret of a connection, in the background. The connection makes room
// for itself.
func (p *relayPort) arrive(conn net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		conn.Close()
		return
	}
	if p.waiting.Len() >= maxWaiting {
		p.drop(p.waiting.Front())
	}
	e := p.waiting.PushBack(&arrival{Conn: conn})
	go func() {
		var s secret
		err := conn.SetReadDeadline(time.Now().Add(maxWait))
		if err == nil {
			_, err = io.ReadFull(conn, s[:])
		}
		if err == nil {
			err = conn.SetReadDeadline(time.Time{})
		}
		p.said(e, s, err)
	}()
}

// said hands a connection over to its transfer, or lets it wait for one.
func (p *relayPort) said(e *list.Element, s secret, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	a := e.Value.(*arrival)
	_, twice := p.arrived[s]
	switch want, ok := p.wanted[s]; {
	case p.closed, a.dropped, err != nil, twice:
		p.drop(e)
	case ok:
		delete(p.wanted, s)
		p.waiting.Remove(e)
		want <- a.Conn
	default:
		a.about = s
		p.arrived[s] = e
		time.AfterFunc(maxWait, func() {
			p.mu.Lock()
			defer p.mu.Unlock()
			if p.arrived[s] == e {
				p.drop(e)
			}
		})
	}
}

// drop closes a connection that waits. It needs the lock; what was dropped before, or has
// found its transfer, is let be.
func (p *relayPort) drop(e *list.Element) {
	a := e.Value.(*arrival)
	if p.arrived[a.about] == e {
		delete(p.arrived, a.about)
	}
	p.waiting.Remove(e)
	a.dropped = true
	a.Close()
}

// close closes the connections for which no transfer has asked.
func (p *relayPort) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for e := p.waiting.Front(); e != nil; e = p.waiting.Front() {
		p.drop(e)
	}
}

// expect is a [data.Meeting] with who says a secret.
func (p *relayPort) expect(text []byte) (*appointment, error) {
	s := secret(text)
	p.mu.Lock()
	defer p.mu.Unlock()
	conn := make(chan net.Conn, 1)
	a := &appointment{port: p, about: s, conn: conn}
	if e, ok := p.arrived[s]; ok {
		delete(p.arrived, s)
		conn <- p.waiting.Remove(e).(*arrival).Conn
		return a, nil
	}
	if p.wanted[s] != nil {
		return nil, &wire.Failure{Reason: wire.Invalid, Text: "a secret for two transfers"}
	}
	p.wanted[s] = conn
	return a, nil
}

// An appointment is with one connection.
type appointment struct {
	port  *relayPort
	about secret
	conn  chan net.Conn
}

// Meet waits for the connection.
func (a *appointment) Meet(ctx context.Context) (net.Conn, error) {
	select {
	case conn := <-a.conn:
		return conn, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("nobody came to the relay port: %w", context.Cause(ctx))
	}
}

// Close ends the appointment.
func (a *appointment) Close() error {
	a.port.mu.Lock()
	defer a.port.mu.Unlock()
	if a.port.wanted[a.about] == a.conn {
		delete(a.port.wanted, a.about)
	}
	select {
	case conn := <-a.conn:
		return conn.Close()
	default:
		return nil
	}
}
