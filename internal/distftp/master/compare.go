package master

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"mirrortracker/internal/distftp/catalogue"
	"mirrortracker/internal/distftp/wire"
	"mirrortracker/internal/mirror"
)

// rounds is how often a slave is compared from the root down before it is left at that:
// what changes meanwhile can look like a difference.
const rounds = 4

// compare finds out where a slave's names are not those that the database gives it, and has
// both agree, until ctx ends. What goes wrong is tried again.
func (m *Master) compare(ctx context.Context, s *slave) {
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		began := time.Now()
		found, err := m.agree(ctx, s)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			s.agreed.Store(true)
			m.record(ctx, s)
			m.Log.Info("slave was compared", "slave", s.name, "adopted", found.Adopted, "copies", found.Copies, "collided", found.Collided,
				"removed", found.Removed, "missing", found.Missing, "took", time.Since(began).Round(time.Millisecond).String())
			return
		}
		m.Log.Warn("slave cannot be compared", "slave", s.name, "err", err, "again_in", pause.String())
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return
		}
	}
}

// agree goes down from the root until nothing differs, but not for ever.
func (m *Master) agree(ctx context.Context, s *slave) (total catalogue.Reconciled, err error) {
	for range rounds {
		found, differ, err := m.descend(ctx, s)
		total = plus(total, found)
		if err != nil {
			return total, err
		}
		if differ == 0 {
			break
		}
		if err := m.catchUp(ctx, s); err != nil {
			return total, err
		}
	}
	return total, nil
}

// descend compares once from the root down, and returns how many directories differed.
func (m *Master) descend(ctx context.Context, s *slave) (total catalogue.Reconciled, differ int, err error) {
	side, err := m.Catalogue.Side(ctx, s.id)
	if err != nil {
		return total, 0, err
	}
	state, err := s.State(ctx)
	if err != nil || state.Digest == side.Root() {
		return total, 0, err
	}
	for todo := []mirror.Path{mirror.Root}; len(todo) > 0; {
		dir := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		found, list, err := m.reconcile(ctx, s, dir)
		total, differ = plus(total, found), differ+1
		if err != nil {
			return total, differ, fmt.Errorf("compare %s: %w", dir, err)
		}
		ours := side.Below(dir)
		for _, e := range list {
			if e.Kind == wire.Directory {
				if ours[string(e.Name)] != e.Sub {
					todo = append(todo, dir.Join(string(e.Name)))
				}
				delete(ours, string(e.Name))
			}
		}
		for name := range ours {
			todo = append(todo, dir.Join(name)) // nothing of it is left
		}
	}
	return total, differ, nil
}

// reconcile has database and slave agree about one directory, and returns what the slave has
// there.
func (m *Master) reconcile(ctx context.Context, s *slave, dir mirror.Path) (found catalogue.Reconciled, list []wire.Entry, err error) {
	sums := map[wire.Path]*wire.Sums{} // that were asked for
	for range rounds {
		applied := s.applied.last()
		list = list[:0]
		for e, err := range s.Directory(ctx, wire.Path(dir), false) {
			if err != nil {
				return found, nil, err
			}
			if e.Sums == nil && e.Version == 0 {
				e.Sums = sums[e.Name]
			}
			list = append(list, e)
		}
		var some catalogue.Reconciled
		some, err = m.Catalogue.Reconcile(ctx, s.id, dir, applied, list)
		found = plus(found, some)
		if err == nil && len(some.Unsummed) == 0 || err != nil && !errors.Is(err, catalogue.ErrPending) {
			return found, list, err
		}
		if err := m.sum(ctx, s, dir, list, some.Unsummed, sums); err != nil {
			return found, nil, err
		}
		if err := m.catchUp(ctx, s); err != nil {
			return found, nil, err
		}
	}
	return found, list, err
}

// sum has the slave compute the checksums of files of its own, so that they can be told
// from those that others have.
func (m *Master) sum(ctx context.Context, s *slave, dir mirror.Path, list []wire.Entry, names []string, sums map[wire.Path]*wire.Sums) error {
	for _, e := range list {
		if !slices.Contains(names, string(e.Name)) {
			continue
		}
		ref := wire.Ref{Path: wire.Path(dir.Join(string(e.Name))), Size: e.Size}
		crc, err := s.Checksum(ctx, wire.Checksum{Ref: ref, After: s.applied.last(), Algorithm: "CRC32"})
		if err == nil && len(crc) != 4 {
			err = fmt.Errorf("a CRC-32 of %d bytes", len(crc))
		}
		if err != nil {
			return fmt.Errorf("checksum of %s: %w", ref.Path, err)
		}
		sums[e.Name] = &wire.Sums{CRC32: binary.BigEndian.Uint32(crc)}
	}
	return nil
}

func plus(a, b catalogue.Reconciled) catalogue.Reconciled {
	return catalogue.Reconciled{
		Adopted: a.Adopted + b.Adopted, Copies: a.Copies + b.Copies, Collided: a.Collided + b.Collided,
		Removed: a.Removed + b.Removed, Missing: a.Missing + b.Missing,
	}
}
