package control

import (
	"crypto/tls"
	"sync"
	"time"
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
