package catalogue

import (
	"database/sql"
	"errors"
	"maps"
	"slices"

	"mirrortracker/internal/distftp/wire"
	"mirrortracker/internal/mirror"
)

// A change is one change of names, while it is made.
type change struct {
	*batch
	broken error // what the database has failed with
}

// exec runs a statement.
func (t *change) exec(query string, args ...any) error {
	err := t.batch.exec(query, args...)
	t.broken = errors.Join(t.broken, err)
	return err
}

// get reads one row; there may be none.
func (t *change) get(dest []any, query string, args ...any) (bool, error) {
	err := t.tx.QueryRowContext(t.ctx, query, args...).Scan(dest...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	t.broken = errors.Join(t.broken, err)
	return err == nil, err
}

// list reads all rows into a pointer to a slice.
func (t *change) list(dest any, query string, args ...any) error {
	err := t.tx.SelectContext(t.ctx, dest, query, args...)
	t.broken = errors.Join(t.broken, err)
	return err
}

// look finds a name as the changes before have left it: in memory, which is as the clock
// says, where none of this transaction has touched it.
func (t *change) look(parent uint64, name string) (*node, error) {
	if !t.names[nodeKey{parent, name}] {
		if n, _, ok := t.c.nodes.get(nodeKey{parent, name}); ok {
			return n, nil
		}
	}
	n, err := lookUp(t.ctx, t.tx, parent, name)
	t.broken = errors.Join(t.broken, err)
	return n, err
}

// held returns which slaves have a file.
func (t *change) held(file uint64) ([]SlaveID, error) {
	if !t.files[file] {
		if slaves, _, ok := t.c.holders.get(file); ok {
			return slaves, nil
		}
	}
	var slaves []SlaveID
	err := t.list(&slaves, `SELECT slave FROM ftp_copies WHERE node = ? ORDER BY slave`, file)
	return slaves, err
}

// touch notes that a name means something else now.
func (t *change) touch(at spot) { t.names[nodeKey{at.dir().ID, at.name}] = true }

// modify notes that the names in a directory are others now.
func (t *change) modify(dir *node) {
	if dir.ID != rootID {
		t.modified[dir.ID] = dir
	}
}

// intend adds an intent for a slave.
func (t *change) intend(slave SlaveID, i wire.Intent) uint64 {
	i.Seq, i.Prev = t.next(), t.last[slave]
	t.last[slave] = i.Seq
	t.intents[slave] = append(t.intents[slave], i)
	return i.Seq
}

// everywhere adds an intent for all slaves.
func (t *change) everywhere(i wire.Intent) {
	for _, slave := range slices.Sorted(maps.Keys(t.last)) {
		t.intend(slave, i)
	}
}

// settle has somebody look at the copies of a file.
func (t *change) settle(file uint64, p mirror.Path) {
	if t.c.config.Settle != nil && t.c.config.Settle(p) {
		t.jobs = append(t.jobs, Job{Kind: SettleJob, Node: file})
	}
}
