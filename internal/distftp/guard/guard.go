// Package guard puts TLS on the connections of FTP sessions (RFC 4217): the control
// connection's, and those of data connections, which belong to it and may be at another
// machine.
package guard

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"fmt"
	"net"
	"slices"
	"time"

	"mirrortracker/internal/distftp/data"
)

// A Guard puts TLS on the connections of one session, one after the other. Its tickets hold
// a name that no other session's have, so that it can be told which data connections are its
// own.
type Guard struct {
	common *tls.Config
	config *tls.Config
	names  [][]byte // of this session; of the one that the control connection resumed
	offer  []byte   // the name in the ticket that was shown last
	shaken bool     // the control connection is under TLS
}

// New makes the guard of a session that begins. What is common to all sessions has the
// certificate by GetCertificate, and the keys of tickets.
func New(common *tls.Config) *Guard {
	name := make([]byte, 16)
	rand.Read(name) // never fails
	return guard(common, name)
}

// Elsewhere makes a guard for data connections of a session whose control connection is
// elsewhere. There it has these names, of which there may be none.
func Elsewhere(common *tls.Config, names [][]byte) *Guard {
	g := guard(common, names...)
	g.shaken = true
	return g
}

func guard(common *tls.Config, names ...[]byte) *Guard {
	g := &Guard{common: common, config: common.Clone(), names: names}
	g.config.WrapSession, g.config.UnwrapSession = g.wrap, g.unwrap
	return g
}

// Names are those by which tickets of the session are told from others', for [Elsewhere].
func (g *Guard) Names() [][]byte { return slices.Clone(g.names) }

// wrap makes a ticket, with the session's name for its own client alone: on a data
// connection only who has one already gets another.
func (g *Guard) wrap(c tls.ConnectionState, s *tls.SessionState) ([]byte, error) {
	if !g.shaken || g.own(c) {
		s.Extra = append(s.Extra, g.names[0])
	}
	return g.common.EncryptTicket(c, s)
}

// unwrap opens a ticket.
func (g *Guard) unwrap(ticket []byte, c tls.ConnectionState) (*tls.SessionState, error) {
	s, err := g.common.DecryptTicket(ticket, c)
	g.offer = nil
	if s != nil && len(s.Extra) == 1 {
		g.offer = s.Extra[0]
	}
	return s, err
}

// Control puts TLS on the control connection. If it resumes an earlier session, data
// connections may do so too.
func (g *Guard) Control(ctx context.Context, conn net.Conn, limit time.Duration) (*tls.Conn, error) {
	secure := tls.Server(conn, g.config)
	if err := Shake(ctx, secure, limit); err != nil {
		return nil, err
	}
	g.shaken = true
	if secure.ConnectionState().DidResume && g.offer != nil {
		g.names = append(g.names, g.offer)
	}
	return secure, nil
}

// Data puts TLS on a data connection. With reuse set it must resume the session, or fails
// with [data.ErrReuse].
//
// A client that only sends may close a connection with a ticket in it that it never read;
// then its end of TCP resets the connection, and what was sent last is lost (Perl's
// Net::FTP does so). So uploads get no new ticket, unless sessions must be resumed and
// the client may need another.
func (g *Guard) Data(ctx context.Context, conn net.Conn, limit time.Duration, reuse, upload bool) (net.Conn, error) {
	config := g.config
	if upload && !reuse {
		config = g.withoutTickets()
	}
	secure := tls.Server(conn, config)
	if err := Shake(ctx, secure, limit); err != nil {
		return nil, err
	}
	if reuse && !g.own(secure.ConnectionState()) {
		return nil, data.ErrReuse
	}
	return secure, nil
}

// withoutTickets returns a configuration for one connection, which may resume a session,
// but is shown no ticket. The library has one switch for both, which is thrown here
// between the one and the other: the functions are called in the handshake, after it has
// begun to look for a session and before tickets are made.
func (g *Guard) withoutTickets() *tls.Config {
	config := g.config.Clone()
	config.UnwrapSession = func(ticket []byte, c tls.ConnectionState) (*tls.SessionState, error) {
		config.SessionTicketsDisabled = true
		return g.unwrap(ticket, c)
	}
	config.GetCertificate = func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		config.SessionTicketsDisabled = true
		return g.config.GetCertificate(hello)
	}
	return config
}

// own reports whether a connection resumed the control connection's session.
func (g *Guard) own(c tls.ConnectionState) bool {
	return c.DidResume && slices.ContainsFunc(g.names, func(name []byte) bool { return bytes.Equal(name, g.offer) })
}

// AsClient puts TLS on a data connection with the roles reversed, for transfers
// between two servers, of which one must play the client (SSCN, CPSV). Whom it meets is
// only known by its address: names of other servers never come up in FTP.
func AsClient(ctx context.Context, conn net.Conn, limit time.Duration) (net.Conn, error) {
	secure := tls.Client(conn, &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: true})
	return secure, Shake(ctx, secure, limit)
}

// Shake does the handshake, within a time limit.
func Shake(ctx context.Context, conn *tls.Conn, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if err := conn.HandshakeContext(ctx); err != nil {
		return fmt.Errorf("tls handshake: %w", err)
	}
	return nil
}
