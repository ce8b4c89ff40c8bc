package authority

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"mirrortracker/internal/database"
)

// A Refusal is about somebody who came as a slave, with a certificate of the authority's,
// and was not let in: a machine that needs a new token, a copy of one, or a thief.
type Refusal struct {
	Slave  string     `json:"slave"`
	Addr   netip.Addr `json:"address"`
	Reason string     `json:"reason"`
	At     time.Time  `json:"at"`
}

// refusalsKept is how long a refusal is worth knowing of.
const refusalsKept = 24 * time.Hour

// NoteRefusal writes down who was refused just now, in place of the last time.
func (a *Authority) NoteRefusal(ctx context.Context, slave string, addr netip.Addr, reason error) error {
	text := strings.ToValidUTF8(fmt.Sprintf("%.1000s", reason.Error()), "?")
	now := a.Now()
	return a.db.Write(ctx, "write down a refusal", func(tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM ftp_refusals WHERE slave = ? OR refused_at < ?`, slave, now.Add(-refusalsKept).Unix()); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO ftp_refusals (slave, address, reason, refused_at) VALUES (?, ?, ?, ?)`,
			slave, addr.Unmap().WithZone("").String(), text, now.Unix())
		return err
	})
}

// Refusals lists who was refused in the last 24 hours, by name, as a database has it.
func Refusals(ctx context.Context, db *database.DB) ([]Refusal, error) {
	var rows []struct {
		Slave   string `db:"slave"`
		Address string `db:"address"`
		Reason  string `db:"reason"`
		At      int64  `db:"refused_at"`
	}
	err := db.Read(ctx, "list refusals", func(tx *sqlx.Tx) error {
		rows = nil
		return tx.SelectContext(ctx, &rows, `SELECT slave, address, reason, refused_at FROM ftp_refusals WHERE refused_at >= ? ORDER BY slave`,
			time.Now().Add(-refusalsKept).Unix())
	})
	all := make([]Refusal, len(rows))
	for i, r := range rows {
		addr, _ := netip.ParseAddr(r.Address)
		all[i] = Refusal{Slave: r.Slave, Addr: addr, Reason: r.Reason, At: time.Unix(r.At, 0).UTC()}
	}
	return all, err
}
