package catalogue

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"mirrortracker/internal/distftp/wire"
)

// A SlaveID is a slave's number. It is never given away again.
type SlaveID uint64

// A Slave is one that was enrolled.
type Slave struct {
	ID      SlaveID
	Name    string
	Storage string // the identity of its storage folders; "": it has never joined
	Last    uint64 // the last intent for it
	Applied uint64 // the last that it has said to have applied

	// When it had applied SyncSeq, its names were what they should be, and this was their
	// digest; 0: that was never so.
	SyncSeq    uint64
	SyncDigest wire.SyncDigest

	Drain   bool       // it is to be emptied
	Trusted bool       // it may have the masters' certificate
	Added   time.Time  // when it was enrolled
	Seen    time.Time  // when it last reported to any master; zero: never
	Report  wire.State // what it said then
}

// A slaveRow is a slave as the database has it.
type slaveRow struct {
	ID         SlaveID `db:"id"`
	Name       string  `db:"name"`
	Storage    string  `db:"storage"`
	Last       uint64  `db:"last_seq"`
	Applied    uint64  `db:"applied"`
	SyncSeq    uint64  `db:"sync_seq"`
	SyncDigest []byte  `db:"sync_digest"`
	Drain      bool    `db:"drain"`
	Trusted    bool    `db:"trusted"`
	Added      int64   `db:"added_at"`
	Seen       int64   `db:"seen_at"`
	Report     []byte  `db:"report"`
}

const selectSlaves = `
	SELECT id, name, storage, last_seq, applied, sync_seq, sync_digest, drain, trusted, added_at, seen_at, report
	FROM ftp_slaves`

func (r slaveRow) slave() (Slave, error) {
	s := Slave{
		ID: r.ID, Name: r.Name, Storage: r.Storage, Last: r.Last, Applied: r.Applied, SyncSeq: r.SyncSeq,
		Drain: r.Drain, Trusted: r.Trusted, Added: fromMilli(r.Added), Seen: fromMilli(r.Seen),
	}
	copy(s.SyncDigest[:], r.SyncDigest)
	if len(r.Report) > 0 {
		if err := json.Unmarshal(r.Report, &s.Report); err != nil {
			return Slave{}, fmt.Errorf("what is stored of slave %s: %w", r.Name, err)
		}
	}
	return s, nil
}

func fromMilli(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMilli(n)
}

// Slaves returns all slaves, sorted by name.
func (c *Catalogue) Slaves(ctx context.Context) ([]Slave, error) {
	return c.selectSlaves(ctx, selectSlaves+` ORDER BY name`)
}

// Slave returns a slave by its name, or [ErrNoSlave].
func (c *Catalogue) Slave(ctx context.Context, name string) (Slave, error) {
	found, err := c.selectSlaves(ctx, selectSlaves+` WHERE name = ?`, name)
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("%s: %w", name, ErrNoSlave)
	}
	if err != nil {
		return Slave{}, err
	}
	return found[0], nil
}

func (c *Catalogue) selectSlaves(ctx context.Context, query string, args ...any) ([]Slave, error) {
	var rows []slaveRow
	if err := c.db.Reader().SelectContext(ctx, &rows, query, args...); err != nil {
		return nil, fmt.Errorf("read slaves: %w", err)
	}
	slaves := make([]Slave, len(rows))
	for i, r := range rows {
		var err error
		if slaves[i], err = r.slave(); err != nil {
			return nil, err
		}
	}
	return slaves, nil
}

// AddSlave returns the slave of that name, and adds it where it is not there.
func (c *Catalogue) AddSlave(ctx context.Context, name string) (Slave, error) {
	err := c.change(ctx, "add slave "+name, func(t *change) error {
		var id SlaveID
		there, err := t.get([]any{&id}, `SELECT id FROM ftp_slaves WHERE name = ?`, name)
		if there || err != nil {
			return err
		}
		id = SlaveID(t.next())
		t.last[id] = 0
		return t.exec(`
			INSERT INTO ftp_slaves (id, name, storage, last_seq, applied, sync_seq, sync_digest, drain, trusted, added_at, seen_at, report)
			VALUES (?, ?, '', 0, 0, 0, ?, 0, 0, ?, 0, ?)`,
			id, name, []byte{}, time.Now().UnixMilli(), []byte{})
	})
	if err != nil {
		return Slave{}, err
	}
	return c.Slave(ctx, name)
}

// RemoveSlave forgets a slave, and what it has. It returns [ErrOnly] if it has the only
// copy of a file, unless that is to be lost: then such files stay as names without content.
func (c *Catalogue) RemoveSlave(ctx context.Context, slave SlaveID, lose bool) error {
	return c.change(ctx, "remove slave", func(t *change) error {
		var one int
		only, err := t.get([]any{&one}, `
			SELECT 1 FROM ftp_copies c
			WHERE c.slave = ? AND NOT EXISTS (SELECT 1 FROM ftp_copies o WHERE o.node = c.node AND o.slave <> c.slave)
			LIMIT 1`, slave)
		if err != nil {
			return err
		}
		if only && !lose {
			return fmt.Errorf("it has the only copy of some: %w", ErrOnly)
		}
		var held []uint64
		if err := t.list(&held, `SELECT node FROM ftp_copies WHERE slave = ?`, slave); err != nil {
			return err
		}
		for _, file := range held {
			t.files[file] = true
		}
		delete(t.last, slave)
		delete(t.intents, slave)
		for _, query := range []string{
			`DELETE FROM ftp_copies WHERE slave = ?`,
			`DELETE FROM ftp_intents WHERE slave = ?`,
			`DELETE FROM ftp_jobs WHERE slave = ?`,
			`DELETE FROM ftp_slaves WHERE id = ?`,
		} {
			if err := t.exec(query, slave); err != nil {
				return err
			}
		}
		if c.config.Settle != nil {
			t.jobs = append(t.jobs, Job{Kind: SweepJob})
		}
		return nil
	})
}

// maxAhead is how far a slave may be ahead of the clock: so that no slave uses all numbers
// up by what it says, and far more than any database has lost.
const maxAhead = 1 << 40

// Bind notes the identity of a slave's storage folders where none is known: when it joins for
// the first time, or after [Catalogue.Unbind]. They have applied intents up to one only, and
// what they lack shows when they are compared. Where that intent is of a database that was
// lost, the clock goes on from it, so that the intents to come follow it. It returns
// [ErrStorage] if another identity is known.
func (c *Catalogue) Bind(ctx context.Context, slave SlaveID, storage string, applied uint64) error {
	return c.change(ctx, "note a slave's storage", func(t *change) error {
		var known string
		there, err := t.get([]any{&known}, `SELECT storage FROM ftp_slaves WHERE id = ?`, slave)
		switch {
		case err != nil:
			return err
		case !there:
			return ErrNoSlave
		case known == storage:
			return nil
		case known != "":
			return ErrStorage
		}
		if applied > t.tick+maxAhead {
			return fmt.Errorf("%w: it says to have applied intent %d, and the clock is at %d", ErrStorage, applied, t.tick)
		}
		t.tick = max(t.tick, applied)
		t.last[slave] = applied
		delete(t.intents, slave)
		if err := t.exec(`DELETE FROM ftp_intents WHERE slave = ?`, slave); err != nil {
			return err
		}
		return t.exec(`
			UPDATE ftp_slaves
			SET storage = ?, last_seq = ?, applied = ?, sync_seq = 0, sync_digest = ?
			WHERE id = ?`,
			storage, applied, applied, []byte{}, slave)
	})
}

// Unbind lets a slave come with other storage folders than it had: new ones, or ones that
// were restored from a copy.
func (c *Catalogue) Unbind(ctx context.Context, slave SlaveID) error {
	return c.change(ctx, "forget a slave's storage", func(t *change) error {
		if _, there := t.last[slave]; !there {
			return ErrNoSlave
		}
		return t.exec(`UPDATE ftp_slaves SET storage = '' WHERE id = ?`, slave)
	})
}

// Report notes that a slave is there, and what it says of itself.
func (c *Catalogue) Report(ctx context.Context, slave SlaveID, s wire.State) error {
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return c.execute(ctx, "note a slave's report", `UPDATE ftp_slaves SET seen_at = `+c.db.Now+`, report = ? WHERE id = ?`, text, slave)
}

// InSync notes that a slave's names were what they should be when it had applied an
// intent, and what their digest was.
func (c *Catalogue) InSync(ctx context.Context, slave SlaveID, applied uint64, digest wire.SyncDigest) error {
	return c.execute(ctx, "note that a slave is in sync", `UPDATE ftp_slaves SET sync_seq = ?, sync_digest = ? WHERE id = ?`, applied, digest[:], slave)
}

// SetDrain says whether a slave is to be emptied.
func (c *Catalogue) SetDrain(ctx context.Context, slave SlaveID, drain bool) error {
	return c.setSlave(ctx, "drain slave", slave, "drain", drain)
}

// SetTrusted says whether a slave may have the masters' certificate.
func (c *Catalogue) SetTrusted(ctx context.Context, slave SlaveID, trusted bool) error {
	return c.setSlave(ctx, "trust slave", slave, "trusted", trusted)
}

// setSlave changes a setting in the order of all changes, so that other masters see it.
func (c *Catalogue) setSlave(ctx context.Context, op string, slave SlaveID, column string, value bool) error {
	return c.change(ctx, op, func(t *change) error {
		if _, there := t.last[slave]; !there {
			return ErrNoSlave
		}
		return t.exec(`UPDATE ftp_slaves SET `+column+` = ? WHERE id = ?`, value, slave)
	})
}

// execute runs one statement that is not about names, outside of their order.
func (c *Catalogue) execute(ctx context.Context, op, query string, args ...any) error {
	return c.db.Write(ctx, op, func(tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, query, args...)
		return err
	})
}
