package ftpconn

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
)

// A TLSMode says how TLS begins, if at all.
type TLSMode string

// The ways of TLS: none, asked for by AUTH TLS before the login (RFC 4217), or from
// the first byte on a port of its own.
const (
	NoTLS       TLSMode = "off"
	ExplicitTLS TLSMode = "explicit"
	ImplicitTLS TLSMode = "implicit"
)

// secure returns how control and data connections are secured; nil if they are not.
func (cfg Config) secure() (*tls.Config, error) {
	switch cfg.TLS {
	case "", NoTLS:
		return nil, nil
	case ExplicitTLS, ImplicitTLS:
	default:
		return nil, fmt.Errorf("TLS %q is not one of off, explicit, implicit", string(cfg.TLS))
	}
	secure := cfg.TLSConfig.Clone()
	if secure == nil {
		secure = new(tls.Config)
	}
	if secure.ServerName == "" {
		host, _, err := net.SplitHostPort(cfg.Addr)
		if err != nil {
			return nil, err
		}
		secure.ServerName = host
	}
	// Data connections resume the session of the control connection, which tells
	// the server that both are of the same client (vsftpd's require_ssl_reuse).
	secure.ClientSessionCache = tls.NewLRUClientSessionCache(1)
	return secure, nil
}

// authTLS asks for TLS on the control connection (RFC 4217, section 4).
func (c *Conn) authTLS(ctx context.Context) error {
	reply, err := c.named("AUTH TLS")
	if err != nil {
		return err
	}
	if reply.Code != 234 {
		return refusal("AUTH", reply)
	}
	// Whatever came with the reply came in clear, from anybody.
	if err := c.unasked(); err != nil {
		return err
	}
	return c.handshake(ctx)
}

// handshake begins TLS on the control connection.
func (c *Conn) handshake(ctx context.Context) error {
	stream, err := c.wrap(ctx, c.raw)
	if err != nil {
		return err
	}
	c.use(stream)
	return nil
}

// wrap begins TLS on a connection. The handshake as a whole takes no longer than
// the timeout.
func (c *Conn) wrap(ctx context.Context, conn net.Conn) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	stream := tls.Client(conn, c.secure)
	if err := stream.HandshakeContext(ctx); err != nil {
		return nil, fmt.Errorf("TLS handshake: %w", err)
	}
	return stream, nil
}

// protect has data connections secured, too (RFC 4217, section 9; RFC 2228).
func (c *Conn) protect() error {
	for _, command := range []string{"PBSZ 0", "PROT P"} {
		reply, err := c.named(command)
		if err != nil {
			return err
		}
		if !reply.Positive() {
			return &ReplyError{Command: verb(command), Reply: reply}
		}
	}
	return nil
}
