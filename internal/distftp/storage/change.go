package storage

import (
	"context"
	"database/sql"
	"errors"

	"mirrortracker/internal/distftp/wire"
)

// A change is a transaction on the index. It keeps the directories that it has met, with
// their digests, and writes them when it ends.
type change struct {
	ctx    context.Context
	ix     *index
	tx     *sql.Tx
	dirs   map[dirKey]*dir
	files  []wire.Path // that are changed
	moved  bool        // a directory got another path, or went
	getDir *sql.Stmt
	get    *sql.Stmt
	set    *sql.Stmt
	unset  *sql.Stmt
}

// A dirKey is by what a directory is found.
type dirKey struct {
	parent int64
	name   string
}

// A dir is a directory as it is within a change.
type dir struct {
	id     int64
	above  *dir // nil: the root
	name   string
	digest wire.SyncDigest
	files  int64
	bytes  int64
	dirty  bool
}

// begin begins a change, of which there is one at a time. It goes on when ctx ends: what was
// done on the disk is to be written down.
func (ix *index) begin(ctx context.Context) (*change, error) {
	ctx = context.WithoutCancel(ctx)
	tx, err := ix.rw.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	return &change{
		ctx: ctx, ix: ix, tx: tx, dirs: map[dirKey]*dir{},
		getDir: tx.StmtContext(ctx, ix.getDir), get: tx.StmtContext(ctx, ix.get), set: tx.StmtContext(ctx, ix.set), unset: tx.StmtContext(ctx, ix.unset),
	}, nil
}

// commit writes the directories and ends the change.
func (c *change) commit() error {
	for _, d := range c.dirs {
		if err := c.writeDir(d); err != nil {
			return err
		}
	}
	// Who looks a path up while this is committed finds the one or the other, and what is
	// remembered of it is forgotten.
	defer c.forget()
	return c.tx.Commit()
}

// forget forgets what was known of what is changed.
func (c *change) forget() {
	c.ix.knownFiles.forget(c.moved, c.files)
	if c.moved {
		c.ix.knownDirs.forget(true, nil)
	}
}

func (c *change) writeDir(d *dir) error {
	var err error
	switch {
	case !d.dirty:
	case d.files == 0 && d.id != rootDir:
		c.moved = true
		_, err = c.tx.ExecContext(c.ctx, `DELETE FROM dirs WHERE id = ?`, d.id)
	default:
		_, err = c.tx.ExecContext(c.ctx, `UPDATE dirs SET digest = ?, files = ?, bytes = ? WHERE id = ?`, d.digest[:], d.files, d.bytes, d.id)
	}
	return err
}

// rollback ends a change that is not to be.
func (c *change) rollback() { _ = c.tx.Rollback() }

func (d *dir) key() dirKey {
	if d.above == nil {
		return dirKey{0, d.name}
	}
	return dirKey{d.above.id, d.name}
}

// path is that of a name in a directory.
func (d *dir) path(name string) wire.Path {
	for ; d.above != nil; d = d.above {
		name = d.name + "/" + name
	}
	return wire.Path("/" + name)
}

// entry is what a directory adds to the digest of the one above it: nothing where it
// has no files.
func (d *dir) entry() wire.SyncDigest {
	if d.files == 0 {
		return wire.SyncDigest{}
	}
	e := wire.Entry{Name: wire.Path(d.name), Kind: wire.Directory, Sub: d.digest}
	return e.Digest()
}

// adjust takes what came into a directory, and what left it, into account, in it and all
// above it.
func (d *dir) adjust(came, left wire.SyncDigest, files, bytes int64) {
	for ; d != nil; d = d.above {
		was := d.entry()
		d.digest.Add(came)
		d.digest.Sub(left)
		d.files += files
		d.bytes += bytes
		d.dirty = true
		came, left = d.entry(), was
	}
}

// child returns a directory in d, nil if there is none.
func (c *change) child(d *dir, name string) (*dir, error) {
	key := dirKey{0, name}
	if d != nil {
		key.parent = d.id
	}
	if known, ok := c.dirs[key]; ok {
		return known, nil
	}
	below := &dir{above: d, name: name}
	var digest []byte
	err := c.getDir.QueryRowContext(c.ctx, key.parent, name).Scan(&below.id, &digest, &below.files, &below.bytes)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	copy(below.digest[:], digest)
	c.dirs[key] = below
	return below, nil
}

func (c *change) root() (*dir, error) { return c.child(nil, "") }

// dir returns the directory at a path, nil if there is none.
func (c *change) dir(p wire.Path) (*dir, error) {
	d, err := c.root()
	for _, name := range names(p) {
		if d == nil || err != nil {
			break
		}
		d, err = c.child(d, name)
	}
	return d, err
}

// make returns the directory at a path, and makes it where there is none.
func (c *change) make(p wire.Path) (*dir, error) {
	d, err := c.root()
	if err != nil {
		return nil, err
	}
	for _, name := range names(p) {
		below, err := c.child(d, name)
		if err != nil {
			return nil, err
		}
		if below == nil {
			made, err := c.tx.ExecContext(c.ctx, `INSERT INTO dirs (parent, name, digest, files, bytes) VALUES (?, ?, zeroblob(32), 0, 0)`, d.id, name)
			if err != nil {
				return nil, err
			}
			below = &dir{above: d, name: name, dirty: true}
			if below.id, err = made.LastInsertId(); err != nil {
				return nil, err
			}
			c.dirs[below.key()] = below
		}
		d = below
	}
	return d, nil
}

// file returns what is known of a file in a directory, which may be nil.
func (c *change) file(d *dir, name string) (r record, found bool, err error) {
	if d == nil {
		return r, false, nil
	}
	err = r.read(c.get.QueryRowContext(c.ctx, d.id, name))
	if errors.Is(err, sql.ErrNoRows) {
		return r, false, nil
	}
	return r, err == nil, err
}

// put writes down a file where there is none.
func (c *change) put(d *dir, name string, r record) error {
	if err := c.write(d, name, r); err != nil {
		return err
	}
	d.adjust(r.digest(name), wire.SyncDigest{}, 1, r.size)
	return nil
}

// replace writes down a file in place of another one.
func (c *change) replace(d *dir, name string, old, r record) error {
	if err := c.write(d, name, r); err != nil {
		return err
	}
	d.adjust(r.digest(name), old.digest(name), 0, r.size-old.size)
	return nil
}

func (c *change) write(d *dir, name string, r record) error {
	c.files = append(c.files, d.path(name))
	_, err := c.set.ExecContext(c.ctx, append([]any{d.id, name}, r.values()...)...)
	return err
}

// drop forgets a file, of which r is known.
func (c *change) drop(d *dir, name string, r record) error {
	c.files = append(c.files, d.path(name))
	if _, err := c.unset.ExecContext(c.ctx, d.id, name); err != nil {
		return err
	}
	d.adjust(wire.SyncDigest{}, r.digest(name), -1, -r.size)
	return nil
}

// move gives a directory another place, where no directory with files is.
func (c *change) move(d, above *dir, name string) error {
	c.moved = true
	to := dirKey{above.id, name}
	if _, err := c.tx.ExecContext(c.ctx, `DELETE FROM dirs WHERE parent = ? AND name = ?`, to.parent, to.name); err != nil {
		return err
	}
	if _, err := c.tx.ExecContext(c.ctx, `UPDATE dirs SET parent = ?, name = ? WHERE id = ?`, to.parent, to.name, d.id); err != nil {
		return err
	}
	d.above.adjust(wire.SyncDigest{}, d.entry(), -d.files, -d.bytes)
	delete(c.dirs, d.key())
	d.above, d.name = above, name
	c.dirs[to] = d
	above.adjust(d.entry(), wire.SyncDigest{}, d.files, d.bytes)
	return nil
}
