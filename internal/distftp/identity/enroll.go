package identity

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"strings"
	"time"
)

// EnrollPath is where a master takes a [Request], by POST over [EnrollProtocol], which is
// HTTP/1.1. It answers 200 with [Papers], or 4xx with the reason as text.
const EnrollPath = "/enroll"

// Bounds of enrolment.
const (
	enrollTimeout = 15 * time.Second // for one master
	maxAnswer     = 64 << 10
)

// Enroll makes this machine the slave of a token, and writes its identity to a file. The
// masters that the token names are asked one after the other. If the answer is lost, the
// same token can be used again, with the same file.
func Enroll(ctx context.Context, t Token, file string) (*Identity, error) {
	key, p, err := load(file)
	switch {
	case err == nil && p.Certificate != nil:
		return nil, fmt.Errorf("%s is the identity of slave %s already: move it away first", file, p.Name)
	case errors.Is(err, fs.ErrNotExist):
		// The key is kept first, as a token serves one key only.
		if key, err = NewKey(); err == nil {
			err = write(file, key, &Papers{})
		}
	}
	if err != nil {
		return nil, err
	}
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	if err != nil {
		return nil, err
	}
	var errs []error
	for _, m := range t.Masters {
		p, err := ask(ctx, t, m, Request{Secret: t.Secret, CSR: csr})
		if err == nil {
			return finish(file, key, p)
		}
		errs = append(errs, fmt.Errorf("enroll with %s: %w", m, err))
	}
	return nil, errors.Join(errs...)
}

func finish(file string, key crypto.Signer, p Papers) (*Identity, error) {
	i, err := open(file, key, p)
	if err != nil {
		return nil, err
	}
	return i, write(file, key, &p)
}

// ask asks one master.
func ask(ctx context.Context, t Token, master string, q Request) (p Papers, err error) {
	ctx, cancel := context.WithTimeout(ctx, enrollTimeout)
	defer cancel()
	text, err := json.Marshal(q)
	if err != nil {
		return p, err
	}
	client := &http.Client{
		Transport:     &http.Transport{DialTLSContext: dialer(t, master), DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://"+Master+EnrollPath, bytes.NewReader(text))
	if err != nil {
		return p, err
	}
	res, err := client.Do(req)
	if err != nil {
		return p, err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return p, err
	}
	if res.StatusCode != http.StatusOK {
		return p, fmt.Errorf("refused: %.500s", strings.TrimSpace(string(answer)))
	}
	if err := json.Unmarshal(answer, &p); err != nil {
		return p, err
	}
	if Sum(p.Authority) != t.Authority {
		return p, errors.New("its papers are by another authority than the token names")
	}
	return p, nil
}

// dialer connects to a master, and believes that it is one by the fingerprint of its
// authority, which it sends along.
func dialer(t Token, master string) func(ctx context.Context, network, addr string) (net.Conn, error) {
	return func(ctx context.Context, network, _ string) (net.Conn, error) {
		d := tls.Dialer{Config: &tls.Config{
			MinVersion:         tls.VersionTLS13,
			NextProtos:         []string{EnrollProtocol},
			ServerName:         Master,
			InsecureSkipVerify: true, // but for what VerifyConnection does
			VerifyConnection: func(s tls.ConnectionState) error {
				n := len(s.PeerCertificates)
				if n == 0 || Sum(s.PeerCertificates[n-1].Raw) != t.Authority {
					return errors.New("the server is not of the service that the token is for")
				}
				if err := s.PeerCertificates[0].VerifyHostname(Master); err != nil {
					return err
				}
				return verify(s.PeerCertificates[0], s.PeerCertificates[n-1], time.Now())
			},
		}}
		return d.DialContext(ctx, network, master)
	}
}
