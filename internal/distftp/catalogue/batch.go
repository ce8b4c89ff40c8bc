package catalogue

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jmoiron/sqlx"

	"mirrortracker/internal/distftp/wire"
)

// Changes that are wanted at the same time are committed together: a commit waits for the
// disk, whatever is in it. Each either happens or fails on its own.

// A queue is changes that wait for their turn.
type queue struct {
	turn chan struct{} // taken by who carries changes out

	mu      sync.Mutex
	waiting []*wanted
}

// A wanted change. Its function may be called several times; what it has set in the last
// call counts.
type wanted struct {
	ctx  context.Context
	do   func(*change) error
	err  error
	done chan struct{}
}

const (
	maxBatch    = 64          // changes that are committed together
	changeLimit = time.Minute // for all of them
)

// change makes one change of names, and returns when it lasts. Errors that do come
// from the change itself mean that nothing has changed; of others that is not sure.
func (c *Catalogue) change(ctx context.Context, op string, do func(*change) error) error {
	w := &wanted{ctx: ctx, do: do, done: make(chan struct{})}
	c.queue.mu.Lock()
	c.queue.waiting = append(c.queue.waiting, w)
	c.queue.mu.Unlock()
	for {
		select {
		case <-w.done:
			if w.err != nil {
				return fmt.Errorf("%s: %w", op, w.err)
			}
			return nil
		case c.queue.turn <- struct{}{}:
			if batch := c.queue.take(); len(batch) > 0 {
				c.commit(batch)
			}
			<-c.queue.turn
		}
	}
}

func (q *queue) take() []*wanted {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := min(len(q.waiting), maxBatch)
	batch := slices.Clone(q.waiting[:n])
	q.waiting = slices.Delete(q.waiting, 0, n)
	return batch
}

// errNone ends a transaction of changes none of which came about.
var errNone = errors.New("no change came about")

// commit carries changes out in one transaction.
func (c *Catalogue) commit(all []*wanted) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(all[0].ctx), changeLimit)
	defer cancel()
	var b *batch
	err := c.db.Write(ctx, "write to the database", func(tx *sqlx.Tx) (err error) {
		if b, err = c.begin(ctx, tx); err != nil {
			return err
		}
		for _, w := range all {
			if err := b.try(w, len(all) > 1); err != nil {
				return err
			}
		}
		if b.done == 0 {
			return errNone
		}
		return b.finish()
	})
	if b != nil {
		b.forget()
	}
	switch {
	case err == nil:
		c.committed(b)
	case errors.Is(err, errNone):
		err = nil
	}
	for _, w := range all {
		if w.err == nil {
			w.err = err
		}
		close(w.done)
	}
}

// committed takes over what was committed.
func (c *Catalogue) committed(b *batch) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tick = b.tick
	c.tails.extend(b.intents)
	c.tails.reach(b.last)
}

// A batch is changes in one transaction.
type batch struct {
	c    *Catalogue
	ctx  context.Context
	tx   *sqlx.Tx
	tick uint64
	done int // changes that came about
	effects
}

// effects are what changes do besides changing rows of nodes and copies.
type effects struct {
	last     map[SlaveID]uint64        // the last intent of each slave
	intents  map[SlaveID][]wire.Intent // that are new
	names    map[nodeKey]bool          // that mean something else now
	files    map[uint64]bool           // that are held by others now
	modified map[uint64]*node          // directories in which names have changed
	jobs     []Job                     // to be added
}

func (e effects) clone() effects {
	intents := make(map[SlaveID][]wire.Intent, len(e.intents))
	for slave, list := range e.intents {
		intents[slave] = slices.Clip(list)
	}
	return effects{
		last: maps.Clone(e.last), intents: intents, names: maps.Clone(e.names),
		files: maps.Clone(e.files), modified: maps.Clone(e.modified), jobs: slices.Clip(e.jobs),
	}
}

// begin takes the clock, which makes changes of all masters follow each other.
func (c *Catalogue) begin(ctx context.Context, tx *sqlx.Tx) (*batch, error) {
	b := &batch{c: c, ctx: ctx, tx: tx, effects: effects{
		intents: map[SlaveID][]wire.Intent{}, names: map[nodeKey]bool{}, files: map[uint64]bool{}, modified: map[uint64]*node{},
	}}
	if err := tx.GetContext(ctx, &b.tick, `SELECT tick FROM ftp_clock WHERE id = 1 `+c.db.ForUpdate); err != nil {
		return nil, err
	}
	c.mu.Lock()
	outdated := b.tick != c.tick
	c.mu.Unlock()
	if outdated {
		// Another master has changed something: it may have taken this one for dead.
		if err := c.lives(ctx, tx); err != nil {
			return nil, err
		}
		last, err := lastSeqs(ctx, tx)
		if err != nil {
			return nil, err
		}
		c.outdated(b.tick, last)
	}
	b.last = c.slaves()
	return b, nil
}

// lives returns [ErrFenced] if this master was taken for dead.
func (c *Catalogue) lives(ctx context.Context, tx *sqlx.Tx) error {
	id := c.id.Load()
	if id == 0 {
		return nil
	}
	var one int
	err := tx.GetContext(ctx, &one, `SELECT 1 FROM ftp_masters WHERE id = ?`, id)
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrFenced
	}
	return err
}

// try makes one change. An error is that of the whole transaction; one of the change is
// the change's own.
func (b *batch) try(w *wanted, others bool) error {
	if w.err = w.ctx.Err(); w.err != nil {
		w.err = context.Cause(w.ctx)
		return nil
	}
	if others {
		if err := b.exec(`SAVEPOINT one`); err != nil {
			return err
		}
	}
	t := &change{batch: b}
	before := b.effects.clone()
	w.err = w.do(t)
	switch {
	case t.broken != nil:
		w.err = nil
		return t.broken
	case w.err == nil:
		b.done++
		return nil
	}
	b.effects = before
	if others {
		return b.exec(`ROLLBACK TO SAVEPOINT one`)
	}
	return nil
}

func (b *batch) exec(query string, args ...any) error {
	_, err := b.tx.ExecContext(b.ctx, query, args...)
	return err
}

// next is a number that was never given away.
func (b *batch) next() uint64 {
	b.tick++
	return b.tick
}

// finish writes what is written once for all changes.
func (b *batch) finish() error {
	now := time.Now().UnixNano()
	for _, dir := range b.modified {
		if err := b.exec(`UPDATE ftp_nodes SET mtime = ? WHERE id = ?`, now, dir.ID); err != nil {
			return err
		}
	}
	if err := b.writeIntents(); err != nil {
		return err
	}
	if err := b.writeJobs(); err != nil {
		return err
	}
	b.tick++ // also where no number was needed: others are to see that something has changed
	return b.exec(`UPDATE ftp_clock SET tick = ? WHERE id = 1`, b.tick)
}

// forget drops from memory what the changes were about, whether they came about or that
// is not sure.
func (b *batch) forget() {
	for key := range b.names {
		b.c.nodes.drop(key)
	}
	for _, dir := range b.modified {
		b.c.nodes.drop(nodeKey{dir.Parent, string(dir.Name)})
	}
	for id := range b.files {
		b.c.holders.drop(id)
	}
}

// writeIntents adds the intents, and notes how far they go for each slave.
func (b *batch) writeIntents() error {
	const width = 10
	var values []any
	flush := func() error {
		if len(values) == 0 {
			return nil
		}
		err := b.exec(`
			INSERT INTO ftp_intents (slave, seq, prev, deed, path, to_path, op, version, size, mtime)
			VALUES `+tuples(len(values)/width, width), values...)
		values = values[:0]
		return err
	}
	for _, slave := range slices.Sorted(maps.Keys(b.intents)) {
		list := b.intents[slave]
		if len(list) == 0 {
			continue
		}
		if err := b.exec(`UPDATE ftp_slaves SET last_seq = ? WHERE id = ?`, b.last[slave], slave); err != nil {
			return err
		}
		for _, i := range list {
			values = append(values, slave, i.Seq, i.Prev, string(i.Deed), []byte(i.Path), []byte(i.To), i.Op, i.Version, i.Size, unixNano(i.ModTime))
			if len(values) >= 50*width {
				if err := flush(); err != nil {
					return err
				}
			}
		}
	}
	return flush()
}

func tuples(rows, width int) string {
	one := "(?" + strings.Repeat(", ?", width-1) + ")"
	return one + strings.Repeat(", "+one, rows-1)
}
