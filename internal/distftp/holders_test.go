package distftp_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"iter"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"

	"mirrortracker/internal/distftp"
	"mirrortracker/internal/distftp/control"
	"mirrortracker/internal/distftp/data"
	"mirrortracker/internal/distftp/localfs"
	"mirrortracker/internal/mirror"
)

// Holders are elsewhere as far as the server can tell: at addresses of their own. The
// files of all are in one folder, and all that is stored gets there.
type holders struct {
	*localfs.Folder
	dir  string
	all  []*holder // the best first
	tls  *tls.Config
	spot *holder // where clients are told to come; nil: to the first that has the file

	otherwise bool // downloads follow from the folder itself

	mu     sync.Mutex
	wanted []string // what Expect was asked for
	ended  []string // of transfers: verb, plan, holder
}

// A holder has those files whose names begin with one of its letters, and takes all.
type holder struct {
	name, addr string
	letters    string

	undialled bool  // it reaches no client
	back      bool  // nor does it, but says first that it did
	bound     bool  // it meets no client itself
	down      error // it answers with that
	dies      int64 // after so many bytes it breaks off
	hold      chan struct{}
}

func (h *holder) has(p mirror.Path) bool {
	return h.letters == "" || strings.Contains(h.letters, p.Names()[0][:1])
}

// Observe implements [control.Observer].
func (c *holders) Observe(e control.Event) {
	if e, ok := e.(*control.TransferEnded); ok {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.ended = append(c.ended, fmt.Sprintf("%s %s %s", e.Verb, e.Kind, e.Holder))
	}
}

// last returns how the last transfer travelled. It is noted before it is answered.
func (c *holders) last() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.ended) == 0 {
		return ""
	}
	return c.ended[len(c.ended)-1]
}

// Retrieve implements [control.Planner].
func (c *holders) Retrieve(ctx context.Context, r data.Request) (data.Plan, error) {
	local, err := data.Disk{Files: c}.Retrieve(ctx, r)
	if err != nil {
		return data.Plan{}, err
	}
	local.Release()
	local.Source = nil
	local.Holder, local.Why, local.Holders = "", "a test has it so", c.remotes(r, false)
	if c.otherwise {
		local.Otherwise = func(ctx context.Context) (data.Plan, error) { return data.Disk{Files: c}.Retrieve(ctx, r) }
	}
	return local, nil
}

// Store implements [control.Storer].
func (c *holders) Store(ctx context.Context, r data.Request) (data.Plan, error) {
	return data.Plan{Upload: true, Why: "a test has it so", Holders: c.remotes(r, true)}, nil
}

func (c *holders) remotes(r data.Request, upload bool) iter.Seq[data.Remote] {
	return func(yield func(data.Remote) bool) {
		all := slices.Clone(c.all)
		if at, ok := r.At.(*rendezvous); ok {
			slices.SortStableFunc(all, func(a, b *holder) int { return btoi(b == at.holder) - btoi(a == at.holder) })
		}
		for _, h := range all {
			if (upload || h.has(r.Path)) && !yield(&remote{holder: h, all: c, r: r, upload: upload}) {
				return
			}
		}
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Expect implements [control.Host].
func (c *holders) Expect(ctx context.Context, e data.Expectation) (data.Rendezvous, error) {
	c.mu.Lock()
	c.wanted = append(c.wanted, string(e.Path))
	c.mu.Unlock()
	for _, h := range c.all {
		if h.bound || e.Secure && c.tls == nil || c.spot != nil && c.spot != h || c.spot == nil && e.Path != "" && !e.Upload && !h.has(e.Path) {
			continue
		}
		if h.down != nil {
			return nil, h.down
		}
		ln, err := data.Listen(ctx, netip.MustParseAddr(h.addr), data.Ports{}, e.Partner, e.Timeout)
		return &rendezvous{ln, h}, err
	}
	return nil, data.ErrNotDirect
}

// A rendezvous is a holder's listener.
type rendezvous struct {
	*data.Listener
	holder *holder
}

func (r *rendezvous) Holder() string { return r.holder.name }

func (r *rendezvous) Meet(ctx context.Context) (net.Conn, error) {
	if r.holder.down != nil {
		return nil, r.holder.down
	}
	return r.Listener.Meet(ctx)
}

// A remote is a file at a holder.
type remote struct {
	*holder
	all    *holders
	r      data.Request
	upload bool
	plan   data.Plan
}

func (r *remote) Holder() string { return r.name }

func (r *remote) Close() error {
	if r.plan.Source != nil || r.plan.Sink != nil {
		return r.plan.Release()
	}
	return nil
}

func (r *remote) Commit(ctx context.Context, charge data.Charge) error {
	return r.plan.Sink.Commit(ctx, charge)
}

// begin opens the file.
func (r *remote) begin(ctx context.Context) (err error) {
	switch {
	case r.down != nil:
		return r.down
	case r.upload:
		r.plan, err = data.Disk{Files: r.all}.Store(ctx, r.r)
	default:
		r.plan, err = data.Disk{Files: r.all}.Retrieve(ctx, r.r)
	}
	return err
}

// run moves the bytes.
func (r *remote) run(ctx context.Context, conn net.Conn, o *data.Order) error {
	defer conn.Close()
	flow := &data.Flow{Stall: o.Stall, Most: r.r.Length}
	if r.dies > 0 {
		flow.Most = r.dies
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	if r.hold != nil {
		select {
		case <-r.hold:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	move := func() error {
		if r.upload {
			return r.plan.Sink.Receive(ctx, conn, flow, nil)
		}
		return r.plan.Source.Send(ctx, conn, flow)
	}
	err := move()
	if moved := o.Moved(flow.Moved()); moved != nil {
		return moved
	}
	if r.dies > 0 {
		return errors.New("holder is lost")
	}
	if flow.Most > 0 && flow.Moved() == flow.Most {
		err = nil
	}
	return err
}

func (r *remote) Move(ctx context.Context, at data.Meeting, o *data.Order) error {
	if r.back {
		o.Connected()
		return fmt.Errorf("%w: refused", data.ErrNoConnection)
	}
	if r.bound || o.Secure != nil && r.all.tls == nil {
		return data.ErrNotDirect
	}
	if err := r.begin(ctx); err != nil {
		return err
	}
	met := at
	switch at := at.(type) {
	case *data.Dialer:
		if r.undialled {
			return fmt.Errorf("%w: refused", data.ErrNoConnection)
		}
		met = data.Dial(netip.MustParseAddr(r.addr), at.To(), o.Timeout)
	case *rendezvous:
		met = at.Listener
	default:
		return fmt.Errorf("a meeting of somebody else: %T", at)
	}
	conn, err := met.Meet(ctx)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", data.ErrNoConnection, err)
	}
	o.Connected()
	if o.Secure != nil {
		secure := tls.Server(conn, r.all.tls)
		if err := secure.HandshakeContext(ctx); err != nil {
			conn.Close()
			return fmt.Errorf("%w: %w", data.ErrInsecure, err)
		}
		conn = secure
	}
	return r.run(ctx, conn, o)
}

// A leg is a connection to a holder, which does its side of it.
type leg struct {
	conn   *net.TCPConn
	done   chan error
	cancel context.CancelFunc
}

func (l *leg) Conn() net.Conn { return l.conn }
func (l *leg) Close() error   { l.cancel(); return l.conn.Close() }
func (l *leg) Done(ctx context.Context, _ int64) error {
	select {
	case err := <-l.done:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (r *remote) Relay(ctx context.Context, o *data.Order) (data.Leg, error) {
	if err := r.begin(ctx); err != nil {
		return nil, err
	}
	ln, err := net.Listen("tcp", r.addr+":0")
	if err != nil {
		return nil, err
	}
	defer ln.Close()
	conn, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		return nil, err
	}
	far, err := ln.Accept()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	l := &leg{conn.(*net.TCPConn), make(chan error, 1), cancel}
	o.Moved = func(int64) error { return nil }
	go func() { l.done <- r.run(ctx, far, o) }()
	return l, nil
}

// serveHolders starts a server whose files are elsewhere.
func serveHolders(t *testing.T, c distftp.Config, all ...*holder) (*holders, string) {
	t.Helper()
	dir := plant(t, t.TempDir(), map[string]string{"a": "content of a", "b": "content of b", "big": strings.Repeat("0123456789abcdef", 1<<18), "d/x": "x"})
	if len(all) == 0 {
		all = []*holder{{name: "one", addr: "127.0.0.2"}}
	}
	h := &holders{Folder: openFolder(t, dir), dir: dir, all: all}
	c.FS, c.Planner, c.Observer = h, h, h
	if c.Access == nil {
		c.Access = control.ReadWrite
	}
	return h, serve(t, c)
}
