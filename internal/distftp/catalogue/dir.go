package catalogue

import (
	"context"
	"fmt"
	"io"

	"github.com/jmoiron/sqlx"

	"mirrortracker/internal/distftp/vfs"
)

// step is how many entries of a directory are read at once: enough to make a query's own
// cost vanish, few enough that memory does not follow the size of the directory. Nothing is
// held in the database between the steps, however slowly a client reads.
const step = 1024

// A dir goes through a directory in the order of its names' bytes.
type dir struct {
	ctx  context.Context
	q    sqlx.QueryerContext
	id   uint64
	read []node // and not yet returned
	last []byte // the last name that was read
	end  bool   // all were
}

// Next implements [vfs.Dir].
func (d *dir) Next() (vfs.Entry, error) {
	if len(d.read) == 0 && !d.end {
		if err := d.more(); err != nil {
			return vfs.Entry{}, fmt.Errorf("read a directory: %w", err)
		}
	}
	if len(d.read) == 0 {
		return vfs.Entry{}, io.EOF
	}
	e := d.read[0].entry()
	d.read = d.read[1:]
	return e, nil
}

func (d *dir) more() error {
	d.read = make([]node, 0, step)
	rows, err := d.q.QueryxContext(d.ctx, `
		SELECT name, id, kind, size, mtime, mode, owner, target
		FROM ftp_nodes
		WHERE parent = ? AND name > ?
		ORDER BY name
		LIMIT ?`,
		d.id, append([]byte{}, d.last...), step)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		d.read = append(d.read, node{})
		n := &d.read[len(d.read)-1]
		if err := rows.Scan(&n.Name, &n.ID, &n.Kind, &n.Size, &n.ModTime, &n.Mode, &n.Owner, &n.Target); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	d.end = len(d.read) < step
	if !d.end {
		d.last = d.read[step-1].Name
	}
	return nil
}

// Close implements [vfs.Dir].
func (*dir) Close() error { return nil }
