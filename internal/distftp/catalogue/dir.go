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

// A dir goes through a directory in the order of its names' bytes. While some entries are
// written to a client the next ones are read.
type dir struct {
	ctx    context.Context
	cancel context.CancelFunc
	q      sqlx.QueryerContext
	id     uint64
	read   []node    // and not yet returned
	coming chan page // is sent the entries after those; nil: there are none
}

// A page is some entries of a directory, in one piece.
type page struct {
	nodes []node
	err   error
}

func openDir(ctx context.Context, q sqlx.QueryerContext, id uint64) *dir {
	d := &dir{q: q, id: id}
	d.ctx, d.cancel = context.WithCancel(ctx)
	d.readOn(nil)
	return d
}

// readOn begins to read the entries after a name.
func (d *dir) readOn(after []byte) {
	d.coming = make(chan page, 1)
	go func(to chan<- page) {
		nodes, err := d.page(append([]byte{}, after...))
		to <- page{nodes, err}
	}(d.coming)
}

// Next implements [vfs.Dir].
func (d *dir) Next() (vfs.Entry, error) {
	if len(d.read) == 0 && d.coming != nil {
		p := <-d.coming
		d.coming = nil
		if p.err != nil {
			return vfs.Entry{}, fmt.Errorf("read a directory: %w", p.err)
		}
		if d.read = p.nodes; len(d.read) == step {
			d.readOn(d.read[step-1].Name)
		}
	}
	if len(d.read) == 0 {
		return vfs.Entry{}, io.EOF
	}
	e := d.read[0].entry()
	d.read = d.read[1:]
	return e, nil
}

// page reads the entries after a name.
func (d *dir) page(after []byte) ([]node, error) {
	nodes := make([]node, 0, step)
	rows, err := d.q.QueryxContext(d.ctx, `
		SELECT name, id, kind, size, mtime, mode, owner, target
		FROM ftp_nodes
		WHERE parent = ? AND name > ?
		ORDER BY name
		LIMIT ?`,
		d.id, after, step)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		nodes = append(nodes, node{})
		n := &nodes[len(nodes)-1]
		if err := rows.Scan(&n.Name, &n.ID, &n.Kind, &n.Size, &n.ModTime, &n.Mode, &n.Owner, &n.Target); err != nil {
			return nil, err
		}
	}
	return nodes, rows.Err()
}

// Close implements [vfs.Dir].
func (d *dir) Close() error {
	d.cancel()
	if d.coming != nil {
		<-d.coming
	}
	return nil
}
