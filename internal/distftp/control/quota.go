package control

import (
	"context"

	"mirrortracker/internal/distftp/data"
	"mirrortracker/internal/distftp/vfs"
	"mirrortracker/internal/mirror"
)

// A Quota is what one user may store. It may be used by several sessions at a time.
type Quota interface {
	// Left returns how much more that is, [math.MaxInt64] where there is no limit; never
	// less than nothing.
	Left(ctx context.Context) (vfs.Usage, error)
	// Charge counts files that are stored or, with numbers below zero, that are gone. It
	// fails with [vfs.ErrQuota], and counts nothing, if more would be stored than may be.
	Charge(ctx context.Context, u vfs.Usage) error
}

// quota returns what an upload may take that replaces what is there now but for its
// first keep bytes; nil if there is no quota. It fails with [vfs.ErrQuota] if there is no
// room for one more file.
func (s *session) quota(old vfs.Entry, keep int64) (*data.Quota, error) {
	if s.account.Quota == nil {
		return nil, nil
	}
	left, err := s.account.Quota.Left(s.ctx)
	if err != nil {
		return nil, err
	}
	replaces := old.Name != "" && old.Kind == vfs.File
	if !replaces && left.Files == 0 {
		return nil, vfs.ErrQuota
	}
	q := &data.Quota{Left: left.Bytes, Taken: s.place.taken, Charge: s.charge()}
	if replaces && keep != data.KeepAll {
		q.Spare = max(old.Size-keep, 0)
	}
	return q, nil
}

// charge returns what charges the user, nil if there is no quota. It may be called by
// the goroutine of a transfer.
func (s *session) charge() data.Charge {
	quota := s.account.Quota
	if quota == nil {
		return nil
	}
	return func(ctx context.Context, u vfs.Usage) error {
		if u.Bytes > 0 || u.Files > 0 {
			return quota.Charge(ctx, u)
		}
		s.giveBack(u.Negative())
		return nil
	}
}

// giveBack tells the user's quota what is gone. What cannot be told counts on, which
// the log has.
func (s *session) giveBack(freed vfs.Usage) {
	if s.account.Quota == nil || freed == (vfs.Usage{}) {
		return
	}
	// The files are gone, whatever becomes of the session.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.ctx), s.DataTimeout)
	defer cancel()
	if err := s.account.Quota.Charge(ctx, freed.Negative()); err != nil {
		s.log.Error("deleted files still count against the quota", "user", s.account.Name, "bytes", freed.Bytes, "files", freed.Files, "err", err)
	}
}

// room returns how many bytes can still be stored in a directory: what is free on its
// disk, or what is left of the quota and no upload under way has taken, if that is less.
func (s *session) room(w Writer, p mirror.Path) (int64, error) {
	free, err := w.Free(s.ctx, p)
	if err != nil || s.account.Quota == nil {
		return free, err
	}
	left, err := s.account.Quota.Left(s.ctx)
	if left.Files == 0 {
		left.Bytes = 0
	}
	return min(free, max(left.Bytes-s.place.taken.Load(), 0)), err
}
