package slave

import (
	"bytes"
	"context"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"slices"
	"time"

	"mirrortracker/internal/distftp/data"
	"mirrortracker/internal/distftp/wire"
)

// Certify implements [wire.Slave]. A certificate without a chain takes away the one
// that was there.
func (s *Slave) Certify(_ context.Context, c wire.Certificate) error {
	if len(c.Chain) == 0 {
		s.shown.Store(nil)
		return nil
	}
	config, err := show(c)
	if err != nil {
		return &wire.Failure{Reason: wire.Invalid, Text: err.Error()}
	}
	s.shown.Store(config)
	return nil
}

// show makes a configuration of what the master gave.
func show(c wire.Certificate) (*tls.Config, error) {
	leaf, err := x509.ParseCertificate(c.Chain[0])
	if err != nil {
		return nil, fmt.Errorf("certificate for clients: %w", err)
	}
	key, err := x509.ParsePKCS8PrivateKey(c.Key)
	if err != nil {
		return nil, fmt.Errorf("key of the certificate for clients: %w", err)
	}
	signer, ok := key.(crypto.Signer)
	public, comparable := leaf.PublicKey.(interface{ Equal(crypto.PublicKey) bool })
	if !ok || !comparable || !public.Equal(signer.Public()) {
		return nil, fmt.Errorf("the key is not that of the certificate for clients")
	}
	config := &tls.Config{
		MinVersion:                  tls.VersionTLS12,
		Certificates:                []tls.Certificate{{Certificate: c.Chain, PrivateKey: key, Leaf: leaf}},
		DynamicRecordSizingDisabled: true, // as the master has it
	}
	keys := make([][32]byte, len(c.Tickets))
	for i, ticket := range c.Tickets {
		if copy(keys[i][:], ticket) != len(keys[i]) || len(ticket) != len(keys[i]) {
			return nil, fmt.Errorf("a key of tickets of another length than 32 bytes")
		}
	}
	if len(keys) > 0 {
		config.SetSessionTicketKeys(keys)
	}
	return config, nil
}

// amongUs returns what puts TLS on a connection that comes to the relay port.
func (s *Slave) amongUs(limit time.Duration) func(context.Context, net.Conn) (net.Conn, error) {
	return func(ctx context.Context, conn net.Conn) (net.Conn, error) {
		return shake(ctx, tls.Server(conn, s.Server), limit)
	}
}

// withClient returns what puts TLS on the connection of a client, who sends if upload is
// set.
func (s *Slave) withClient(m *wire.Meeting, upload bool) (func(context.Context, net.Conn) (net.Conn, error), error) {
	if m.Reverse {
		return func(ctx context.Context, conn net.Conn) (net.Conn, error) {
			// Names of other servers never come up in FTP.
			return shake(ctx, tls.Client(conn, &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: true}), m.Timeout)
		}, nil
	}
	common := s.shown.Load()
	if common == nil {
		return nil, &wire.Failure{Reason: wire.Insecure, Text: "the slave was given no certificate for clients"}
	}
	return func(ctx context.Context, conn net.Conn) (net.Conn, error) {
		var resumed [][]byte
		config := common.Clone()
		config.UnwrapSession = func(ticket []byte, c tls.ConnectionState) (*tls.SessionState, error) {
			state, err := common.DecryptTicket(ticket, c)
			if state != nil {
				resumed = state.Extra
			}
			return state, err
		}
		secure, err := shake(ctx, tls.Server(conn, config), m.Timeout)
		if err != nil {
			return nil, err
		}
		own := slices.ContainsFunc(m.Session, func(name []byte) bool { return len(resumed) == 1 && bytes.Equal(name, resumed[0]) })
		if len(m.Session) > 0 && !(secure.ConnectionState().DidResume && own) {
			return nil, data.ErrReuse
		}
		return secure, nil
	}, nil
}

// shake does the handshake, within a time limit.
func shake(ctx context.Context, conn *tls.Conn, limit time.Duration) (*tls.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if err := conn.HandshakeContext(ctx); err != nil {
		return nil, fmt.Errorf("tls handshake: %w", err)
	}
	return conn, nil
}
