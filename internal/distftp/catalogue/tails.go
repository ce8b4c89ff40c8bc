package catalogue

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"mirrortracker/internal/distftp/wire"
)

// tails are the last intents for each slave, in memory, for those who deliver them.
type tails struct {
	mu sync.Mutex
	of map[SlaveID]*tail
}

type tail struct {
	there bool          // there is such a slave
	last  uint64        // the number of its last intent
	list  []wire.Intent // some of the last, each following the one before
	wake  chan struct{}
}

// maxTail is how many intents for one slave are kept in memory.
const maxTail = 4096

func (t *tails) get(slave SlaveID) *tail {
	s := t.of[slave]
	if s == nil {
		s = &tail{wake: make(chan struct{}, 1)}
		t.of[slave] = s
	}
	return s
}

// last returns the number of each slave's last intent.
func (t *tails) last() map[SlaveID]uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	last := make(map[SlaveID]uint64, len(t.of))
	for slave, s := range t.of {
		if s.there {
			last[slave] = s.last
		}
	}
	return last
}

// extend adds intents that were committed.
func (t *tails) extend(intents map[SlaveID][]wire.Intent) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for slave, list := range intents {
		s := t.get(slave)
		if n := len(s.list); n == 0 || len(list) == 0 || s.list[n-1].Seq != list[0].Prev {
			s.list = nil
		}
		s.list = append(s.list, list...)
		if n := len(s.list); n > maxTail {
			s.list = slices.Clone(s.list[n-maxTail/2:])
		}
	}
}

// reach notes how far the intents for all slaves go, and wakes who delivers them.
func (t *tails) reach(last map[SlaveID]uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for slave, s := range t.of {
		if _, there := last[slave]; !there {
			s.there, s.last, s.list = false, 0, nil
		}
	}
	for slave, seq := range last {
		s := t.get(slave)
		if s.there && s.last == seq {
			continue
		}
		s.there, s.last = true, seq
		select {
		case s.wake <- struct{}{}:
		default:
		}
	}
}

// after returns intents that follow one, if they are in memory.
func (t *tails) after(slave SlaveID, seq uint64, most int) (list []wire.Intent, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.get(slave)
	if s.there && s.last <= seq {
		return nil, true
	}
	i, ok := slices.BinarySearchFunc(s.list, seq, func(i wire.Intent, seq uint64) int {
		switch {
		case i.Prev < seq:
			return -1
		case i.Prev > seq:
			return 1
		}
		return 0
	})
	if !ok {
		return nil, false
	}
	return slices.Clone(s.list[i:min(i+most, len(s.list))]), true
}

// Wake returns a channel that has something in it when there may be new intents for a
// slave, from this master or another. All callers share it.
func (c *Catalogue) Wake(slave SlaveID) <-chan struct{} {
	c.tails.mu.Lock()
	defer c.tails.mu.Unlock()
	return c.tails.get(slave).wake
}

// Last is the number of the last intent for a slave, as far as this master knows.
func (c *Catalogue) Last(slave SlaveID) uint64 {
	c.tails.mu.Lock()
	defer c.tails.mu.Unlock()
	return c.tails.get(slave).last
}

// Intents returns intents for a slave, in order: those that follow the one of that number,
// as many as there are and most says.
func (c *Catalogue) Intents(ctx context.Context, slave SlaveID, after uint64, most int) ([]wire.Intent, error) {
	if list, ok := c.tails.after(slave, after, most); ok {
		return list, nil
	}
	var rows []struct {
		Seq     uint64 `db:"seq"`
		Prev    uint64 `db:"prev"`
		Deed    string `db:"deed"`
		Path    []byte `db:"path"`
		To      []byte `db:"to_path"`
		Op      uint64 `db:"op"`
		Version uint64 `db:"version"`
		Size    int64  `db:"size"`
		ModTime int64  `db:"mtime"`
	}
	err := c.db.Reader().SelectContext(ctx, &rows, `
		SELECT seq, prev, deed, path, to_path, op, version, size, mtime
		FROM ftp_intents
		WHERE slave = ? AND seq > ?
		ORDER BY seq
		LIMIT ?`,
		slave, after, most)
	if err != nil {
		return nil, fmt.Errorf("read intents: %w", err)
	}
	list := make([]wire.Intent, len(rows))
	for i, r := range rows {
		list[i] = wire.Intent{
			Seq: r.Seq, Prev: r.Prev, Deed: wire.Deed(r.Deed), Path: wire.Path(r.Path), To: wire.Path(r.To),
			Op: r.Op, Version: r.Version, Size: r.Size, ModTime: fromNano(r.ModTime),
		}
	}
	return list, nil
}

// Applied notes how far a slave has come, and drops the intents up to there. It need not
// be called for each.
func (c *Catalogue) Applied(ctx context.Context, slave SlaveID, seq uint64) error {
	// Two transactions that lock one thing each, so that nobody waits for both.
	err := c.execute(ctx, "drop intents", `DELETE FROM ftp_intents WHERE slave = ? AND seq <= ?`, slave, seq)
	if err != nil {
		return err
	}
	return c.execute(ctx, "note what a slave has applied", `UPDATE ftp_slaves SET applied = ? WHERE id = ? AND applied < ?`, seq, slave, seq)
}
