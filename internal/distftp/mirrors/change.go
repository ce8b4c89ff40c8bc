package mirrors

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"mirrortracker/internal/mirror"
)

// A change is a transaction that changes what there is. Changes come one after the other,
// those of all masters.
type change struct {
	ctx context.Context
	tx  *sqlx.Tx
	*View
}

// change runs fn in a transaction, with the view as it is before, and again if it lost
// against another one. fn must not keep anything from a run that failed.
func (s *Store) change(ctx context.Context, op string, fn func(t *change) error) error {
	err := s.db.Write(ctx, op, func(tx *sqlx.Tx) error {
		// First of all, so that nobody else changes anything until the end.
		if _, err := tx.ExecContext(ctx, `UPDATE ftp_mirrors_clock SET version = version + 1 WHERE id = 1`); err != nil {
			return err
		}
		before, err := s.read(ctx, tx)
		if err != nil {
			return err
		}
		return fn(&change{ctx, tx, before})
	})
	if err != nil {
		return err
	}
	return s.Refresh(ctx)
}

// exec runs a statement.
func (t *change) exec(query string, args ...any) error {
	_, err := t.tx.ExecContext(t.ctx, query, args...)
	return err
}

// alias returns an alias that must be there.
func (t *change) alias(p mirror.Path) (*Alias, error) {
	if a := t.At(p); a != nil {
		return a, nil
	}
	return nil, fmt.Errorf("%w: %s", ErrNoAlias, p)
}

// entry returns an entry that must be there.
func (t *change) entry(id int) (*Entry, error) {
	if e := t.Entry(id); e != nil {
		return e, nil
	}
	return nil, fmt.Errorf("%w: %d", ErrNoEntry, id)
}
