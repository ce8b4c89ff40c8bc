package catalogue

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"mirrortracker/internal/distftp/data"
	"mirrortracker/internal/distftp/vfs"
	"mirrortracker/internal/distftp/wire"
	"mirrortracker/internal/mirror"
)

// An Arrival is content that a slave has prepared, and that is to be a file's.
type Arrival struct {
	Path     mirror.Path
	Slave    SlaveID
	Prepared wire.Prepared
	Base     *wire.Ref // the content that it goes on from, which must still be the file's; nil: whatever is there is replaced
	Owner    string
	ModTime  time.Time // zero: now
}

// Committed is what became of it.
type Committed struct {
	File File
	Seq  uint64 // of the intent to publish it
}

// errOther says that something else than expected is to be replaced.
var errOther = errors.New("something else is to be replaced")

// Commit makes what a slave has prepared the content of a file, in place of a file or a
// link that is there, and charges for it as [data.Upload] says. If ctx has ended it changes
// nothing.
//
// Errors of the file system ([vfs.ErrChanged] and its like), ErrNoSlave, those of charge
// and of ctx mean that nothing was committed; of others that is not sure.
func (c *Catalogue) Commit(ctx context.Context, a Arrival, charge data.Charge) (Committed, error) {
	if charge == nil {
		return c.commitOver(ctx, a, nil)
	}
	var charged vfs.Usage
	for {
		at, err := c.names(ctx).free(a.Path)
		if err == nil {
			old := at.node.usage()
			grown := vfs.Usage{Bytes: a.Prepared.Size, Files: 1}.Less(old)
			more, less := vfs.Usage{Bytes: max(grown.Bytes, 0), Files: grown.Files}, vfs.Usage{Bytes: min(grown.Bytes, 0)}
			if err = charge(ctx, more.Less(charged)); err == nil {
				charged = more
				var done Committed
				done, err = c.commitOver(ctx, a, &old)
				if err == nil {
					return done, charge(ctx, less)
				}
				if errors.Is(err, errOther) {
					continue
				}
			}
		}
		return Committed{}, errors.Join(err, charge(context.WithoutCancel(ctx), charged.Negative()))
	}
}

// commitOver commits if what is replaced takes what is expected; nil: anything.
func (c *Catalogue) commitOver(ctx context.Context, a Arrival, expected *vfs.Usage) (Committed, error) {
	var done Committed
	err := c.change(ctx, "commit upload", func(t *change) (err error) {
		done, err = t.arrive(a, expected)
		return err
	})
	return done, err
}

func (t *change) arrive(a Arrival, expected *vfs.Usage) (Committed, error) {
	at, err := t.free(a.Path)
	if err != nil {
		return Committed{}, err
	}
	if err := t.prepared(a.Slave, a.Prepared); err != nil {
		return Committed{}, err
	}
	old := at.node
	switch {
	case old != nil && old.Kind == directoryKind:
		return Committed{}, fmt.Errorf("%s: %w", a.Path, vfs.ErrNotRegular)
	case a.Base != nil && (old == nil || old.Kind != fileKind || old.Version != a.Base.Version):
		return Committed{}, fmt.Errorf("%s: %w", a.Path, vfs.ErrChanged)
	case expected != nil && old.usage() != *expected:
		return Committed{}, errOther
	}
	now := a.ModTime
	if now.IsZero() {
		now = time.Now()
	}
	n := node{
		Parent: at.dir().ID, Name: []byte(at.name), Kind: fileKind, Size: a.Prepared.Size, ModTime: now.UnixNano(), Mode: newFile,
		Owner: cmp.Or(a.Owner, group), Version: t.next(), CRC32: int64(a.Prepared.CRC32), SHA256: a.Prepared.SHA256,
	}
	var others []SlaveID
	if old == nil {
		n.ID = t.next()
	} else {
		n.ID = old.ID
		if old.Kind == fileKind {
			n.Mode = old.Mode
		}
		if others, err = t.drop(at); err != nil {
			return Committed{}, err
		}
	}
	if err := t.insert(at, n); err != nil {
		return Committed{}, err
	}
	if err := t.hold(a.Slave, n.ID); err != nil {
		return Committed{}, err
	}
	path := wire.Path(at.path())
	for _, slave := range slices.DeleteFunc(slices.Clone(others), func(s SlaveID) bool { return s == a.Slave }) {
		t.intend(slave, wire.Intent{Deed: wire.Remove, Path: path, Version: old.Version})
	}
	seq := t.intend(a.Slave, wire.Intent{Deed: wire.Publish, Path: path, Op: a.Prepared.Op, Version: n.Version, Size: n.Size, ModTime: now})
	t.settle(n.ID, at.path())
	return Committed{File: n.file(at.path(), []Holder{{a.Slave, seq}}), Seq: seq}, nil
}

// prepared reports why what a slave has prepared may not be there any more.
func (t *change) prepared(slave SlaveID, p wire.Prepared) error {
	if _, there := t.last[slave]; !there {
		return ErrNoSlave
	}
	if p.Op < t.c.id.Load() {
		return ErrFenced
	}
	return nil
}

// hold notes that a slave has a file.
func (t *change) hold(slave SlaveID, file uint64) error {
	t.files[file] = true
	return t.exec(`INSERT INTO ftp_copies (slave, node) VALUES (?, ?)`, slave, file)
}

// ops are operation numbers that this master may use.
type ops struct {
	mu         sync.Mutex
	next, past uint64      // what is left of the last block
	drawn      [][2]uint64 // blocks: first and past
	busy       map[uint64]bool
}

// opBlock is how many numbers are taken at once.
const opBlock = 4096

// giveUp drops what is left of the last block.
func (o *ops) giveUp() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.next = o.past
}

// Op returns a number for an operation, which is never used again, and which is under way
// until [Catalogue.Done].
func (c *Catalogue) Op(ctx context.Context) (uint64, error) {
	c.ops.mu.Lock()
	defer c.ops.mu.Unlock()
	if c.ops.next == c.ops.past {
		var first uint64
		err := c.change(ctx, "take operation numbers", func(t *change) error {
			first = t.tick + 1
			t.tick += opBlock
			return nil
		})
		if err != nil {
			return 0, err
		}
		c.ops.next, c.ops.past = first, first+opBlock
		if last := len(c.ops.drawn) - 1; last >= 0 && c.ops.drawn[last][1] == first {
			c.ops.drawn[last][1] = c.ops.past
		} else {
			c.ops.drawn = append(c.ops.drawn, [2]uint64{first, c.ops.past})
		}
	}
	op := c.ops.next
	c.ops.next++
	c.ops.busy[op] = true
	return op, nil
}

// Done says that an operation was committed, or given up.
func (c *Catalogue) Done(op uint64) {
	c.ops.mu.Lock()
	defer c.ops.mu.Unlock()
	delete(c.ops.busy, op)
}

// Idle reports whether an operation number is one of this master's that is not under way.
func (c *Catalogue) Idle(op uint64) bool {
	c.ops.mu.Lock()
	defer c.ops.mu.Unlock()
	drawn := slices.ContainsFunc(c.ops.drawn, func(b [2]uint64) bool { return b[0] <= op && op < b[1] })
	return drawn && !c.ops.busy[op]
}
