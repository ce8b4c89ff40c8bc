package catalogue

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jmoiron/sqlx"

	"mirrortracker/internal/distftp/vfs"
	"mirrortracker/internal/mirror"
)

// lookUp reads a name; nil if there is none.
func lookUp(ctx context.Context, q sqlx.QueryerContext, parent uint64, name string) (*node, error) {
	return one(ctx, q, `SELECT `+columns+` FROM ftp_nodes n WHERE n.parent = ? AND n.name = ?`, parent, []byte(name))
}

// byID reads a node by its number; nil if there is none.
func byID(ctx context.Context, q sqlx.QueryerContext, id uint64) (*node, error) {
	return one(ctx, q, `SELECT `+columns+` FROM ftp_nodes n WHERE n.id = ?`, id)
}

func one(ctx context.Context, q sqlx.QueryerContext, query string, args ...any) (*node, error) {
	n := &node{}
	err := q.QueryRowxContext(ctx, query, args...).Scan(n.fields()...)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return n, nil
}

// names looks names up, in memory or in the database.
func (c *Catalogue) names(ctx context.Context) look {
	return func(parent uint64, name string) (*node, error) {
		key := nodeKey{parent, name}
		n, stamp, ok := c.nodes.get(key)
		if ok {
			return n, nil
		}
		n, err := lookUp(ctx, c.db.Reader(), parent, name)
		if err != nil {
			return nil, fmt.Errorf("look up a name: %w", err)
		}
		c.nodes.keep(key, n, stamp)
		return n, nil
	}
}

// held returns which slaves have a file.
func (c *Catalogue) held(ctx context.Context, file uint64) ([]SlaveID, error) {
	slaves, stamp, ok := c.holders.get(file)
	if ok {
		return slaves, nil
	}
	err := c.db.Reader().SelectContext(ctx, &slaves, `SELECT slave FROM ftp_copies WHERE node = ? ORDER BY slave`, file)
	if err != nil {
		return nil, fmt.Errorf("look up who has a file: %w", err)
	}
	c.holders.keep(file, slaves, stamp)
	return slaves, nil
}

// Lstat implements [mirrortracker/internal/distftp/control.FS].
func (c *Catalogue) Lstat(ctx context.Context, p mirror.Path) (vfs.Entry, error) {
	return c.stat(ctx, p, false)
}

// Stat implements [mirrortracker/internal/distftp/control.FS].
func (c *Catalogue) Stat(ctx context.Context, p mirror.Path) (vfs.Entry, error) {
	return c.stat(ctx, p, true)
}

func (c *Catalogue) stat(ctx context.Context, p mirror.Path, follow bool) (vfs.Entry, error) {
	at, err := c.names(ctx).find(p, follow)
	if err != nil {
		return vfs.Entry{}, err
	}
	return at.node.entry(), nil
}

// OpenDir implements [mirrortracker/internal/distftp/control.FS].
func (c *Catalogue) OpenDir(ctx context.Context, p mirror.Path) (vfs.Dir, error) {
	at, err := c.names(ctx).find(p, true)
	if err != nil {
		return nil, err
	}
	if at.node.Kind != directoryKind {
		return nil, fmt.Errorf("%s: %w", p, vfs.ErrNotDir)
	}
	return openDir(ctx, c.db.Reader(), at.node.ID), nil
}
