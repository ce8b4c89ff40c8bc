package slave

import (
	"context"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"time"

	"mirrortracker/internal/distftp/guard"
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
	shown := &tls.Certificate{Certificate: c.Chain, PrivateKey: key, Leaf: leaf}
	config := &tls.Config{
		MinVersion:                  tls.VersionTLS12,
		GetCertificate:              func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return shown, nil },
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
		secure := tls.Server(conn, s.Server)
		return secure, guard.Shake(ctx, secure, limit)
	}
}

// withClient returns what puts TLS on the connection of a client, who sends if upload is
// set.
func (s *Slave) withClient(m *wire.Meeting, upload bool) (func(context.Context, net.Conn) (net.Conn, error), error) {
	if m.Reverse {
		return func(ctx context.Context, conn net.Conn) (net.Conn, error) {
			return guard.AsClient(ctx, conn, m.Timeout)
		}, nil
	}
	common := s.shown.Load()
	if common == nil {
		return nil, &wire.Failure{Reason: wire.Insecure, Text: "the slave was given no certificate for clients"}
	}
	return func(ctx context.Context, conn net.Conn) (net.Conn, error) {
		return guard.Elsewhere(common, m.Session).Data(ctx, conn, m.Timeout, len(m.Session) > 0, upload)
	}, nil
}
