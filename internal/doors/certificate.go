package doors

import (
	"crypto/tls"
	"fmt"
	"net"
	"sync/atomic"
)

// A Certificate is what a listener proves by TLS who it is with. It can be read
// again while connections come in.
type Certificate struct {
	chain, key string // paths
	current    atomic.Pointer[tls.Certificate]
}

// LoadCertificate reads a chain of certificates and its key from files in PEM.
func LoadCertificate(chain, key string) (*Certificate, error) {
	c := &Certificate{chain: chain, key: key}
	return c, c.Reload()
}

// Reload reads the files again. What they held before stays in force where they are
// no certificate and its key.
func (c *Certificate) Reload() error {
	pair, err := tls.LoadX509KeyPair(c.chain, c.key)
	if err != nil {
		return fmt.Errorf("certificate %s with key %s: %w", c.chain, c.key, err)
	}
	c.current.Store(&pair)
	return nil
}

// Listener returns one that speaks TLS on the connections of l.
func (c *Certificate) Listener(l net.Listener) net.Listener {
	return tls.NewListener(l, &tls.Config{
		MinVersion:     tls.VersionTLS12,
		NextProtos:     []string{"h2", "http/1.1"},
		GetCertificate: c.Get,
	})
}

// Get returns the certificate that is in force, as [tls.Config.GetCertificate] does.
func (c *Certificate) Get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return c.current.Load(), nil
}
