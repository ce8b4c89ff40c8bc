package identity

import (
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"time"
)

// A Request is what a slave sends to be enrolled.
type Request struct {
	Secret []byte `json:"secret"` // of the token
	CSR    []byte `json:"csr"`    // a certificate signing request, DER: its key is what counts
}

// Papers are what an authority gives: a certificate, and what it is used with.
type Papers struct {
	Name        string   `json:"name"`
	Masters     []string `json:"masters"`
	Certificate []byte   `json:"certificate"` // DER
	Authority   []byte   `json:"authority"`   // the certificate that it is to be checked with, DER
}

// read checks that papers are sound in themselves and for a public key, whatever the time.
func (p *Papers) read(key crypto.PublicKey) (leaf, authority *x509.Certificate, err error) {
	if leaf, err = x509.ParseCertificate(p.Certificate); err != nil {
		return nil, nil, fmt.Errorf("certificate: %w", err)
	}
	if authority, err = x509.ParseCertificate(p.Authority); err != nil {
		return nil, nil, fmt.Errorf("certificate of the authority: %w", err)
	}
	if ours, ok := key.(interface{ Equal(crypto.PublicKey) bool }); !ok || !ours.Equal(leaf.PublicKey) {
		return nil, nil, errors.New("the certificate is for another key")
	}
	return leaf, authority, leaf.CheckSignatureFrom(authority)
}

func verify(leaf, authority *x509.Certificate, now time.Time) error {
	roots := x509.NewCertPool()
	roots.AddCert(authority)
	_, err := leaf.Verify(x509.VerifyOptions{Roots: roots, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
	return err
}

// checkSlave checks that they are a slave's.
func (p *Papers) checkSlave(leaf *x509.Certificate) error {
	name, err := SlaveOf(leaf)
	if err != nil {
		return err
	}
	if name != p.Name {
		return fmt.Errorf("the certificate is for slave %s, and not for %.100q", name, p.Name)
	}
	return checkMasters(p.Masters)
}
