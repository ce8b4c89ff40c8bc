package control

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"mirrortracker/internal/distftp/data"
)

// TLS is how connections are protected (RFC 4217).
type TLS struct {
	// Certificate returns what to show. It is asked for every connection, so that a
	// renewed certificate counts from the next one on.
	Certificate func(*tls.ClientHelloInfo) (*tls.Certificate, error)

	RequireForUsers bool // no login before AUTH but that of anonymous clients
	RequireControl  bool // no login before AUTH
	RequireData     bool // no data connection without PROT P

	// RequireReuse refuses data connections that do not resume the TLS session of their
	// control connection. Nobody else's can, so that a data connection cannot be taken
	// from the client's own address either. Some clients cannot do it.
	RequireReuse bool

	// Tickets returns the keys of session tickets, of which the first makes new ones, where
	// several servers share them; they may change, and are asked for now and then. nil: each
	// server has its own.
	Tickets func() ([][32]byte, error)
}

// config makes what is common to all connections: among it are the keys that tickets
// for later connections are made with.
func (t *TLS) config() *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: t.Certificate,
		// The first records would be small, for browsers that wait for a head.
		DynamicRecordSizingDisabled: true,
	}
}

// ticketing is how long keys of session tickets are used before it is asked for them again.
const ticketing = 10 * time.Minute

// A ticketer keeps the keys of session tickets up to date.
type ticketer struct {
	mu  sync.Mutex
	due time.Time
}

// renew asks for them, if it is time. Where they cannot be had those in use stay.
func (t *ticketer) renew(c *tls.Config, keys func() ([][32]byte, error)) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if keys == nil || time.Now().Before(t.due) {
		return nil
	}
	t.due = time.Now().Add(ticketing)
	fresh, err := keys()
	if err != nil || len(fresh) == 0 {
		return err
	}
	c.SetSessionTicketKeys(fresh)
	return nil
}

// A guard puts TLS on the connections of one session. Its tickets hold a name that no
// other session's have, so that it can be told which data connections are its own.
type guard struct {
	common *tls.Config
	config *tls.Config
	names  [][]byte // of this session; of the one that the control connection resumed
	offer  []byte   // the name in the ticket that was shown last
	shaken bool     // the control connection is under TLS
}

func newGuard(common *tls.Config) *guard {
	name := make([]byte, 16)
	rand.Read(name) // never fails
	g := &guard{common: common, config: common.Clone(), names: [][]byte{name}}
	g.config.WrapSession, g.config.UnwrapSession = g.wrap, g.unwrap
	return g
}

// wrap makes a ticket, with the session's name for its own client alone: on a data
// connection only who has one already gets another.
func (g *guard) wrap(c tls.ConnectionState, s *tls.SessionState) ([]byte, error) {
	if !g.shaken || g.own(c) {
		s.Extra = append(s.Extra, g.names[0])
	}
	return g.common.EncryptTicket(c, s)
}

// unwrap opens a ticket.
func (g *guard) unwrap(ticket []byte, c tls.ConnectionState) (*tls.SessionState, error) {
	s, err := g.common.DecryptTicket(ticket, c)
	g.offer = nil
	if s != nil && len(s.Extra) == 1 {
		g.offer = s.Extra[0]
	}
	return s, err
}

// control puts TLS on the control connection. If it resumes an earlier session, data
// connections may do so too.
func (g *guard) control(ctx context.Context, conn net.Conn, limit time.Duration) (*tls.Conn, error) {
	secure := tls.Server(conn, g.config)
	if err := shake(ctx, secure, limit); err != nil {
		return nil, err
	}
	g.shaken = true
	if secure.ConnectionState().DidResume && g.offer != nil {
		g.names = append(g.names, g.offer)
	}
	return secure, nil
}

// data puts TLS on a data connection.
//
// A client that only sends may close a connection with a ticket in it that it never read;
// then its end of TCP resets the connection, and what was sent last is lost (Perl's
// Net::FTP does so). So uploads get no new ticket, unless sessions must be resumed and
// the client may need another.
func (g *guard) data(ctx context.Context, conn net.Conn, limit time.Duration, reuse, upload bool) (net.Conn, error) {
	config := g.config
	if upload && !reuse {
		config = g.withoutTickets()
	}
	secure := tls.Server(conn, config)
	if err := shake(ctx, secure, limit); err != nil {
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
func (g *guard) withoutTickets() *tls.Config {
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
func (g *guard) own(c tls.ConnectionState) bool {
	return c.DidResume && slices.ContainsFunc(g.names, func(name []byte) bool { return bytes.Equal(name, g.offer) })
}

// dataAsClient puts TLS on a data connection with the roles reversed, for transfers
// between two servers, of which one must play the client (SSCN, CPSV). Whom it meets is
// only known by its address: names of other servers never come up in FTP.
func dataAsClient(ctx context.Context, conn net.Conn, limit time.Duration) (net.Conn, error) {
	secure := tls.Client(conn, &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: true})
	return secure, shake(ctx, secure, limit)
}

// shake does the handshake, within a time limit.
func shake(ctx context.Context, conn *tls.Conn, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if err := conn.HandshakeContext(ctx); err != nil {
		return fmt.Errorf("tls handshake: %w", err)
	}
	return nil
}
