package storage

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"mirrortracker/internal/distftp/wire"
)

// maxTold is how much damage is told at a time.
const maxTold = 100

// kept is damaged content, which is kept in case that there is no other.
type kept struct {
	folder int
	name   string // in damagedDir; empty: nothing is kept
}

// damage writes down that a file is not what was received.
func (b *batch) damage(d wire.Damage, k kept) error {
	b.storage.config.Log.Error("a file is damaged", "path", d.Ref.Path, "version", d.Ref.Version, "fault", d.Fault, "err", d.Text)
	_, err := b.tx.ExecContext(b.ctx, `INSERT INTO damaged (path, version, size, fault, story, folder, kept) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		string(d.Ref.Path), int64(d.Ref.Version), d.Ref.Size, string(d.Fault), d.Text, k.folder, k.name)
	return err
}

// mended forgets the damage of a path up to a version: there is better content now, or the
// master wants none.
func (b *batch) mended(p wire.Path, version uint64) error {
	rows, err := b.tx.QueryContext(b.ctx, `SELECT folder, kept FROM damaged WHERE path = ? AND version <= ?`, string(p), int64(version))
	if err != nil {
		return err
	}
	defer rows.Close()
	found := false
	for rows.Next() {
		var k kept
		if err := rows.Scan(&k.folder, &k.name); err != nil {
			return err
		}
		found = true
		if k.name != "" {
			b.dropped = append(b.dropped, k)
		}
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil || !found {
		return err
	}
	_, err = b.tx.ExecContext(b.ctx, `DELETE FROM damaged WHERE path = ? AND version <= ?`, string(p), int64(version))
	return err
}

// discard removes damaged content.
func (s *Storage) discard(k kept) {
	err := s.folders[k.folder].root.Remove(damagedDir + "/" + k.name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.config.Log.Warn("damaged content could not be removed", "err", err)
	}
}

// Damaged tells what is damaged, at most 100 files at a time: those that were found after a
// number, and the number to go on with. Damage is told until the file is published again, or
// removed.
func (s *Storage) Damaged(ctx context.Context, after int64) (found []wire.Damage, next int64, err error) {
	rows, err := s.index.ro.QueryContext(ctx, `SELECT id, path, version, size, fault, story FROM damaged WHERE id > ? ORDER BY id LIMIT ?`, after, maxTold)
	if err != nil {
		return nil, after, failure(wire.ReadError, err)
	}
	defer rows.Close()
	for next = after; rows.Next(); {
		var d wire.Damage
		var path, fault string
		var version int64
		if err := rows.Scan(&next, &path, &version, &d.Ref.Size, &fault, &d.Text); err != nil {
			return nil, after, failure(wire.ReadError, err)
		}
		d.Ref.Path, d.Ref.Version, d.Fault = wire.Path(path), uint64(version), wire.Fault(fault)
		found = append(found, d)
	}
	if err := rows.Err(); err != nil {
		return nil, after, failure(wire.ReadError, err)
	}
	return found, next, nil
}

// quarantine moves damaged content out of the way.
func (b *batch) quarantine(p wire.Path, r record) (kept, error) {
	f := b.storage.folders[r.folder]
	k := kept{r.folder, fmt.Sprintf("%d-%d", r.version, r.inode)}
	err := f.root.Rename(inside(p), damagedDir+"/"+k.name)
	if errors.Is(err, fs.ErrNotExist) {
		return kept{}, nil
	}
	if err != nil {
		return kept{}, err
	}
	b.stale[place{f, "/" + damagedDir}] = true
	return k, b.left(f, p)
}
