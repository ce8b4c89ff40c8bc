package store

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jmoiron/sqlx"

	"mirrortracker/internal/database"
	"mirrortracker/internal/mirror"
)

// A Lease is the right to do, for a while, what only one may do. The holder
// renews it well before it expires, and stops when that fails.
type Lease struct {
	Name    string
	Owner   string
	Version int64     // goes up with every holder
	Expires time.Time // by the database's clock, to the millisecond
}

const siteLeasePrefix = "crawl/"

// SiteLease returns the name of the lease for crawling a site.
func SiteLease(id mirror.SiteID) string { return siteLeasePrefix + id.String() }

// site returns the site that a lease is for crawling.
func (l Lease) site() (id mirror.SiteID, err error) {
	digits, ok := strings.CutPrefix(l.Name, siteLeasePrefix)
	raw, err := hex.DecodeString(digits)
	if !ok || err != nil || len(raw) != len(id) {
		return id, fmt.Errorf("lease %q is not one for crawling a site", l.Name)
	}
	return mirror.SiteID(raw), nil
}

// mustBeFor refuses a lease that is not the one for crawling the site.
func (l Lease) mustBeFor(site mirror.SiteID) error {
	if want := SiteLease(site); l.Name != want {
		return fmt.Errorf("it needs the lease %s, not %q", want, l.Name)
	}
	return nil
}

// Acquire takes a lease for ttl, which must be a millisecond at least. It
// returns a [LeaseHeldError] if somebody holds it, be it the same owner: an
// owner's name is for people to read, and two goroutines may share it.
func (s *Store) Acquire(ctx context.Context, name, owner string, ttl time.Duration) (Lease, error) {
	if err := checkLease(name, owner, ttl); err != nil {
		return Lease{}, err
	}
	var lease Lease
	err := s.write(ctx, "acquire lease "+name, func(tx *sqlx.Tx) error {
		if err := s.take(ctx, tx, name, owner, ttl); err != nil {
			return err
		}
		row, err := s.leaseRow(ctx, tx, name)
		lease = row.lease()
		return err
	})
	if err != nil {
		return Lease{}, err
	}
	return lease, nil
}

// take inserts or updates the row of a lease, provided that nobody holds it.
func (s *Store) take(ctx context.Context, tx *sqlx.Tx, name, owner string, ttl time.Duration) error {
	row, err := s.leaseRow(ctx, tx, name)
	if errors.Is(err, sql.ErrNoRows) {
		_, err := tx.ExecContext(ctx, `
			INSERT INTO leases (name, owner, version, uses, expires_at)
			VALUES (?, ?, 1, 0, `+s.dialect.Now+` + ?)`,
			name, owner, ttl.Milliseconds(),
		)
		return err
	}
	if err != nil {
		return err
	}
	if row.ExpiresAt > row.Now {
		return &LeaseHeldError{Name: name, Owner: row.Owner, Version: row.Version, Until: time.UnixMilli(row.ExpiresAt).UTC()}
	}
	taken, err := tx.ExecContext(ctx, `
		UPDATE leases
		SET owner = ?, version = version + 1, expires_at = `+s.dialect.Now+` + ?
		WHERE name = ? AND owner = ? AND version = ? AND expires_at <= `+s.dialect.Now,
		owner, ttl.Milliseconds(), name, row.Owner, row.Version,
	)
	return onlyIf(taken, err, database.ErrOutrun)
}

// Renew prolongs a lease to ttl from now. It returns [ErrLeaseLost] if it has
// expired already, even where nobody has taken it.
func (s *Store) Renew(ctx context.Context, lease Lease, ttl time.Duration) (Lease, error) {
	if err := checkLease(lease.Name, lease.Owner, ttl); err != nil {
		return Lease{}, err
	}
	err := s.write(ctx, "renew lease "+lease.Name, func(tx *sqlx.Tx) error {
		renewed, err := tx.ExecContext(ctx, `
			UPDATE leases
			SET uses = uses + 1, expires_at = `+s.dialect.Now+` + ?
			WHERE name = ? AND owner = ? AND version = ? AND expires_at > `+s.dialect.Now,
			ttl.Milliseconds(), lease.Name, lease.Owner, lease.Version,
		)
		if err := onlyIf(renewed, err, ErrLeaseLost); err != nil {
			return err
		}
		row, err := s.leaseRow(ctx, tx, lease.Name)
		lease = row.lease()
		return err
	})
	if err != nil {
		return Lease{}, err
	}
	return lease, nil
}

// Release gives a lease back. It is no error if the lease was lost before.
func (s *Store) Release(ctx context.Context, lease Lease) error {
	return s.write(ctx, "release lease "+lease.Name, func(tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, `
			UPDATE leases
			SET uses = uses + 1, expires_at = 0
			WHERE name = ? AND owner = ? AND version = ?`,
			lease.Name, lease.Owner, lease.Version,
		)
		return err
	})
}

// fence makes a transaction depend on a lease: it returns [ErrLeaseLost] if
// the lease is not the caller's, and writes the lease's row if it is, so that
// the transaction and another node's that takes the lease over cannot both commit.
func (s *Store) fence(ctx context.Context, tx *sqlx.Tx, lease Lease) error {
	held, err := tx.ExecContext(ctx, `
		UPDATE leases
		SET uses = uses + 1
		WHERE name = ? AND owner = ? AND version = ? AND expires_at > `+s.dialect.Now,
		lease.Name, lease.Owner, lease.Version,
	)
	return onlyIf(held, err, ErrLeaseLost)
}

// writeSome runs fn in one of the short transactions, each fenced by the lease,
// of which a bulk write is made.
func (s *Store) writeSome(ctx context.Context, op string, lease Lease, fn func(tx *sqlx.Tx) error) error {
	return s.pace.do(ctx, func() error { return s.writeUnder(ctx, op, lease, fn) })
}

// writeUnder runs fn in a transaction that is fenced by the lease.
func (s *Store) writeUnder(ctx context.Context, op string, lease Lease, fn func(tx *sqlx.Tx) error) error {
	return s.write(ctx, op, func(tx *sqlx.Tx) error {
		if err := s.fence(ctx, tx, lease); err != nil {
			return err
		}
		return fn(tx)
	})
}

// A leaseRow is a lease as the database has it, with the time there.
type leaseRow struct {
	Name      string `db:"name"`
	Owner     string `db:"owner"`
	Version   int64  `db:"version"`
	ExpiresAt int64  `db:"expires_at"`
	Now       int64  `db:"now_ms"`
}

func (r leaseRow) lease() Lease {
	return Lease{Name: r.Name, Owner: r.Owner, Version: r.Version, Expires: time.UnixMilli(r.ExpiresAt).UTC()}
}

func (s *Store) leaseRow(ctx context.Context, tx *sqlx.Tx, name string) (row leaseRow, err error) {
	err = tx.GetContext(ctx, &row, `
		SELECT
			name,
			owner,
			version,
			expires_at,
			`+s.dialect.Now+` AS now_ms
		FROM leases
		WHERE name = ?`,
		name)
	return row, err
}

// onlyIf returns instead where an update found no row.
func onlyIf(updated sql.Result, err, instead error) error {
	if err != nil {
		return err
	}
	if n, err := updated.RowsAffected(); err != nil || n == 1 {
		return err
	}
	return instead
}

func checkLease(name, owner string, ttl time.Duration) error {
	const maxLen = 255 // the width of both columns in MySQL
	switch {
	case name == "" || len(name) > maxLen || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r >= 0x7f }):
		return fmt.Errorf("lease name %q: want 1 to %d visible ASCII characters", name, maxLen)
	case owner == "" || len(owner) > maxLen || !utf8.ValidString(owner):
		return fmt.Errorf("owner %q of lease %s: want 1 to %d bytes of UTF-8", owner, name, maxLen)
	case ttl < time.Millisecond:
		return fmt.Errorf("lease %s: a time of %v is less than a millisecond", name, ttl)
	}
	return nil
}
