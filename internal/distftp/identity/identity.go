package identity

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"sync"
	"time"
)

// An Identity is who this program is. Its methods may be called by several goroutines at a
// time. Its key and its authority stay; certificate and masters may be renewed.
type Identity struct {
	key       crypto.Signer
	authority *x509.Certificate
	file      string // "": it is not kept
	client    *tls.Config
	server    *tls.Config

	mu      sync.RWMutex
	papers  Papers
	shown   *tls.Certificate
	changed chan struct{} // closed by the next renewal
}

// New returns an identity that is not kept: a master's.
func New(key crypto.Signer, p Papers) (*Identity, error) {
	leaf, authority, err := p.read(key.Public())
	if err != nil {
		return nil, err
	}
	i := &Identity{key: key, authority: authority, papers: p, changed: make(chan struct{})}
	i.show(leaf)
	roots := x509.NewCertPool()
	roots.AddCert(authority)
	i.client = &tls.Config{
		MinVersion:           tls.VersionTLS13,
		RootCAs:              roots,
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return i.certificate(), nil },
		ClientSessionCache:   tls.NewLRUClientSessionCache(64),
	}
	i.server = &tls.Config{
		MinVersion:     tls.VersionTLS13,
		ClientAuth:     tls.RequireAndVerifyClientCert,
		ClientCAs:      roots,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return i.certificate(), nil },
	}
	return i, nil
}

// show changes what is shown to others. It needs the lock, unless nobody has i yet.
func (i *Identity) show(leaf *x509.Certificate) {
	i.shown = &tls.Certificate{Certificate: [][]byte{leaf.Raw, i.authority.Raw}, PrivateKey: i.key, Leaf: leaf}
}

func (i *Identity) certificate() *tls.Certificate {
	i.mu.RLock()
	defer i.mu.RUnlock()
	return i.shown
}

// Name is the slave's name, or a master's address.
func (i *Identity) Name() string {
	i.mu.RLock()
	defer i.mu.RUnlock()
	return i.papers.Name
}

// Masters are where the masters listen for slaves.
func (i *Identity) Masters() []string {
	i.mu.RLock()
	defer i.mu.RUnlock()
	return i.papers.Masters
}

// Public is the public key.
func (i *Identity) Public() crypto.PublicKey { return i.key.Public() }

// Expires is when the certificate does.
func (i *Identity) Expires() time.Time { return i.certificate().Leaf.NotAfter }

// Changed returns a channel that is closed at the next renewal.
func (i *Identity) Changed() <-chan struct{} {
	i.mu.RLock()
	defer i.mu.RUnlock()
	return i.changed
}

// Renew takes papers of the same authority for the same key and, where the identity is a
// file, writes them. What is empty in them stays as it is.
func (i *Identity) Renew(p Papers) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	now := i.papers
	if p.Certificate != nil {
		now.Certificate = p.Certificate
	}
	if p.Masters != nil {
		now.Masters = p.Masters
	}
	leaf, _, err := now.read(i.key.Public())
	if err == nil && i.file != "" {
		err = now.checkSlave(leaf)
	}
	if err != nil {
		return fmt.Errorf("renew the identity of %s: %w", now.Name, err)
	}
	if i.file != "" {
		if err := write(i.file, i.key, &now); err != nil {
			return err
		}
	}
	i.papers = now
	i.show(leaf)
	close(i.changed)
	i.changed = make(chan struct{})
	return nil
}

// Client returns how to speak TLS as the client of the server of that name ([Master], or
// [Slave]); "" is any that the authority knows. It is the caller's.
func (i *Identity) Client(server string) *tls.Config {
	c := i.client.Clone()
	if c.ServerName = server; server == "" {
		c.InsecureSkipVerify = true // but for what VerifyConnection does
		c.VerifyConnection = i.ours
	}
	return c
}

// Server returns how to speak TLS as a server, to clients that the authority knows. It is
// the caller's.
func (i *Identity) Server() *tls.Config { return i.server.Clone() }

// ours verifies a server by its authority alone.
func (i *Identity) ours(s tls.ConnectionState) error {
	if len(s.PeerCertificates) == 0 {
		return errors.New("the server has no certificate")
	}
	return verify(s.PeerCertificates[0], i.authority, time.Now())
}

// Issued reports whether a certificate is by the authority, though it may have expired.
func (i *Identity) Issued(cert *x509.Certificate) bool {
	return cert.CheckSignatureFrom(i.authority) == nil
}
