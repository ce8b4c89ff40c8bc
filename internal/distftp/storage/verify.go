package storage

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
	"golang.org/x/time/rate"

	"mirrortracker/internal/distftp/wire"
)

const (
	verifyStep  = 256 << 10      // bytes that are read at once
	verifyPage  = 100            // files that are looked up at once
	verifyRound = 24 * time.Hour // how long a round takes at least
	scanPause   = time.Second    // between slices of a scan
)

// Run verifies what is at rest until ctx ends: at once what seems to have been changed by
// somebody else, and everything else one after the other, slowly, once a day at most. Each
// round begins with a scan. Where no checksum is known it learns it.
func (s *Storage) Run(ctx context.Context) error {
	var both sync.WaitGroup
	both.Go(func() { s.checkSuspects(ctx) })
	if s.config.Verify > 0 {
		v := &verifier{s, rate.NewLimiter(rate.Limit(s.config.Verify), verifyStep)}
		both.Go(func() { v.run(ctx) })
	}
	both.Wait()
	return nil
}

func (s *Storage) checkSuspects(ctx context.Context) {
	for {
		select {
		case p := <-s.suspects:
			if err := s.checkOne(ctx, p); err != nil && ctx.Err() == nil {
				s.config.Log.Error("a file that seems changed could not be verified", "path", p, "err", err)
			}
		case <-ctx.Done():
			return
		}
	}
}

// suspect has a file checked soon, unless too many are waiting.
func (s *Storage) suspect(p wire.Path) {
	select {
	case s.suspects <- p:
	default:
	}
}

// checkOne compares one file with the index.
func (s *Storage) checkOne(ctx context.Context, p wire.Path) error {
	return s.amend(ctx, func(b *batch) error {
		above, name := split(p)
		d, err := b.dir(above)
		if err != nil {
			return err
		}
		r, known, err := b.file(d, name)
		if err != nil || !known {
			return err
		}
		var on []found
		for _, f := range s.folders {
			info, err := f.look(p)
			if err != nil {
				return err
			}
			if info != nil && info.Mode().IsRegular() && f.readable(p, info) {
				on = append(on, found{f.Folder, factsOf(info)})
			}
		}
		return (&scan{storage: s}).compare(b, d, p, r, on)
	})
}

// A verifier reads all files, one after the other.
type verifier struct {
	storage *Storage
	limiter *rate.Limiter
}

func (v *verifier) run(ctx context.Context) {
	for ctx.Err() == nil {
		pause, err := v.next(ctx)
		if err != nil && ctx.Err() == nil {
			v.storage.config.Log.Error("files at rest could not be verified", "err", err)
			pause = time.Minute
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
	}
}

// next verifies some files, and returns how long to wait before the next ones.
func (v *verifier) next(ctx context.Context) (pause time.Duration, err error) {
	s := v.storage
	at, err := s.index.verifyPosition(ctx)
	if err != nil {
		return 0, err
	}
	if at == (position{}) {
		at.begun = time.Now().Unix()
		found, err := s.scan(ctx, "/", scanPause)
		if err != nil {
			return 0, err
		}
		if found.New+found.Missing+found.Changed > 0 {
			s.config.Log.Warn("the disks are not as they were left", "new", found.New, "missing", found.Missing, "changed", found.Changed)
		}
	}
	page, err := s.index.filesAfter(ctx, at)
	if err != nil {
		return 0, err
	}
	if len(page) == 0 {
		if left := time.Until(time.Unix(at.begun, 0).Add(verifyRound)); left > 0 {
			return min(left, time.Hour), nil // files may come
		}
		return 0, s.setVerifyPosition(ctx, position{})
	}
	var learnt []learned
	for _, f := range page {
		l, err := v.verify(ctx, f)
		if err != nil {
			return 0, err
		}
		if l != nil {
			learnt = append(learnt, *l)
		}
		at.dir, at.name = f.dir, f.name
	}
	return 0, errors.Join(s.learn(ctx, learnt), s.setVerifyPosition(ctx, at))
}

// A position is how far a round of verification has come.
type position struct {
	dir   int64
	name  string
	begun int64 // Unix seconds
}

func (ix *index) verifyPosition(ctx context.Context) (at position, err error) {
	err = ix.ro.QueryRowContext(ctx, `SELECT verify_dir, verify_name, verify_begun FROM storage`).Scan(&at.dir, &at.name, &at.begun)
	return at, err
}

func (s *Storage) setVerifyPosition(ctx context.Context, at position) error {
	s.applying.Lock()
	defer s.applying.Unlock()
	_, err := s.index.rw.ExecContext(ctx, `UPDATE storage SET verify_dir = ?, verify_name = ?, verify_begun = ?`, at.dir, at.name, at.begun)
	return err
}

// A resting file is one to be verified.
type resting struct {
	dir  int64
	name string
	record
}

func (ix *index) filesAfter(ctx context.Context, at position) (page []resting, err error) {
	rows, err := ix.ro.QueryContext(ctx, `SELECT dir, name, `+fileColumns+` FROM files WHERE (dir, name) > (?, ?) ORDER BY dir, name LIMIT ?`,
		at.dir, at.name, verifyPage)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var f resting
		if err := f.read(rows, &f.dir, &f.name); err != nil {
			return nil, err
		}
		page = append(page, f)
	}
	return page, rows.Err()
}

// path finds the path of a directory's row, "" if it is gone.
func (ix *index) path(ctx context.Context, id int64) (wire.Path, error) {
	var p wire.Path
	for id != rootDir {
		var name string
		err := ix.ro.QueryRowContext(ctx, `SELECT parent, name FROM dirs WHERE id = ?`, id).Scan(&id, &name)
		if errors.Is(err, sql.ErrNoRows) {
			return "", nil
		}
		if err != nil {
			return "", err
		}
		p = "/" + wire.Path(name) + p
	}
	return max(p, "/"), nil
}

// A learned file has checksums that were not known.
type learned struct {
	path wire.Path
	record
	sums wire.Sums
}

// verify reads a file, and returns its checksums if they were not known. What has changed
// since it was looked up is left to the next round.
func (v *verifier) verify(ctx context.Context, f resting) (*learned, error) {
	s := v.storage
	above, err := s.index.path(ctx, f.dir)
	if above == "" || err != nil {
		return nil, err
	}
	p := join(above, f.name)
	file, r, err := s.open(ctx, wire.Ref{Path: p, Version: f.version, Size: f.size})
	if err != nil {
		if _, isFailure := errors.AsType[*wire.Failure](err); isFailure {
			return nil, nil // if it is damaged, it is a suspect now
		}
		return nil, err
	}
	defer file.Close()
	sums, n, err := sumUp(limited{ctx, file, v.limiter}, s.config.SHA256 || r.sums != nil && r.sums.SHA256 != nil)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	_ = unix.Fadvise(int(file.Fd()), 0, 0, unix.FADV_DONTNEED) // what clients read is to stay in memory
	switch {
	case err != nil:
		return nil, s.condemn(ctx, p, r, wire.Unreadable, err.Error())
	case n != r.size:
		s.suspect(p)
		return nil, nil
	case r.sums == nil || sums.SHA256 != nil && r.sums.SHA256 == nil && agree(sums, *r.sums):
		return &learned{p, r, sums}, nil
	case !agree(sums, *r.sums):
		return nil, s.condemn(ctx, p, r, wire.Rotten, fmt.Sprintf("its CRC-32 is %08x, and was %08x", sums.CRC32, r.sums.CRC32))
	}
	return nil, nil
}

// limited reads at a rate.
type limited struct {
	ctx     context.Context
	file    *os.File
	limiter *rate.Limiter
}

func (l limited) Read(b []byte) (int, error) {
	n, err := l.file.Read(b[:min(len(b), verifyStep)])
	if n > 0 {
		if err := l.limiter.WaitN(l.ctx, n); err != nil {
			return n, err
		}
	}
	return n, err
}

// sumUp reads everything.
func sumUp(r io.Reader, withSHA bool) (sums wire.Sums, n int64, err error) {
	crc, sha := crc32.NewIEEE(), sha256.New()
	var w io.Writer = crc
	if withSHA {
		w = io.MultiWriter(crc, sha)
	}
	n, err = io.CopyBuffer(struct{ io.Writer }{w}, struct{ io.Reader }{r}, make([]byte, verifyStep))
	sums.CRC32 = crc.Sum32()
	if withSHA {
		sums.SHA256 = sha.Sum(nil)
	}
	return sums, n, err
}

// learn writes down the checksums of files that are still what they were.
func (s *Storage) learn(ctx context.Context, all []learned) error {
	if len(all) == 0 {
		return nil
	}
	return s.amend(ctx, func(b *batch) error {
		for _, l := range all {
			d, name, err := b.still(l.path, l.record)
			if err != nil {
				return err
			}
			if d != nil {
				is := l.record
				is.sums = &l.sums
				if err := b.replace(d, name, l.record, is); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// condemn takes a damaged file out of the index, if it is still what it was.
func (s *Storage) condemn(ctx context.Context, p wire.Path, r record, fault wire.Fault, story string) error {
	return s.amend(ctx, func(b *batch) error {
		d, name, err := b.still(p, r)
		if d == nil || err != nil {
			return err
		}
		k, err := b.quarantine(p, r)
		if err != nil {
			return err
		}
		if err := b.damage(wire.Damage{Ref: wire.Ref{Path: p, Version: r.version, Size: r.size}, Fault: fault, Text: story}, k); err != nil {
			return err
		}
		return b.drop(d, name, r)
	})
}

// amend changes the index otherwise than by an intent, when none is half done.
func (s *Storage) amend(ctx context.Context, how func(b *batch) error) error {
	if err := s.lockSettled(ctx); err != nil {
		return err
	}
	defer s.applying.Unlock()
	b, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer b.rollback()
	if err := how(b); err != nil {
		return err
	}
	return b.commit(s.applied.Load())
}

// still returns where a file is in the index, or no directory if it is another by now.
func (b *batch) still(p wire.Path, r record) (*dir, string, error) {
	above, name := split(p)
	d, err := b.dir(above)
	if err != nil {
		return nil, "", err
	}
	is, found, err := b.file(d, name)
	if err != nil || !found || is.version != r.version || is.facts != r.facts {
		return nil, "", err
	}
	return d, name, nil
}
