package catalogue

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"mirrortracker/internal/distftp/wire"
	"mirrortracker/internal/mirror"
)

// A Side is what a slave should have, as of one moment: the master's side when the two
// are compared.
type Side struct {
	Last uint64 // the slave's last intent at that moment
	root *sideDir
}

// A sideDir is a directory with files of the slave in it, or below.
type sideDir struct {
	name   string
	digest wire.SyncDigest
	below  map[string]*sideDir
}

// Side computes the sync digests of all directories in which a slave should have files.
// It goes through all its copies once.
func (c *Catalogue) Side(ctx context.Context, slave SlaveID) (*Side, error) {
	side := &Side{}
	err := c.db.Read(ctx, "read what a slave should have", func(tx *sqlx.Tx) error {
		if err := tx.GetContext(ctx, &side.Last, `SELECT last_seq FROM ftp_slaves WHERE id = ?`, slave); err != nil {
			return err
		}
		dirs := map[uint64]*sideDir{rootID: newSideDir("")}
		if err := sumFiles(ctx, tx, slave, dirs); err != nil {
			return err
		}
		if err := placeDirs(ctx, tx, dirs); err != nil {
			return err
		}
		side.root = dirs[rootID]
		side.root.sum()
		return nil
	})
	if err != nil {
		return nil, err
	}
	return side, nil
}

func newSideDir(name string) *sideDir { return &sideDir{name: name, below: map[string]*sideDir{}} }

// sumFiles adds up the files directly in each directory.
func sumFiles(ctx context.Context, tx *sqlx.Tx, slave SlaveID, dirs map[uint64]*sideDir) error {
	rows, err := tx.QueryContext(ctx, `
		SELECT n.parent, n.name, n.size, n.version
		FROM ftp_copies c JOIN ftp_nodes n ON n.id = c.node
		WHERE c.slave = ?`,
		slave)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var parent uint64
		var name []byte
		e := wire.Entry{Kind: wire.File}
		if err := rows.Scan(&parent, &name, &e.Size, &e.Version); err != nil {
			return err
		}
		e.Name = wire.Path(name)
		d := dirs[parent]
		if d == nil {
			d = newSideDir("")
			dirs[parent] = d
		}
		d.digest.Add(e.Digest())
	}
	return rows.Err()
}

// placeDirs finds where the directories are, and adds those above.
func placeDirs(ctx context.Context, tx *sqlx.Tx, dirs map[uint64]*sideDir) error {
	var todo []uint64
	for id := range dirs {
		if id != rootID {
			todo = append(todo, id)
		}
	}
	const some = 500
	for len(todo) > 0 {
		now := todo[:min(some, len(todo))]
		todo = todo[len(now):]
		args := make([]any, len(now))
		for i, id := range now {
			args[i] = id
		}
		nodes, err := readNodes(ctx, tx, `SELECT `+columns+` FROM ftp_nodes n WHERE n.id IN `+tuples(1, len(args)), args...)
		if err != nil {
			return err
		}
		if len(nodes) != len(now) {
			return fmt.Errorf("of %d directories %d are there", len(now), len(nodes))
		}
		for _, n := range nodes {
			above := dirs[n.Parent]
			if above == nil {
				above = newSideDir("")
				dirs[n.Parent] = above
				todo = append(todo, n.Parent)
			}
			d := dirs[n.ID]
			d.name = string(n.Name)
			above.below[d.name] = d
		}
	}
	return nil
}

// sum adds the directories below.
func (d *sideDir) sum() {
	for name, sub := range d.below {
		sub.sum()
		e := wire.Entry{Name: wire.Path(name), Kind: wire.Directory, Sub: sub.digest}
		d.digest.Add(e.Digest())
	}
}

// Root is the digest of all.
func (s *Side) Root() wire.SyncDigest { return s.root.digest }

// Below returns the digests of the directories in a directory in which the slave should
// have files, by their names.
func (s *Side) Below(dir mirror.Path) map[string]wire.SyncDigest {
	d := s.root
	for _, name := range dir.Names() {
		if d = d.below[name]; d == nil {
			return nil
		}
	}
	digests := make(map[string]wire.SyncDigest, len(d.below))
	for name, sub := range d.below {
		digests[name] = sub.digest
	}
	return digests
}

// Expected returns the files that a slave should have directly in a directory.
func (c *Catalogue) Expected(ctx context.Context, slave SlaveID, dir mirror.Path) ([]wire.Entry, error) {
	at, err := c.names(ctx).find(dir, false)
	if err != nil {
		return nil, err
	}
	var rows []struct {
		Name    []byte `db:"name"`
		Size    int64  `db:"size"`
		Version uint64 `db:"version"`
	}
	err = c.db.Reader().SelectContext(ctx, &rows, `
		SELECT n.name, n.size, n.version
		FROM ftp_nodes n JOIN ftp_copies c ON c.node = n.id AND c.slave = ?
		WHERE n.parent = ?
		ORDER BY n.name`,
		slave, at.node.ID)
	if err != nil {
		return nil, fmt.Errorf("read what a slave should have: %w", err)
	}
	list := make([]wire.Entry, len(rows))
	for i, r := range rows {
		list[i] = wire.Entry{Name: wire.Path(r.Name), Kind: wire.File, Size: r.Size, Version: r.Version}
	}
	return list, nil
}
