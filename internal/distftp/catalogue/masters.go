package catalogue

import (
	"context"
	"fmt"
	"time"
)

// A Master is one that is running.
type Master struct {
	ID   uint64 // the clock when it started
	Name string
	Seen time.Time
}

// How often a master says that it lives, and after which time without that another one
// takes it for dead. Clocks are the database's.
const (
	heartbeat = 5 * time.Second
	deadAfter = time.Minute
)

// register begins the life of this master: its number is the clock, so that all numbers
// that it will draw are greater. A program that is no master has the number 0.
func (c *Catalogue) register(ctx context.Context) error {
	if c.config.Master == "" {
		return nil
	}
	var id uint64
	err := c.change(ctx, "register the master", func(t *change) error {
		if err := t.bury(); err != nil {
			return err
		}
		id = t.next()
		return t.exec(`INSERT INTO ftp_masters (id, name, seen_at) VALUES (?, ?, `+c.db.Now+`)`, id, c.config.Master)
	})
	if err == nil {
		c.id.Store(id)
		c.ops.giveUp()
	}
	return err
}

// bury removes masters that are dead. One that is not, after all, finds that out before
// it commits anything.
func (t *change) bury() error {
	return t.exec(`DELETE FROM ftp_masters WHERE seen_at < `+t.c.db.Now+` - ?`, deadAfter.Milliseconds())
}

// beat says that this master lives. If another one has taken it for dead, which drops
// what it had under way, it begins a new life.
func (c *Catalogue) beat(ctx context.Context) error {
	err := c.execute(ctx, "say that the master lives", `UPDATE ftp_masters SET seen_at = `+c.db.Now+` WHERE id = ?`, c.id.Load())
	if err != nil {
		return err
	}
	var there int
	err = c.db.Reader().GetContext(ctx, &there, `SELECT COUNT(*) FROM ftp_masters WHERE id = ?`, c.id.Load())
	if err == nil && there == 0 && c.config.Master != "" {
		c.config.Log.Warn("another master took this one for dead; uploads that were under way are lost")
		c.id.Store(0)
		err = c.register(ctx)
	}
	return err
}

func (c *Catalogue) leave(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, heartbeat)
	defer cancel()
	return c.execute(ctx, "sign the master off", `DELETE FROM ftp_masters WHERE id = ?`, c.id.Load())
}

// Oldest returns a number below which no running master has an operation under way.
func (c *Catalogue) Oldest(ctx context.Context) (uint64, error) {
	var oldest uint64
	err := c.change(ctx, "look for dead masters", func(t *change) error {
		if err := t.bury(); err != nil {
			return err
		}
		there, err := t.get([]any{&oldest}, `SELECT id FROM ftp_masters ORDER BY id LIMIT 1`)
		if err == nil && !there {
			err = ErrFenced
		}
		return err
	})
	return oldest, err
}

// Masters returns the masters that are running, the oldest first.
func (c *Catalogue) Masters(ctx context.Context) ([]Master, error) {
	var rows []struct {
		ID   uint64 `db:"id"`
		Name string `db:"name"`
		Seen int64  `db:"seen_at"`
	}
	err := c.db.Reader().SelectContext(ctx, &rows, `
		SELECT id, name, seen_at
		FROM ftp_masters
		WHERE seen_at >= `+c.db.Now+` - ?
		ORDER BY id`,
		deadAfter.Milliseconds())
	if err != nil {
		return nil, fmt.Errorf("read masters: %w", err)
	}
	all := make([]Master, len(rows))
	for i, r := range rows {
		all[i] = Master{ID: r.ID, Name: r.Name, Seen: fromMilli(r.Seen)}
	}
	return all, nil
}
