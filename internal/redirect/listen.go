package redirect

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
)

// Listen opens a listener on an address: HOST:PORT, or "unix:PATH" for a socket in
// the file system. A socket that a program left behind which ended by force is
// replaced; one that somebody listens on is not.
func Listen(address string) (net.Listener, error) {
	path, ok := strings.CutPrefix(address, "unix:")
	if !ok {
		return net.Listen("tcp", address)
	}
	l, err := net.Listen("unix", path)
	if errors.Is(err, syscall.EADDRINUSE) && abandoned(path) {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("replace a socket that nobody listens on: %w", err)
		}
		l, err = net.Listen("unix", path)
	}
	return l, err
}

// abandoned reports whether a path is that of a socket on which nobody listens.
func abandoned(path string) bool {
	if info, err := os.Lstat(path); err != nil || info.Mode().Type() != fs.ModeSocket {
		return false
	}
	conn, err := net.Dial("unix", path)
	if err == nil {
		conn.Close()
	}
	return errors.Is(err, syscall.ECONNREFUSED)
}

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
		MinVersion: tls.VersionTLS12,
		NextProtos: []string{"h2", "http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			return c.current.Load(), nil
		},
	})
}
