package authority

import (
	"context"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
)

// A door at which no master was for so long is forgotten. That one is there is written down
// at most so often.
const (
	doorForgotten = 30 * 24 * time.Hour
	doorNoted     = time.Hour
)

// Doors returns where slaves are to look for masters, sorted: where those listen that run,
// and where others did in the last thirty days. So a slave finds whichever comes back
// first after all have been away.
func (a *Authority) Doors(ctx context.Context, running []string) ([]string, error) {
	var rows []struct {
		Address string `db:"address"`
		Seen    int64  `db:"seen_at"`
	}
	err := a.db.Read(ctx, "list where masters listen", func(tx *sqlx.Tx) error {
		rows = nil
		return tx.SelectContext(ctx, &rows, `SELECT address, seen_at FROM ftp_doors`)
	})
	if err != nil {
		return nil, err
	}
	now := a.Now()
	noted := map[string]bool{}
	doors := slices.Clone(running)
	for _, r := range rows {
		age := now.Sub(time.Unix(r.Seen, 0))
		noted[r.Address] = age < doorNoted
		if age < doorForgotten {
			doors = append(doors, r.Address)
		}
	}
	slices.Sort(doors)
	for _, address := range running {
		if noted[address] {
			continue
		}
		if err := a.note(ctx, address, now); err != nil {
			return nil, err
		}
	}
	return slices.Compact(doors), nil
}

func (a *Authority) note(ctx context.Context, address string, now time.Time) error {
	return a.db.Write(ctx, "write down where a master listens", func(tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM ftp_doors WHERE address = ? OR seen_at < ?`, address, now.Add(-doorForgotten).Unix()); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO ftp_doors (address, seen_at) VALUES (?, ?)`, address, now.Unix())
		return err
	})
}
