package catalogue

import (
	"context"
	"fmt"
	"time"

	"mirrortracker/internal/distftp/vfs"
	"mirrortracker/internal/distftp/wire"
	"mirrortracker/internal/mirror"
)

// A Holder is a slave that has a file's content.
type Holder struct {
	Slave SlaveID
	After uint64 // the intent that it must have applied to have it under its path
}

// A File is a plain file, and where its content is.
type File struct {
	Node    uint64
	Ref     wire.Ref // its path has no links
	Sums    wire.Sums
	Summed  bool // the sums are known
	ModTime time.Time
	Owner   string
	Holders []Holder
}

// A Target is where an upload goes.
type Target struct {
	Path mirror.Path // links in the directories above resolved
	Old  *File       // what it replaces, if that is a file
}

// File returns the plain file that p leads to.
func (c *Catalogue) File(ctx context.Context, p mirror.Path) (File, error) {
	at, err := c.names(ctx).find(p, true)
	if err != nil {
		return File{}, err
	}
	if at.node.Kind != fileKind {
		return File{}, fmt.Errorf("%s: %w", p, vfs.ErrNotRegular)
	}
	return c.file(ctx, at)
}

func (c *Catalogue) file(ctx context.Context, at spot) (File, error) {
	slaves, err := c.held(ctx, at.node.ID)
	if err != nil {
		return File{}, err
	}
	return at.node.file(at.path(), c.after(slaves)), nil
}

// after adds how far each slave must have come. What is kept in memory is not newer than
// that.
func (c *Catalogue) after(slaves []SlaveID) []Holder {
	holders := make([]Holder, len(slaves))
	for i, slave := range slaves {
		holders[i] = Holder{slave, c.Last(slave)}
	}
	return holders
}

// Target returns where an upload to p would go.
func (c *Catalogue) Target(ctx context.Context, p mirror.Path) (Target, error) {
	at, err := c.names(ctx).free(p)
	if err != nil {
		return Target{}, err
	}
	t := Target{Path: at.path()}
	switch {
	case at.node == nil || at.node.Kind == linkKind:
		return t, nil
	case at.node.Kind == directoryKind:
		return t, fmt.Errorf("%s: %w", p, vfs.ErrNotRegular)
	}
	old, err := c.file(ctx, at)
	t.Old = &old
	return t, err
}
