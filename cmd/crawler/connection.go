package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"

	"mirrortracker/internal/crawl"
	"mirrortracker/internal/ftpconn"
)

// connection says how to connect to a site and who to be there. Its error is a
// [*crawl.FinalError].
func (s *session) connection(o order) (ftpconn.Config, error) {
	visit := o.site.Visit
	certificates, err := certificates(visit.CA, visit.Insecure)
	if err != nil {
		return ftpconn.Config{}, &crawl.FinalError{Err: err, Remedy: "put the certificate of its authority there, or set the site's ca to where it is"}
	}
	password, err := visit.ReadPassword(s.Getenv)
	if err != nil {
		return ftpconn.Config{}, &crawl.FinalError{Err: err, Remedy: "put the password there, or set the site's password to where it is"}
	}
	return ftpconn.Config{
		Family:    ftpconn.Family(visit.Family),
		Timeout:   o.settings.Timeout.Duration,
		User:      visit.User,
		Password:  password,
		Contact:   o.settings.Contact,
		TLS:       ftpconn.TLSMode(o.site.Secure()),
		TLSConfig: certificates,
	}, nil
}

// certificates says which ones are taken: those that a file vouches for, "" for the
// system's, or any.
func certificates(file string, any bool) (*tls.Config, error) {
	if file == "" {
		return &tls.Config{InsecureSkipVerify: any}, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("certificates to trust: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("certificates to trust: %s holds none in PEM form", file)
	}
	return &tls.Config{RootCAs: roots}, nil
}
