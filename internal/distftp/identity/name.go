package identity

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
)

// Master is the name in the certificates of masters.
const Master = "master.distftp"

const slaves = ".slave.distftp"

// Slave returns the name in the certificate of a slave.
func Slave(name string) string { return name + slaves }

// Protocols of TLS connections to a master's port for slaves (RFC 7301).
const (
	LinkProtocol   = "distftp/2"
	EnrollProtocol = "distftp-enroll/1"
)

// A label of the DNS (RFC 1123, 2.1), as names stand in certificates.
var soundName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// ValidName says why a name cannot be a slave's.
func ValidName(name string) error {
	if !soundName.MatchString(name) {
		return fmt.Errorf("slave name %q: want 1 to 63 of a-z, 0-9 and dash, a letter or digit at both ends", name)
	}
	return nil
}

// SlaveOf returns the name of the slave whose certificate it is.
func SlaveOf(cert *x509.Certificate) (string, error) {
	if len(cert.DNSNames) == 1 {
		if name, ok := strings.CutSuffix(cert.DNSNames[0], slaves); ok && ValidName(name) == nil {
			return name, nil
		}
	}
	return "", fmt.Errorf("the certificate of %.100q is not that of a slave", cert.Subject.CommonName)
}

// A Fingerprint is SHA-256 of a certificate, or of a public key.
type Fingerprint [sha256.Size]byte

// String is the fingerprint in hexadecimal.
func (f Fingerprint) String() string { return hex.EncodeToString(f[:]) }

// MarshalText implements encoding.TextMarshaler.
func (f Fingerprint) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, f[:]), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (f *Fingerprint) UnmarshalText(text []byte) error {
	if len(text) != 2*len(f) {
		return fmt.Errorf("a fingerprint of %d characters", len(text))
	}
	_, err := hex.Decode(f[:], text)
	return err
}

// Sum is the fingerprint of a certificate or a public key in DER.
func Sum(der []byte) Fingerprint { return sha256.Sum256(der) }

// KeyOf is the fingerprint of the public key that a certificate is for.
func KeyOf(cert *x509.Certificate) Fingerprint { return Sum(cert.RawSubjectPublicKeyInfo) }
