package data

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"
)

// An Invitation is a rendezvous elsewhere that the client is told of while we listen as
// well, under the same port number: about half of all clients ignore the address that PASV
// names and come to the one that they know. Whichever they come to, the other is closed.
type Invitation struct {
	there   Rendezvous
	here    *Listener     // nil: there it has our own address, or the client will not come here
	came    chan net.Conn // has the client's connection if it came here; closed when it cannot come any more
	timeout time.Duration
	left    sync.Once          // there
	passing context.CancelFunc // ends passing the client's connection on; nil: nobody does
}

// ErrPort says that we cannot listen under the port number of a rendezvous: it is in use, or
// not among ours.
var ErrPort = errors.New("port of the rendezvous is not available here")

// Invite listens where it is expected of us to, on the port of a rendezvous, which belongs to
// the invitation then, unless this fails.
func Invite(ctx context.Context, there Rendezvous, e Expectation) (*Invitation, error) {
	i := &Invitation{there: there, came: make(chan net.Conn, 1), timeout: e.Timeout}
	addr := there.Addr()
	if plain(addr.Addr()) == plain(e.Local) {
		close(i.came)
		return i, nil
	}
	ln, err := listenUnder(ctx, addr.Port(), e)
	switch {
	case err == nil:
	case e.Comes:
		close(i.came)
		return i, nil
	default:
		return nil, fmt.Errorf("%w: %w", ErrPort, err)
	}
	i.here = &Listener{ln: ln.(*net.TCPListener), partner: e.Partner}
	go func() {
		defer close(i.came)
		if conn, err := i.here.accept(context.Background()); err == nil { // Close ends it
			i.came <- conn
		}
	}()
	return i, nil
}

// listenUnder listens on a port, if it is one of ours.
func listenUnder(ctx context.Context, port uint16, e Expectation) (net.Listener, error) {
	if !e.Ports.Holds(port) {
		return nil, fmt.Errorf("%d is not in %s", port, e.Ports)
	}
	return listenAt(ctx, netip.AddrPortFrom(e.Local, port))
}

// There returns the rendezvous.
func (i *Invitation) There() Rendezvous { return i.there }

// Addr returns the address that the client is told.
func (i *Invitation) Addr() netip.AddrPort { return i.there.Addr() }

// Close ends both.
func (i *Invitation) Close() error {
	i.closeHere()
	i.closeThere()
	if i.passing != nil {
		i.passing()
	}
	return nil
}

func (i *Invitation) closeThere() { i.left.Do(func() { i.there.Close() }) }

func (i *Invitation) closeHere() {
	if i.here != nil {
		i.here.Close()
	}
	for conn := range i.came {
		conn.Close()
	}
}

// settle lets nobody come here any more but who is here already. After it came has the
// client's connection, or is closed.
func (i *Invitation) settle() {
	if i.here == nil {
		return
	}
	for limit := time.Now().Add(settling); i.here.queued() && time.Now().Before(limit); {
		time.Sleep(time.Millisecond) // which is what it takes to accept it
	}
	i.here.Close()
}

// settling is how long somebody who is here may take to be accepted on a busy machine.
const settling = time.Second

// within bounds how long the client may take to come here from now on.
func (i *Invitation) within(timeout time.Duration) {
	if i.here != nil {
		_ = i.here.within(timeout) // otherwise it is closed
	}
}

// bereft is how long a client may still come here when the rendezvous is lost. If it went
// there it waits for an answer.
const bereft = 2 * time.Second

// Meet takes the client's connection to where we listen, or has it passed on from there.
func (i *Invitation) Meet(ctx context.Context) (net.Conn, error) {
	conn, _, err := i.meet(ctx)
	return conn, err
}

// meet is Meet, and reports whether the client went to the rendezvous.
func (i *Invitation) meet(ctx context.Context) (conn net.Conn, away bool, err error) {
	select {
	case conn, ok := <-i.came:
		if ok {
			i.closeThere()
			return conn, false, nil
		}
	default:
	}
	i.within(i.timeout)
	passing, cancel := context.WithCancel(ctx)
	i.passing = cancel
	there := make(chan error, 1)
	go func() {
		var err error
		conn, err = i.there.Meet(passing)
		there <- err
	}()
	select {
	case here, ok := <-i.came:
		if !ok {
			err = <-there
			return conn, true, err
		}
		cancel()
		if <-there == nil {
			conn.Close()
		}
		i.closeThere()
		return here, false, nil
	case err := <-there:
		if err == nil {
			i.closeHere()
			return conn, true, nil
		}
		cancel()
		i.within(bereft)
		stop := context.AfterFunc(ctx, i.closeHere)
		defer stop()
		if here, ok := <-i.came; ok {
			return here, false, nil
		}
		return nil, true, fmt.Errorf("%w: the rendezvous at %s is lost: %w", ErrHolder, i.there.Holder(), err)
	}
}
