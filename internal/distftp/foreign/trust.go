package foreign

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
)

// ReadAuthorities returns the system's authorities, and besides them those whose
// certificates a file has, in PEM form; "" is no file. The certificate of a server that has
// signed it itself can stand there, too: it is good for that server.
func ReadAuthorities(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("certificates to trust: %w", err)
	}
	all, err := x509.SystemCertPool()
	if err != nil {
		return nil, fmt.Errorf("certificates that the system trusts: %w", err)
	}
	found := 0
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("certificates to trust: number %d of %s: %w", found+1, file, err)
		}
		all.AddCert(certificate)
		found++
	}
	if found == 0 {
		return nil, fmt.Errorf("certificates to trust: %s holds none in PEM form", file)
	}
	return all, nil
}

// Trust changes whose certificates are taken, for connections that are opened from now on.
// Those that are idle are closed, and servers that rest are asked again at once, where that
// makes a difference.
func (ps *Pools) Trust(authorities *x509.CertPool) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if authorities.Equal(ps.cfg.Authorities) {
		return
	}
	ps.cfg.Authorities = authorities
	for _, p := range ps.all {
		p.trust(authorities)
	}
}

func (p *Pool) trust(authorities *x509.CertPool) {
	p.mu.Lock()
	p.authorities = authorities
	secure := p.server.secure()
	if secure {
		p.breaker = breaker{}
	}
	p.mu.Unlock()
	if secure {
		p.Disconnect()
	}
}
