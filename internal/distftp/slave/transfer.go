package slave

import (
	"context"
	"log/slog"
	"math"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"mirrortracker/internal/distftp/data"
	"mirrortracker/internal/distftp/storage"
	"mirrortracker/internal/distftp/wire"
	"mirrortracker/internal/mirror"
)

// Send implements [wire.Slave].
func (s *Slave) Send(ctx context.Context, w wire.Send, tell func(wire.Event)) error {
	flow := &data.Flow{Stall: w.Stall, Pace: data.NewPace(w.Pace), Most: w.Length}
	t := Transfer{Way: Sent, From: w.From != nil, Path: w.Ref.Path}
	err := s.transfer(ctx, &t, flow, tell, func() (data.Plan, *meeting, error) {
		plan, err := s.source(ctx, &w)
		if err != nil {
			return plan, nil, err
		}
		plan.Parting, plan.Wary = w.Parting, w.Parting > 0
		m, err := s.meet(&w.Meet, false)
		if err != nil {
			plan.Release()
		}
		return plan, m, err
	})
	if err == nil && w.Next != nil {
		if l, err := s.Listen(ctx, *w.Next); err == nil { // else the master asks when it needs one
			tell(wire.Event{Next: &l, Last: true})
		}
	}
	return err
}

// source opens what is sent.
func (s *Slave) source(ctx context.Context, w *wire.Send) (data.Plan, error) {
	if w.From == nil {
		file, err := s.Storage.Open(ctx, w.Ref, w.After)
		if err != nil {
			return data.Plan{}, err
		}
		return data.Disk{Files: opened{file}}.Retrieve(ctx, data.Request{Path: mirror.Path(w.Ref.Path), Offset: w.Offset, Text: w.Text})
	}
	m := s.fetch(w.From)
	conn, err := m.Meet(ctx)
	if err == nil && m.secure != nil {
		plain := conn
		if conn, err = m.secure(ctx, plain); err != nil {
			plain.Close()
		}
	}
	if err != nil {
		return data.Plan{}, &wire.Failure{Reason: wire.ReadError, Text: err.Error()}
	}
	size := int64(-1) // of text nobody knows it
	if !w.Text {
		size = max(w.Ref.Size-w.Offset, 0)
		if w.Length > 0 {
			size = min(size, w.Length)
		}
	}
	return data.Plan{Source: data.Relay{From: conn, Size: size}}, nil
}

// opened is the one file that a transfer is about.
type opened struct{ file *os.File }

// OpenFile implements [data.Opener].
func (o opened) OpenFile(context.Context, mirror.Path) (data.File, error) { return o.file, nil }

// Receive implements [wire.Slave].
func (s *Slave) Receive(ctx context.Context, r wire.Receive, tell func(wire.Event)) (wire.Prepared, error) {
	flow := &data.Flow{Stall: r.Stall, Pace: data.NewPace(r.Pace)}
	t := Transfer{Way: Received, From: r.From != nil, Op: r.Op}
	into := &incoming{want: r.Want}
	err := s.transfer(ctx, &t, flow, tell, func() (data.Plan, *meeting, error) {
		content, err := s.Storage.Prepare(ctx, r.Op, r.Keep, r.First, r.After)
		if err != nil {
			return data.Plan{}, nil, err
		}
		into.Content = content
		plan, err := data.Disk{Files: receiving{into}}.Store(ctx, data.Request{Text: r.Text})
		if err != nil {
			content.Close()
			return plan, nil, err
		}
		plan.Quota = &data.Quota{Left: math.MaxInt64, Taken: new(atomic.Int64)}
		if r.Most >= 0 {
			plan.Quota.Left = r.Most
		}
		var m *meeting
		if r.From != nil {
			m = s.fetch(r.From)
		} else {
			m, err = s.meet(&r.Meet, true)
		}
		if err != nil {
			plan.Release()
		}
		return plan, m, err
	})
	return into.prepared, err
}

// receiving creates the one content that a transfer is about.
type receiving struct{ *incoming }

// OpenFile implements [data.Opener]; nobody reads what is being received.
func (receiving) OpenFile(context.Context, mirror.Path) (data.File, error) {
	return nil, os.ErrPermission
}

// CreateFile implements [data.Creator].
func (r receiving) CreateFile(context.Context, mirror.Path, int64) (data.Upload, error) {
	return r.incoming, nil
}

// Incoming is a content as a [data.Upload].
type incoming struct {
	*storage.Content
	want     *wire.Prepared
	prepared wire.Prepared
}

// Prepare implements [data.Upload].
func (i *incoming) Prepare(ctx context.Context) error { return i.Begin(ctx) }

// Commit implements [data.Upload]. Who pays for it is the master's matter.
func (i *incoming) Commit(ctx context.Context, _ data.Charge) (err error) {
	i.prepared, err = i.Content.Commit(ctx, i.want)
	return err
}

// transfer counts a transfer, makes its plan, carries it out and tells of it.
func (s *Slave) transfer(ctx context.Context, t *Transfer, flow *data.Flow, tell func(wire.Event), make func() (data.Plan, *meeting, error)) error {
	end, err := s.load.begin(t.Way, flow.Moved)
	if err != nil {
		return err
	}
	began := time.Now()
	defer func() {
		end()
		t.Bytes, t.Took, t.Err = flow.Moved(), time.Since(began), err
		s.ended(t)
	}()
	plan, m, err := make()
	if err != nil {
		err = failure(ctx, err)
		return err
	}
	t.At = m.at
	plan.Meet, plan.Flow, plan.Secure = m, flow, m.secure
	carry := watch
	if atOnce(&plan) {
		carry = report
	}
	err = failure(ctx, carry(flow, tell, func(connected func()) error { return plan.Execute(ctx, connected) }))
	return err
}

// small is what the system takes of a connection's bytes, though the client may not read
// any yet.
const small = 16 << 10

// atOnce reports whether a transfer is over as soon as there is a connection, whatever the
// client does.
func atOnce(p *data.Plan) bool {
	return p.Source != nil && p.Sized && p.Size <= small && p.Secure == nil && p.Parting == 0 && p.Flow.Pace == nil
}

// report tells of a transfer when it is over, which saves the master from being woken up
// twice.
func report(flow *data.Flow, tell func(wire.Event), do func(connected func()) error) error {
	connected := false
	err := do(func() { connected = true })
	if connected {
		tell(wire.Event{Connected: true, Moved: flow.Moved(), Last: true})
	}
	return err
}

// watch tells of a transfer while it is carried out.
func watch(flow *data.Flow, tell func(wire.Event), do func(connected func()) error) error {
	w := &watcher{flow: flow, tell: tell}
	err := do(w.connected)
	w.stop()
	return err
}

type watcher struct {
	flow *data.Flow
	tell func(wire.Event)

	mu   sync.Mutex
	next *time.Timer // nil before there is a connection
	over bool
}

func (w *watcher) connected() {
	w.tell(wire.Event{Connected: true})
	w.mu.Lock()
	defer w.mu.Unlock()
	w.next = time.AfterFunc(time.Second, w.moved)
}

func (w *watcher) moved() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.over {
		w.tell(wire.Event{Moved: w.flow.Moved()})
		w.next.Reset(time.Second)
	}
}

func (w *watcher) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.over = true
	if w.next != nil {
		w.next.Stop()
		w.tell(wire.Event{Moved: w.flow.Moved(), Last: true})
	}
}

// ended tells of a transfer that is over.
func (s *Slave) ended(t *Transfer) {
	if s.Log.Enabled(context.Background(), slog.LevelDebug) {
		s.Log.Debug("transfer", "way", t.Way, "at", t.At, "from_slave", t.From, "path", t.Path, "op", t.Op, "bytes", t.Bytes, "took", t.Took, "err", t.Err)
	}
	if s.Observer != nil {
		s.Observer(*t)
	}
}
