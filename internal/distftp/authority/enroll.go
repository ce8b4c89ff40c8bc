package authority

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"mirrortracker/internal/distftp/identity"
)

// TokenLifetime is how long a token is good if nothing else is said.
const TokenLifetime = 24 * time.Hour

// Why somebody is not, or not any more, a slave.
var (
	ErrToken    = errors.New("there is no such token, or it is for a slave that was removed: ask the operator for a new one")
	ErrExpired  = errors.New("the token has expired: ask the operator for a new one")
	ErrUsed     = errors.New("the token has been used: ask the operator for a new one")
	ErrRevoked  = errors.New("the slave was removed")
	ErrReplaced = errors.New("the slave was enrolled again, with another key; this one is stolen or of an old copy")
)

// An EnrolledError says that a slave of this name is enrolled.
type EnrolledError struct{ Name string }

// Error names it.
func (e *EnrolledError) Error() string {
	return fmt.Sprintf("slave %s is enrolled already", e.Name)
}

// Token makes a token for a slave, good for one use within valid. If the slave is enrolled
// already it must be said that it is to be replaced, which then shuts out whoever has its
// present key, at the moment when the token is used.
func (a *Authority) Token(ctx context.Context, name string, masters []string, valid time.Duration, replace bool) (identity.Token, error) {
	t := identity.Token{Slave: name, Masters: masters, Authority: identity.Sum(a.cert.Raw), Secret: make([]byte, identity.SecretSize)}
	if err := identity.ValidName(name); err != nil {
		return t, err
	}
	_, _ = rand.Read(t.Secret) // never fails
	hash := sha256.Sum256(t.Secret)
	err := a.db.Write(ctx, "make a token", func(tx *sqlx.Tx) error {
		if !replace {
			var n int
			if err := tx.GetContext(ctx, &n, `SELECT COUNT(*) FROM ftp_keys WHERE slave = ?`, name); err != nil {
				return err
			}
			if n > 0 {
				return &EnrolledError{name}
			}
		}
		now := a.Now()
		if _, err := tx.ExecContext(ctx, `DELETE FROM ftp_tokens WHERE expires_at < ?`, now.Add(-TokenLifetime).Unix()); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO ftp_tokens (secret, slave, expires_at, public_key) VALUES (?, ?, ?, ?)`,
			hash[:], name, now.Add(valid).Unix(), []byte{})
		return err
	})
	return t, err
}

// Enroll gives the owner of a token its papers, without the masters. The same token can be
// used again with the same key, in case the answer was lost.
func (a *Authority) Enroll(ctx context.Context, q identity.Request) (identity.Papers, error) {
	csr, err := x509.ParseCertificateRequest(q.CSR)
	if err == nil {
		err = csr.CheckSignature()
	}
	if err != nil {
		return identity.Papers{}, fmt.Errorf("certificate signing request: %w", err)
	}
	secret, key := sha256.Sum256(q.Secret), identity.Sum(csr.RawSubjectPublicKeyInfo)
	var p identity.Papers
	err = a.db.Write(ctx, "enroll a slave", func(tx *sqlx.Tx) error {
		var token struct {
			Slave   string `db:"slave"`
			Expires int64  `db:"expires_at"`
			Key     []byte `db:"public_key"`
		}
		err := tx.GetContext(ctx, &token, `SELECT slave, expires_at, public_key FROM ftp_tokens WHERE secret = ? `+a.db.ForUpdate, secret[:])
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return ErrToken
		case err != nil:
			return err
		case len(token.Key) > 0 && !bytes.Equal(token.Key, key[:]):
			return ErrUsed
		case a.Now().Unix() > token.Expires:
			return ErrExpired
		}
		der, expires, err := a.certify(csr.PublicKey, identity.Slave(token.Slave))
		if err != nil {
			return err
		}
		p = identity.Papers{Name: token.Slave, Certificate: der, Authority: a.cert.Raw}
		if _, err := tx.ExecContext(ctx, `UPDATE ftp_tokens SET public_key = ? WHERE secret = ?`, key[:], secret[:]); err != nil {
			return err
		}
		// An older token must not bring an older key back.
		if _, err := tx.ExecContext(ctx, `DELETE FROM ftp_tokens WHERE slave = ? AND secret <> ?`, token.Slave, secret[:]); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM ftp_keys WHERE slave = ?`, token.Slave); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO ftp_keys (slave, public_key, enrolled_at, expires_at) VALUES (?, ?, ?, ?)`,
			token.Slave, key[:], a.Now().Unix(), expires.Unix())
		return err
	})
	return p, err
}

// Check returns the name of the slave that has shown a certificate, which TLS has found to
// be of this authority and not expired.
func (a *Authority) Check(ctx context.Context, cert *x509.Certificate) (string, error) {
	name, err := identity.SlaveOf(cert)
	if err != nil {
		return "", err
	}
	key := identity.KeyOf(cert)
	var known []byte
	err = a.db.Read(ctx, "check who a slave is", func(tx *sqlx.Tx) error {
		return tx.GetContext(ctx, &known, `SELECT public_key FROM ftp_keys WHERE slave = ?`, name)
	})
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return name, ErrRevoked
	case err != nil:
		return name, err
	case !bytes.Equal(known, key[:]):
		return name, ErrReplaced
	}
	return name, nil
}

// Renew returns a new certificate for the owner of one that Check has passed, if it is
// time, and else nil.
func (a *Authority) Renew(ctx context.Context, cert *x509.Certificate) ([]byte, error) {
	if !a.due(cert.NotAfter) {
		return nil, nil
	}
	name, err := identity.SlaveOf(cert)
	if err != nil {
		return nil, err
	}
	der, expires, err := a.certify(cert.PublicKey, identity.Slave(name))
	if err != nil {
		return nil, err
	}
	key := identity.KeyOf(cert)
	err = a.db.Write(ctx, "renew a certificate", func(tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE ftp_keys SET expires_at = ? WHERE slave = ? AND public_key = ?`, expires.Unix(), name, key[:])
		return err
	})
	return der, err
}

// Revoke shuts a slave out, and makes its tokens void.
func (a *Authority) Revoke(ctx context.Context, name string) error {
	return a.db.Write(ctx, "revoke a slave", func(tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM ftp_tokens WHERE slave = ?`, name); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM ftp_keys WHERE slave = ?`, name)
		return err
	})
}

// An Enrolled is a slave that has a key.
type Enrolled struct {
	Name    string
	Since   time.Time
	Expires time.Time // its last certificate
}

// Enrolled lists the slaves that have a key, by name.
func (a *Authority) Enrolled(ctx context.Context) ([]Enrolled, error) {
	var rows []struct {
		Name    string `db:"slave"`
		Since   int64  `db:"enrolled_at"`
		Expires int64  `db:"expires_at"`
	}
	err := a.db.Read(ctx, "list slaves", func(tx *sqlx.Tx) error {
		rows = nil
		return tx.SelectContext(ctx, &rows, `SELECT slave, enrolled_at, expires_at FROM ftp_keys ORDER BY slave`)
	})
	all := make([]Enrolled, len(rows))
	for i, r := range rows {
		all[i] = Enrolled{Name: r.Name, Since: time.Unix(r.Since, 0).UTC(), Expires: time.Unix(r.Expires, 0).UTC()}
	}
	return all, err
}
