package master

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"mirrortracker/internal/distftp/data"
	"mirrortracker/internal/distftp/wire"
)

// newSecret draws what shows a slave that a connection to its relay port is the one that
// its request was about.
func newSecret() []byte {
	secret := make([]byte, 32)
	rand.Read(secret) // never fails
	return secret
}

// place says to another slave where bytes wait.
func (s *slave) place(by *slave, secret []byte, secure bool) (*wire.Place, error) {
	for _, addr := range s.state.Load().Relay {
		if by.at(addr.Addr()).IsValid() {
			return &wire.Place{Addr: addr, Secret: secret, Secure: secure}, nil
		}
	}
	return nil, fmt.Errorf("slave %s has no address at which %s could reach it", s.name, by.name)
}

// connect opens a connection to a slave's relay port, and shows the secret.
func (m *Master) connect(ctx context.Context, s *slave, secret []byte, secure bool, timeout time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	failed := fmt.Errorf("slave %s announces no relay port", s.name)
	for _, addr := range s.state.Load().Relay {
		dialer := net.Dialer{KeepAlive: -1} // what does not move ends
		dialer.SetMultipathTCP(false)
		var conn net.Conn
		if conn, failed = dialer.DialContext(ctx, "tcp", addr.String()); failed != nil {
			continue
		}
		if conn, failed = m.show(ctx, conn, s, secret, secure); failed == nil {
			return conn, nil
		}
	}
	return nil, fmt.Errorf("connect to slave %s: %w", s.name, failed)
}

// show shows the secret, and puts TLS on the connection if it is to be secure.
func (m *Master) show(ctx context.Context, conn net.Conn, s *slave, secret []byte, secure bool) (net.Conn, error) {
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	_, err := conn.Write(secret)
	if err == nil && secure {
		var private *tls.Conn
		private, err = m.protect(ctx, conn, s)
		if err == nil {
			return private, nil
		}
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

func (m *Master) protect(ctx context.Context, conn net.Conn, s *slave) (*tls.Conn, error) {
	if m.Protect == nil {
		return nil, errors.New("nothing is known of TLS with slaves")
	}
	private := tls.Client(conn, m.Protect(s.name))
	return private, private.HandshakeContext(ctx)
}

// A leg is the connection to a slave of a transfer that is relayed.
type leg struct {
	conn   net.Conn
	cancel context.CancelFunc
	stop   func() bool   // watching the link
	over   chan struct{} // closed when err is set
	err    error         // what the slave says of it
}

// leg connects to a slave while the slave is asked for what is to go over the connection,
// and returns when the slave has both.
func (m *Master) leg(ctx context.Context, s *slave, o *data.Order, ask func(ctx context.Context, meet wire.Meeting, tell func(wire.Event)) error) (*leg, error) {
	meet := wire.Meeting{Secret: newSecret(), Timeout: o.Timeout, Secure: o.Cipher}
	asked, cancel := context.WithCancel(ctx)
	l := &leg{cancel: cancel, over: make(chan struct{})}
	connected := make(chan struct{})
	go func() {
		defer close(l.over)
		var once sync.Once
		l.err = ask(asked, meet, func(e wire.Event) {
			if e.Connected {
				once.Do(func() { close(connected) })
			}
		})
	}()
	conn, err := m.connect(asked, s, meet.Secret, meet.Secure, o.Timeout)
	if err == nil {
		select {
		case <-connected:
		case <-l.over:
			err = l.err // a short one may be over, and well, by now
		case <-ctx.Done():
			err = context.Cause(ctx)
		}
	}
	if err != nil {
		cancel()
		<-l.over
		if conn != nil {
			conn.Close()
		}
		if _, ok := errors.AsType[*wire.Failure](l.err); ok {
			err = l.err
		}
		return nil, verdict(err)
	}
	l.conn = conn
	l.stop = context.AfterFunc(s.gone, func() { conn.Close() })
	return l, nil
}

// Conn implements [data.Leg].
func (l *leg) Conn() net.Conn { return l.conn }

// Done implements [data.Leg].
func (l *leg) Done(ctx context.Context, _ int64) error {
	select {
	case <-l.over:
		return verdict(l.err)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Close implements [data.Leg].
func (l *leg) Close() error {
	l.stop()
	l.cancel()
	err := l.conn.Close()
	<-l.over
	return err
}
