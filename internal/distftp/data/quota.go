package data

import (
	"context"
	"math"
	"sync/atomic"

	"mirrortracker/internal/distftp/vfs"
)

// A Charge counts what somebody stores. With more it can fail; with less, numbers below
// zero, it never does.
type Charge func(ctx context.Context, u vfs.Usage) error

// A Quota is what one upload may take; nil is no limit. It is charged for in the end: what
// has come until then is counted together with what the same user's other uploads under
// way have taken, so that they cannot fill the disk side by side.
type Quota struct {
	Left   int64         // how many bytes all of them may take; [math.MaxInt64]: any number
	Spare  int64         // how many this one may take besides, as it replaces as many
	Taken  *atomic.Int64 // by all of them, without what is spare
	Charge Charge

	own int64 // taken by this one, with what is spare
}

// allowed returns how many bytes may come now.
func (q *Quota) allowed() int64 {
	if q == nil || q.Left == math.MaxInt64 {
		return math.MaxInt64
	}
	return max(q.Left-q.Taken.Load(), 0) + max(q.Spare-q.own, 0)
}

// Take counts bytes that come, or fails with [vfs.ErrQuota] if there are too many.
func (q *Quota) Take(n int64) error {
	if q == nil {
		return nil
	}
	before := q.counted()
	q.own += n
	if more := q.counted() - before; more > 0 && q.Taken.Add(more) > q.Left {
		return vfs.ErrQuota
	}
	return nil
}

// Release ends the upload, charged for or not.
func (q *Quota) Release() {
	if q != nil {
		q.Taken.Add(-q.counted())
		q.own = 0
	}
}

func (q *Quota) counted() int64 { return max(q.own-q.Spare, 0) }

// charge returns what charges for the upload; nil: nothing does.
func (q *Quota) charge() Charge {
	if q == nil {
		return nil
	}
	return q.Charge
}
