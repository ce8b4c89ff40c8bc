package foreign

import (
	"cmp"
	"crypto/x509"
	"log/slog"
	"time"
)

// A Config is what pools have in common.
type Config struct {
	// Timeout bounds each step of talking to a server: connecting, a TLS handshake, each
	// reply. 3 s if 0.
	Timeout time.Duration

	// Begin bounds how long a transfer may take to begin: to its first byte, where we can
	// see that. 4 s if 0.
	Begin time.Duration

	// Login bounds connecting and logging in as a whole; 6 s if 0.
	Login time.Duration

	// Patience bounds the waiting for a connection; 30 s if 0. A caller's context may end
	// it sooner.
	Patience time.Duration

	// KeepAlive is how often an idle connection says NOOP (40 s if 0), and Idle after how
	// long it is closed (5 minutes if 0).
	KeepAlive, Idle time.Duration

	// Authorities are those whose certificates are taken; nil: the system's.
	Authorities *x509.CertPool

	// Learned is told when something of a server's abilities has changed, other than by
	// Probe. It must not block. May be nil.
	Learned func(Server, Abilities)

	Log *slog.Logger // nil: none
}

func (c Config) withDefaults() Config {
	c.Timeout = cmp.Or(c.Timeout, 3*time.Second)
	c.Begin = cmp.Or(c.Begin, 4*time.Second)
	c.Login = cmp.Or(c.Login, 6*time.Second)
	c.Patience = cmp.Or(c.Patience, 30*time.Second)
	c.KeepAlive = cmp.Or(c.KeepAlive, 40*time.Second)
	c.Idle = cmp.Or(c.Idle, 5*time.Minute)
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}
