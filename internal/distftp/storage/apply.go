package storage

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"mirrortracker/internal/distftp/wire"
)

// maxBatch is how many intents are one transaction at most: enough to make what is synced
// for all of them cheap for each, few enough that others do not wait long.
const maxBatch = 256

// Apply applies intents in order, passing over those that it has applied before, and returns
// the last that is applied and lasts. It stops where the disk fails.
//
// An intent to publish or adopt what is not there can never be done: it counts as applied, and
// what it was to bring about is told as damage.
func (s *Storage) Apply(ctx context.Context, intents []wire.Intent) (uint64, error) {
	s.applying.Lock()
	defer s.applying.Unlock()
	for {
		applied := s.applied.Load()
		for len(intents) > 0 && intents[0].Seq <= applied {
			intents = intents[1:]
		}
		if len(intents) == 0 {
			return applied, nil
		}
		if prev := intents[0].Prev; prev > applied {
			return applied, &wire.Failure{Reason: wire.Behind, Text: fmt.Sprintf("intent %d comes after %d, the last was %d", intents[0].Seq, prev, applied), Applied: applied}
		}
		if err := ctx.Err(); err != nil {
			return applied, err
		}
		if err := s.applyBatch(ctx, independent(intents)); err != nil {
			return s.applied.Load(), err
		}
	}
}

// independent returns the first intents that may be done in any order, in part, and again:
// none touches what another one does, or what is above or below that.
func independent(intents []wire.Intent) []wire.Intent {
	touched, above := map[wire.Path]bool{}, map[wire.Path]bool{}
	for i, in := range intents {
		if i > 0 && (i == maxBatch || in.Prev > intents[i-1].Seq || in.Seq <= intents[i-1].Seq) {
			return intents[:i]
		}
		paths := []wire.Path{in.Path, in.To}
		for _, p := range paths {
			if above[p] || slices.ContainsFunc(lineage(p), func(p wire.Path) bool { return touched[p] }) {
				return intents[:i]
			}
		}
		for _, p := range paths {
			touched[p] = p != ""
			for _, p := range lineage(p) {
				above[p] = true
			}
		}
	}
	return intents
}

// lineage returns a path and the directories above it, but for the root.
func lineage(p wire.Path) (all []wire.Path) {
	if p.Check() != nil {
		return nil
	}
	for ; p != "/"; p = parent(p) {
		all = append(all, p)
	}
	return all
}

// applyBatch applies intents as one transaction, or as many of them as the disk lets.
func (s *Storage) applyBatch(ctx context.Context, intents []wire.Intent) error {
	b, err := s.begin(ctx)
	if err != nil {
		return s.notWritten(err)
	}
	defer b.rollback()
	if err := s.unsettle(intents[len(intents)-1].Seq); err != nil {
		return s.notWritten(err)
	}
	var failed error
	applied := s.applied.Load()
	for _, in := range intents {
		if failed = b.apply(in); failed != nil {
			failed = fmt.Errorf("%s %s: %w", in.Deed, in.Path, failed)
			break
		}
		applied = in.Seq
	}
	if err := b.commit(applied); err != nil {
		return s.notWritten(err)
	}
	if failed != nil && !errors.Is(failed, errAgain) {
		return s.notWritten(failed)
	}
	return nil
}

// A batch is a change of the disk and of the index together.
type batch struct {
	storage *Storage
	*change
	stale     map[place]bool // directories and files to be synced
	emptied   []place        // directories that may be empty now
	published []*prepared    // whose own names are not needed any more
	dropped   []kept         // damaged content that is not
}

// A place is what has a path in a folder.
type place struct {
	folder *folder
	path   wire.Path
}

// begin begins a batch. The caller holds applying.
func (s *Storage) begin(ctx context.Context) (*batch, error) {
	c, err := s.index.begin(ctx)
	if err != nil {
		return nil, err
	}
	return &batch{storage: s, change: c, stale: map[place]bool{}}, nil
}

// commit puts everything on the disk: the folders' names first, and then the index.
func (b *batch) commit(applied uint64) error {
	s := b.storage
	if err := b.sync(); err != nil {
		return err
	}
	if _, err := b.tx.ExecContext(b.ctx, `UPDATE storage SET applied = ?`, int64(applied)); err != nil {
		return err
	}
	if err := b.change.commit(); err != nil {
		return err
	}
	s.applied.Store(applied)
	s.changed.tell()
	for _, p := range b.published {
		if err := s.forget(p); err != nil {
			s.config.Log.Warn("prepared content was published, but keeps its own name too", "err", err)
		}
	}
	for _, at := range b.emptied {
		at.tidy()
	}
	for _, k := range b.dropped {
		s.discard(k)
	}
	return nil
}

// sync puts what was done to the folders on the disk: all at the same time, as file systems
// write that once for all who wait for it.
func (b *batch) sync() error {
	var all errgroup.Group
	all.SetLimit(16)
	for at := range b.stale {
		all.Go(func() error {
			if err := syncName(at.folder.root, inside(at.path)); err != nil {
				return fmt.Errorf("sync %s in %s: %w", at.path, at.folder.path, err)
			}
			return nil
		})
	}
	if err := all.Wait(); err != nil {
		return err
	}
	clear(b.stale)
	return nil
}

func (b *batch) apply(in wire.Intent) error {
	if reserved(in.Path) || in.Path == "/" || in.Deed == wire.Rename && (reserved(in.To) || in.To == "/") {
		b.storage.config.Log.Error("the master wants to change what no file can be", "deed", in.Deed, "path", in.Path, "to", in.To)
		return b.missing(in, "no file can have this path on a slave")
	}
	switch in.Deed {
	case wire.Publish:
		return b.publish(in)
	case wire.Remove:
		return b.remove(in)
	case wire.Rename:
		return b.rename(in)
	case wire.RemoveDir:
		return b.removeDir(in.Path)
	case wire.Adopt:
		return b.adopt(in)
	}
	// A newer master's deed: to pass over it would be to lose it.
	return &wire.Failure{Reason: wire.Invalid, Text: fmt.Sprintf("deed %q is not known", in.Deed)}
}

// make makes a directory in the index. Files that came from elsewhere and are in its place,
// or in that of one above it, are moved aside.
func (b *batch) make(p wire.Path) (*dir, error) {
	d, err := b.dir(p)
	if d != nil || err != nil {
		return d, err
	}
	for _, p := range slices.Backward(lineage(p)) {
		d, err := b.dir(p)
		if err == nil && d == nil {
			_, _, err = b.moveAside(p, true)
		}
		if err != nil {
			return nil, err
		}
	}
	return b.change.make(p)
}

// missing tells that what an intent was to bring about is not there.
func (b *batch) missing(in wire.Intent, story string) error {
	if in.Deed != wire.Publish && in.Deed != wire.Adopt {
		return nil
	}
	return b.damage(wire.Damage{Ref: wire.Ref{Path: in.Path, Version: in.Version, Size: in.Size}, Fault: wire.Missing, Text: story}, kept{})
}
