package data

import (
	"context"
	"net"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

// step is how much is handed to the kernel at once where no rate is kept to. It bounds
// how late a stall is noticed and how old [Flow.Moved] is, not how slow a client may be.
const step = 1 << 20

// A Flow is how the bytes of one transfer move. Its fields are set before the transfer;
// its methods may be called while it is under way.
type Flow struct {
	Stall time.Duration // how long the client may take or send nothing
	Pace  *Pace         // nil: as fast as possible
	Most  int64         // how many bytes may be sent in all; 0: any number

	moved atomic.Int64
	route atomic.Pointer[Route]
}

// Route returns how the transfer is carried out, the zero value until that is known.
func (f *Flow) Route() Route {
	if r := f.route.Load(); r != nil {
		return *r
	}
	return Route{}
}

// Moved returns how many bytes went over the connection so far.
func (f *Flow) Moved() int64 { return f.moved.Load() }

// next waits until more bytes may move, and returns how many at once: chunk where no rate
// is kept to. It fails when ctx ends, and with errFull when no more may be sent.
func (f *Flow) next(ctx context.Context, chunk int64) (int64, error) {
	if f.Pace != nil {
		chunk = f.Pace.chunk
	}
	if f.Most > 0 {
		if chunk = min(chunk, f.Most-f.Moved()); chunk <= 0 {
			return 0, errFull
		}
	}
	if f.Pace == nil {
		return chunk, ctx.Err()
	}
	return chunk, f.Pace.wait(ctx)
}

// Count counts bytes that have moved.
func (f *Flow) Count(n int64) {
	f.moved.Add(n)
	if f.Pace != nil && n > 0 {
		f.Pace.did(n)
	}
}

// A Pace keeps the transfers of one session, one after the other, to a rate. Bytes are
// paid for when they have moved, so that the end of a transfer is not kept waiting and a
// small file takes of the rate no more than its size.
type Pace struct {
	limiter *rate.Limiter
	chunk   int64
	due     time.Time // when all that moved is paid for
}

// ticks is in how many chunks a second's worth of bytes moves; leastChunk keeps slow
// paces from moving single bytes.
const (
	ticks      = 20
	leastChunk = 512
)

// NewPace returns the pace of so many bytes a second, nil for 0, which is no limit.
func NewPace(bytes int64) *Pace {
	if bytes <= 0 {
		return nil
	}
	chunk := min(max(bytes/ticks, leastChunk), step)
	return &Pace{limiter: rate.NewLimiter(rate.Limit(bytes), int(chunk)), chunk: chunk}
}

// wait returns when what has moved is paid for.
func (p *Pace) wait(ctx context.Context) error {
	pause := time.Until(p.due)
	if pause <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Rate returns how many bytes a second a pace allows, 0 for nil.
func (p *Pace) Rate() int64 {
	if p == nil {
		return 0
	}
	return int64(p.limiter.Limit())
}

// did takes up to a chunk into account.
func (p *Pace) did(n int64) {
	now := time.Now()
	p.due = now.Add(p.limiter.ReserveN(now, int(n)).DelayFrom(now))
}

// A flowing writer writes to the connection as a flow has it, with a new deadline
// before every write.
type flowing struct {
	ctx  context.Context
	conn net.Conn
	flow *Flow
}

func (w flowing) Write(b []byte) (int, error) {
	written := 0
	for written < len(b) {
		most, err := w.flow.next(w.ctx, step)
		if err != nil {
			return written, err
		}
		if err := w.conn.SetWriteDeadline(time.Now().Add(w.flow.Stall)); err != nil {
			return written, err
		}
		piece := b[written:]
		n, err := w.conn.Write(piece[:min(int64(len(piece)), most)])
		w.flow.Count(int64(n))
		written += n
		if err != nil {
			return written, err
		}
	}
	return written, nil
}
