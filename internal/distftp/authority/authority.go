package authority

import (
	"context"
	"crypto"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"database/sql"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/jmoiron/sqlx"

	"mirrortracker/internal/database"
	"mirrortracker/internal/distftp/identity"
)

// How long certificates last. Clocks may differ by skew.
const (
	forever  = 50 * 365 * 24 * time.Hour // the authority
	Lifetime = 90 * 24 * time.Hour       // of all others
	renewal  = 60 * 24 * time.Hour       // what is left when they are renewed
	skew     = time.Hour
)

// An Authority certifies masters and slaves. Its methods may be called by several
// goroutines at a time.
type Authority struct {
	// Now says what time it is: time.Now, unless it is replaced before anything is asked.
	Now func() time.Time

	db   *database.DB
	cert *x509.Certificate
	key  crypto.Signer
	der  []byte // the key
}

// Open reads the authority of a database, or makes it. The database stays the caller's.
func Open(ctx context.Context, db *database.DB) (*Authority, error) {
	a := &Authority{Now: time.Now, db: db}
	err := a.db.Write(ctx, "open the authority", func(tx *sqlx.Tx) error {
		var row struct {
			Certificate []byte `db:"certificate"`
			Key         []byte `db:"private_key"`
		}
		err := tx.GetContext(ctx, &row, `SELECT certificate, private_key FROM ftp_authority WHERE id = 1`)
		if err == nil {
			return a.read(row.Certificate, row.Key)
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if row.Certificate, row.Key, err = create(a.Now()); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO ftp_authority (id, certificate, private_key) VALUES (1, ?, ?)`, row.Certificate, row.Key); err != nil {
			return err
		}
		return a.read(row.Certificate, row.Key)
	})
	if err != nil {
		return nil, err
	}
	return a, nil
}

func (a *Authority) read(certificate, der []byte) (err error) {
	if a.cert, err = x509.ParseCertificate(certificate); err != nil {
		return err
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return err
	}
	var is bool
	if a.key, is = key.(crypto.Signer); !is {
		return fmt.Errorf("a key of type %T cannot sign", key)
	}
	a.der = der
	return nil
}

func create(now time.Time) (certificate, der []byte, err error) {
	key, err := identity.NewKey()
	if err != nil {
		return nil, nil, err
	}
	if der, err = x509.MarshalPKCS8PrivateKey(key); err != nil {
		return nil, nil, err
	}
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: "distftp authority " + rand.Text()[:8]},
		SerialNumber:          serial(),
		NotBefore:             now.Add(-skew),
		NotAfter:              now.Add(forever),
		KeyUsage:              x509.KeyUsageCertSign,
		IsCA:                  true,
		BasicConstraintsValid: true,
		MaxPathLenZero:        true,
	}
	certificate, err = x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	return certificate, der, err
}

// serial draws a serial number (RFC 5280, 4.1.2.2).
func serial() *big.Int {
	var random [16]byte
	_, _ = rand.Read(random[:]) // never fails
	return new(big.Int).SetBytes(random[:])
}

// certify issues a certificate to the owner of a key, by the name that stands in it.
func (a *Authority) certify(key crypto.PublicKey, name string) ([]byte, time.Time, error) {
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: name},
		DNSNames:              []string{name},
		SerialNumber:          serial(),
		NotBefore:             a.Now().Add(-skew),
		NotAfter:              a.Now().Add(Lifetime),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key, a.key)
	return der, template.NotAfter, err
}

// Master makes the identity of a master that listens for slaves at an address. It is to be
// renewed as that of a slave is: see [Authority.RenewMaster].
func (a *Authority) Master(address string) (*identity.Identity, error) {
	key, err := identity.NewKey()
	if err != nil {
		return nil, err
	}
	der, _, err := a.certify(key.Public(), identity.Master)
	if err != nil {
		return nil, err
	}
	return identity.New(key, identity.Papers{Name: address, Certificate: der, Authority: a.cert.Raw})
}

// RenewMaster gives a master a new certificate, if it is time.
func (a *Authority) RenewMaster(i *identity.Identity) error {
	if !a.due(i.Expires()) {
		return nil
	}
	der, _, err := a.certify(i.Public(), identity.Master)
	if err != nil {
		return err
	}
	return i.Renew(identity.Papers{Certificate: der})
}

func (a *Authority) due(expires time.Time) bool { return expires.Sub(a.Now()) < renewal }

// TicketKeys returns keys for the tickets of TLS sessions with clients, of 32 bytes, which
// are the same at all masters: that of today, with which tickets are made, then those of
// yesterday and tomorrow.
func (a *Authority) TicketKeys(now time.Time) ([][32]byte, error) {
	today := now.Unix() / (24 * 60 * 60)
	var keys [][32]byte
	for _, day := range []int64{today, today - 1, today + 1} {
		key, err := hkdf.Key(sha256.New, a.der, nil, fmt.Sprintf("session tickets of day %d", day), 32)
		if err != nil {
			return nil, err
		}
		keys = append(keys, [32]byte(key))
	}
	return keys, nil
}
