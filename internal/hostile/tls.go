package hostile

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"
)

// A Certificate is what a server shows to those who ask for TLS.
type Certificate struct {
	Host       string // the name or address that it is for
	Begin, End time.Time
}

// SecureSite serves nothing but AUTH TLS with a certificate that signs itself, which
// it returns in DER. It refuses every login.
func SecureSite(t testing.TB, c Certificate) (addr string, der []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: c.Host},
		NotBefore:             c.Begin,
		NotAfter:              c.End,
		IsCA:                  true,
		BasicConstraintsValid: true,
	}
	if ip := net.ParseIP(c.Host); ip != nil {
		template.IPAddresses = []net.IP{ip}
	} else {
		template.DNSNames = []string{c.Host}
	}
	der, err = x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	settings := &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go greetSecurely(conn, settings)
		}
	}()
	return listener.Addr().String(), der
}

// greetSecurely is a session up to a login, which is refused.
func greetSecurely(conn net.Conn, settings *tls.Config) {
	defer conn.Close()
	io.WriteString(conn, "220 ready\r\n")
	in := bufio.NewReader(conn)
	for {
		line, err := in.ReadString('\n')
		switch {
		case err != nil:
			return
		case strings.HasPrefix(line, "AUTH TLS"):
			io.WriteString(conn, "234 go on\r\n")
			secure := tls.Server(conn, settings)
			if secure.Handshake() != nil {
				return
			}
			conn, in = secure, bufio.NewReader(secure)
		default:
			io.WriteString(conn, "530 no: "+line)
		}
	}
}
