package catalogue

import (
	"context"
	"fmt"
	"io/fs"
	"slices"

	"github.com/jmoiron/sqlx"

	"mirrortracker/internal/distftp/vfs"
	"mirrortracker/internal/distftp/wire"
	"mirrortracker/internal/mirror"
)

// version finds a file by its number, as long as its content is of that version.
func (t *change) version(file, version uint64) (spot, error) {
	n, err := byID(t.ctx, t.tx, file)
	if err != nil {
		t.broken = err
		return spot{}, err
	}
	switch {
	case n == nil:
		return spot{}, errGone
	case n.Kind != fileKind || n.Version != version:
		return spot{}, vfs.ErrChanged
	}
	above, err := aboveOf(n, func(id uint64) (*node, error) {
		d, err := byID(t.ctx, t.tx, id)
		if err != nil {
			t.broken = err
		}
		return d, err
	})
	return spot{above: above, name: string(n.Name), node: n}, err
}

// maxDepth bounds how deep a node can be.
const maxDepth = wire.MaxPath / 2

// aboveOf returns the directories above a node, the root first.
func aboveOf(n *node, dir func(id uint64) (*node, error)) ([]*node, error) {
	var above []*node
	for id := n.Parent; id != rootID; {
		d, err := dir(id)
		if err != nil {
			return nil, err
		}
		if d == nil || len(above) > maxDepth {
			return nil, fmt.Errorf("the directory above %q: %w", n.Name, fs.ErrNotExist)
		}
		above = append(above, d)
		id = d.Parent
	}
	above = append(above, root)
	slices.Reverse(above)
	return above, nil
}

// AddCopy makes what a slave has prepared its copy of a file, also in place of one that it
// has, and returns the intent by which it is published. It returns [vfs.ErrChanged] or
// [fs.ErrNotExist] if the file is another now or gone. Sums that were not known of the
// file are from now on.
func (c *Catalogue) AddCopy(ctx context.Context, slave SlaveID, file uint64, ref wire.Ref, p wire.Prepared) (uint64, error) {
	var seq uint64
	err := c.change(ctx, "add copy", func(t *change) error {
		at, err := t.version(file, ref.Version)
		if err != nil {
			return err
		}
		if err := t.prepared(slave, p); err != nil {
			return err
		}
		if p.Size != at.node.Size || at.node.CRC32 != noSum && uint32(at.node.CRC32) != p.CRC32 {
			return fmt.Errorf("the copy differs from it: %w", vfs.ErrChanged)
		}
		if at.node.CRC32 == noSum {
			t.touch(at)
			if err := t.exec(`UPDATE ftp_nodes SET crc32 = ?, sha256 = ? WHERE id = ?`, int64(p.CRC32), notNil(p.SHA256), file); err != nil {
				return err
			}
		}
		holders, err := t.held(file)
		if err != nil {
			return err
		}
		if !slices.Contains(holders, slave) {
			if err := t.hold(slave, file); err != nil {
				return err
			}
		}
		seq = t.intend(slave, wire.Intent{
			Deed: wire.Publish, Path: wire.Path(at.path()), Op: p.Op, Version: at.node.Version, Size: at.node.Size, ModTime: at.node.modTime(),
		})
		return nil
	})
	return seq, err
}

// DropCopy has a slave remove its copy of a file, if at least as many others stay as said,
// and one at any rate. It reports whether that is so.
func (c *Catalogue) DropCopy(ctx context.Context, slave SlaveID, file, version uint64, least int) (bool, error) {
	var dropped bool
	err := c.change(ctx, "drop copy", func(t *change) error {
		dropped = false
		at, err := t.version(file, version)
		if err != nil {
			return err
		}
		holders, err := t.held(file)
		if err != nil || !slices.Contains(holders, slave) || len(holders)-1 < max(least, 1) {
			return err
		}
		dropped = true
		t.intend(slave, wire.Intent{Deed: wire.Remove, Path: wire.Path(at.path()), Version: version})
		return t.lose(slave, file)
	})
	return dropped, err
}

// LoseCopy notes that a slave does not have its copy of a file any more. The file stays,
// also if nobody has it now.
func (c *Catalogue) LoseCopy(ctx context.Context, slave SlaveID, file, version uint64) error {
	return c.change(ctx, "note a lost copy", func(t *change) error {
		at, err := t.version(file, version)
		if err != nil {
			return err
		}
		t.settle(file, at.path())
		return t.lose(slave, file)
	})
}

// lose takes away the note that a slave has a file.
func (t *change) lose(slave SlaveID, file uint64) error {
	t.files[file] = true
	return t.exec(`DELETE FROM ftp_copies WHERE slave = ? AND node = ?`, slave, file)
}

// Node returns a file by its number, or [fs.ErrNotExist].
func (c *Catalogue) Node(ctx context.Context, id uint64) (File, error) {
	found, err := c.files(ctx, `SELECT `+columns+` FROM ftp_nodes n WHERE n.id = ? AND n.kind = ?`, id, fileKind)
	if err == nil && len(found) == 0 {
		err = errGone
	}
	if err != nil {
		return File{}, err
	}
	return found[0], nil
}

// Held returns files that a slave has, in the order of their numbers: those above one, as
// many as there are and most says.
func (c *Catalogue) Held(ctx context.Context, slave SlaveID, after uint64, most int) ([]File, error) {
	return c.files(ctx, `
		SELECT `+columns+`
		FROM ftp_copies c JOIN ftp_nodes n ON n.id = c.node
		WHERE c.slave = ? AND c.node > ?
		ORDER BY c.node
		LIMIT ?`,
		slave, after, most)
}

// Files is Held, of all files, also those that nobody has.
func (c *Catalogue) Files(ctx context.Context, after uint64, most int) ([]File, error) {
	return c.files(ctx, `
		SELECT `+columns+`
		FROM ftp_nodes n
		WHERE n.id > ? AND n.kind = ?
		ORDER BY n.id
		LIMIT ?`,
		after, fileKind, most)
}

// files reads files with their paths and holders, all as of one moment.
func (c *Catalogue) files(ctx context.Context, query string, args ...any) ([]File, error) {
	var found []File
	err := c.db.Read(ctx, "read files", func(tx *sqlx.Tx) error {
		nodes, err := readNodes(ctx, tx, query, args...)
		if err != nil {
			return err
		}
		ids := make([]uint64, len(nodes))
		for i, n := range nodes {
			ids[i] = n.ID
		}
		holders, err := readHolders(ctx, tx, ids)
		if err != nil {
			return err
		}
		paths := pathsIn(ctx, tx)
		found = make([]File, len(nodes))
		for i, n := range nodes {
			p, err := paths(n)
			if err != nil {
				return err
			}
			found[i] = n.file(p, c.after(holders[n.ID]))
		}
		return nil
	})
	return found, err
}

func readNodes(ctx context.Context, tx *sqlx.Tx, query string, args ...any) ([]*node, error) {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var nodes []*node
	for rows.Next() {
		n := &node{}
		if err := rows.Scan(n.fields()...); err != nil {
			return nil, err
		}
		nodes = append(nodes, n)
	}
	return nodes, rows.Err()
}

// readHolders returns which slaves have each of the files.
func readHolders(ctx context.Context, tx *sqlx.Tx, files []uint64) (map[uint64][]SlaveID, error) {
	holders := map[uint64][]SlaveID{}
	for some := range slices.Chunk(files, 500) {
		args := make([]any, len(some))
		for i, id := range some {
			args[i] = id
		}
		var rows []struct {
			Node  uint64  `db:"node"`
			Slave SlaveID `db:"slave"`
		}
		err := tx.SelectContext(ctx, &rows, `SELECT node, slave FROM ftp_copies WHERE node IN `+tuples(1, len(args))+` ORDER BY node, slave`, args...)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			holders[r.Node] = append(holders[r.Node], r.Slave)
		}
	}
	return holders, nil
}

// pathsIn returns a function for the paths of nodes, which reads each directory once.
func pathsIn(ctx context.Context, tx *sqlx.Tx) func(*node) (mirror.Path, error) {
	known := map[uint64]mirror.Path{rootID: mirror.Root}
	var path func(n *node, depth int) (mirror.Path, error)
	path = func(n *node, depth int) (mirror.Path, error) {
		above, ok := known[n.Parent]
		if !ok {
			d, err := byID(ctx, tx, n.Parent)
			if err != nil {
				return "", err
			}
			if d == nil || depth > maxDepth {
				return "", fmt.Errorf("the directory above %q: %w", n.Name, fs.ErrNotExist)
			}
			if above, err = path(d, depth+1); err != nil {
				return "", err
			}
			known[n.Parent] = above
		}
		return above.Join(string(n.Name)), nil
	}
	return func(n *node) (mirror.Path, error) { return path(n, 0) }
}
