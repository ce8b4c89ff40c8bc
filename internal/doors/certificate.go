package doors

import (
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// A Certificate is what a listener proves by TLS who it is with. It can be read
// again while connections come in.
type Certificate struct {
	chain, key string // paths
	current    atomic.Pointer[tls.Certificate]

	mu   sync.Mutex
	seen [2]stamp // the files as they were read last
}

// A stamp tells versions of a file apart.
type stamp struct {
	changed time.Time
	size    int64
}

// LoadCertificate reads a chain of certificates and its key from files in PEM.
func LoadCertificate(chain, key string) (*Certificate, error) {
	c := &Certificate{chain: chain, key: key}
	return c, c.Reload()
}

// Reload reads the files again. What they held before stays in force where they are
// no certificate and its key.
func (c *Certificate) Reload() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen = c.stamps()
	return c.read()
}

// Renew reads the files again if they have changed since they were read last, and
// reports whether they had. Its errors are those of Reload.
func (c *Certificate) Renew() (bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	stamps := c.stamps()
	if stamps == c.seen {
		return false, nil
	}
	c.seen = stamps
	return true, c.read()
}

func (c *Certificate) stamps() (s [2]stamp) {
	for i, path := range []string{c.chain, c.key} {
		if info, err := os.Stat(path); err == nil {
			s[i] = stamp{info.ModTime(), info.Size()}
		}
	}
	return s
}

func (c *Certificate) read() error {
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
