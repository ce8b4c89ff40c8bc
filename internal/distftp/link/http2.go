package link

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
)

// plainHTTP2 is HTTP/2 without TLS, as net/http sees it: the connection is under TLS already.
func plainHTTP2() *http.Protocols {
	var p http.Protocols
	p.SetUnencryptedHTTP2(true)
	return &p
}

func settings() *http.HTTP2Config {
	return &http.HTTP2Config{
		MaxConcurrentStreams: maxStreams,
		SendPingTimeout:      pingAfter,
		PingTimeout:          pingAnswer,
		WriteByteTimeout:     Lost,
	}
}

// A wireConn is a connection of which it can be told that it was closed. Its type hides that
// of what it holds, so that net/http does not look for TLS.
type wireConn struct {
	net.Conn
	once   sync.Once
	closed chan struct{}
}

func newWireConn(conn net.Conn) *wireConn {
	return &wireConn{Conn: conn, closed: make(chan struct{})}
}

// Close implements net.Conn.
func (c *wireConn) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.Conn.Close()
}

// client makes the asking end of a connection, which belongs to it.
func client(ctx context.Context, conn *wireConn) (*http.ClientConn, error) {
	taken := false
	t := &http.Transport{
		Protocols:          plainHTTP2(),
		HTTP2:              settings(),
		DisableCompression: true,
		DialContext: func(context.Context, string, string) (net.Conn, error) {
			if taken {
				return nil, errors.New("link: a second connection")
			}
			taken = true
			return conn, nil
		},
	}
	return t.NewClientConn(ctx, "http", "slave:80")
}

// serve answers what is asked by a connection until it is closed, or ctx ends.
func serve(ctx context.Context, conn *wireConn, srv *http.Server) {
	srv.Protocols, srv.HTTP2 = plainHTTP2(), settings()
	srv.BaseContext = func(net.Listener) context.Context { return ctx }
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	_ = srv.Serve(&single{conn: conn}) // always an error: that there is no second connection
	<-conn.closed
}

// single is a listener to whom one comes.
type single struct {
	conn *wireConn
	once sync.Once
}

// Accept implements net.Listener.
func (s *single) Accept() (net.Conn, error) {
	var first net.Conn
	s.once.Do(func() { first = s.conn })
	if first != nil {
		return first, nil
	}
	<-s.conn.closed
	return nil, net.ErrClosed
}

// Close implements net.Listener.
func (s *single) Close() error { return nil }

// Addr implements net.Listener.
func (s *single) Addr() net.Addr { return s.conn.LocalAddr() }
