package foreign

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"mirrortracker/internal/distftp/data"
)

// Why there is no connection. Errors of a [Pool] with these, and of connections that
// failed, wrap [data.ErrUnavailable].
var (
	// ErrResting says that the server has failed, and will not be asked for a while.
	ErrResting = errors.New("the server rests after a failure")
	// ErrBusy says that no connection became free in time, or that too many wait.
	ErrBusy = errors.New("all connections to the server are in use")
	// ErrClosed says that the pool was closed.
	ErrClosed = errors.New("the pool of connections was closed")
)

// mostWaiting bounds the queue of a pool.
const mostWaiting = 4096

// A Pool is all connections to one server. It is safe for concurrent use.
type Pool struct {
	cfg  Config
	life context.Context // of connecting
	end  context.CancelFunc

	mu          sync.Mutex
	server      Server
	authorities *x509.CertPool
	closed      bool
	breaker     breaker
	abilities   Abilities
	probing     bool      // nothing is known yet, and is being found out
	less        time.Time // until then no more connections than abilities say
	conns       map[*Conn]bool
	idle        []*Conn // the one that was used last at the end
	dialling    int     // of conns
	waiting     []*waiter
	used        time.Time // last
	parted      time.Time // when a connection was closed last
	held        bool      // no connections are opened for the moment
}

// A waiter is who waits for a connection.
type waiter struct {
	try bool       // it is the breaker's one try
	got chan grant // has room for one
}

// A grant is what a waiter gets.
type grant struct {
	conn *Conn
	err  error
}

// NewPool returns a pool without connections. What is known of the server's abilities may
// be from an earlier process.
func NewPool(s Server, known Abilities, cfg Config) *Pool {
	p := &Pool{cfg: cfg.withDefaults(), server: s, authorities: cfg.Authorities, conns: map[*Conn]bool{}, used: time.Now()}
	p.life, p.end = context.WithCancel(context.Background())
	p.know(known)
	return p
}

// Server returns the server.
func (p *Pool) Server() Server {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.server
}

// setLimit changes how many connections there may be. Those that are too many by then are
// closed as they are given back.
func (p *Pool) setLimit(limit int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.server.Limit == limit {
		return
	}
	p.server.Limit = limit
	p.connect()
}

// room is how many connections there may be.
func (p *Pool) room() int {
	room := p.server.limit()
	if n := p.abilities.Connections; n > 0 && time.Now().Before(p.less) {
		room = min(room, n)
	}
	return room
}

// Take checks a connection out, which the caller must release. Who comes first gets the
// first that is free, or a new one.
//
// The error is ctx's cause if that ended; or wraps [data.ErrUnavailable], and [ErrResting],
// [ErrBusy], [ErrClosed], or the reason why the server could not be reached or would not
// let us in.
func (p *Pool) Take(ctx context.Context) (*Conn, error) {
	w, err := p.enqueue()
	if err != nil {
		return nil, p.unavailable(err)
	}
	patience := time.NewTimer(p.cfg.Patience)
	defer patience.Stop()
	select {
	case g := <-w.got:
		return g.conn, p.unavailable(g.err)
	case <-ctx.Done():
		err = context.Cause(ctx)
	case <-patience.C:
		err = p.unavailable(ErrBusy)
	}
	p.leave(w)
	return nil, err
}

func (p *Pool) unavailable(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %s: %w", data.ErrUnavailable, p.Server(), err)
}

func (p *Pool) enqueue() (*waiter, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, ErrClosed
	}
	if len(p.waiting) >= mostWaiting {
		return nil, ErrBusy
	}
	now := time.Now()
	try, err := p.breaker.admit(now)
	if err != nil {
		return nil, err
	}
	p.used = now
	w := &waiter{try: try, got: make(chan grant, 1)}
	p.waiting = append(p.waiting, w)
	p.serve()
	return w, nil
}

// leave takes a waiter out of the queue, or gives back what it has got meanwhile.
func (p *Pool) leave(w *waiter) {
	p.mu.Lock()
	if i := slices.Index(p.waiting, w); i >= 0 {
		p.waiting = slices.Delete(p.waiting, i, i+1)
		if w.try {
			p.breaker.gaveUp()
		}
	}
	p.mu.Unlock()
	select {
	case g := <-w.got:
		if g.conn != nil {
			g.conn.Release()
		}
	default:
	}
}

// serve gives idle connections to those who wait, and sees to new ones. p.mu is held.
func (p *Pool) serve() {
	for len(p.waiting) > 0 && len(p.idle) > 0 {
		last := len(p.idle) - 1
		c := p.idle[last]
		p.idle = p.idle[:last]
		if c.wake() {
			p.grant(c)
		} else {
			p.drop(c)
		}
	}
	p.connect()
}

// grant gives a connection to who waits longest. p.mu is held.
func (p *Pool) grant(c *Conn) {
	w := p.waiting[0]
	p.waiting = slices.Delete(p.waiting, 0, 1)
	c.take(w.try)
	w.got <- grant{conn: c}
}

// settle gives a connection that is free to who waits for one, or lets it be idle. p.mu is
// held.
func (p *Pool) settle(c *Conn) {
	switch {
	case p.closed || len(p.conns)-p.dialling > p.room():
		p.drop(c)
	case len(p.waiting) > 0:
		p.grant(c)
	default:
		p.idle = append(p.idle, c)
		c.rest()
	}
}

// drop closes a connection. p.mu is held.
func (p *Pool) drop(c *Conn) {
	p.part(c)
	p.connect()
}

func (p *Pool) part(c *Conn) {
	delete(p.conns, c)
	p.parted = time.Now()
	go c.Conn.Close() // which says goodbye, and may have to wait for that
}

// Failed tells of a failure that only the caller saw. The server rests then, and who waits
// for a connection is refused at once.
func (p *Pool) Failed(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fail(err)
}

func (p *Pool) fail(err error) {
	now := time.Now()
	p.breaker.failed(now, err)
	p.cfg.Log.Warn("a foreign server has failed", "server", p.server.String(), "error", err, "rests", p.breaker.until.Sub(now).Round(time.Second), "remedy", Remedy(err))
	for _, c := range p.idle {
		c.wake()
		p.part(c)
	}
	p.idle = nil
	p.refuse(fmt.Errorf("%w: %w", ErrResting, err))
}

// refuse sends all away who wait. p.mu is held.
func (p *Pool) refuse(err error) {
	for _, w := range p.waiting {
		w.got <- grant{err: err}
	}
	p.waiting = nil
}

// Close closes all connections: those in use when they are given back.
func (p *Pool) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	p.end()
	p.refuse(ErrClosed)
	p.closeIdle()
}

// Disconnect closes the connections that are idle, and those in use as soon as they are
// given back. It returns how many of them there are. The next one who needs a connection
// opens a new one.
func (p *Pool) Disconnect() (closed, inUse int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		c.last = true
	}
	closed = len(p.idle)
	p.closeIdle()
	return closed, len(p.conns)
}

func (p *Pool) closeIdle() {
	idle := p.idle
	p.idle = nil
	for _, c := range idle {
		c.wake()
		p.drop(c)
	}
}

// Abilities returns what is known of the server.
func (p *Pool) Abilities() Abilities {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.abilities.reconsider(time.Now())
	return p.abilities
}

// know is told what was found out. p.mu is held.
func (p *Pool) know(a Abilities) {
	p.abilities = a
	if a.Connections > 0 {
		p.less = time.Now().Add(relearn)
	}
}

// adopt takes over what another process has found out later, by a probe or in use. How many
// connections it was let have in use is its own affair.
func (p *Pool) adopt(known Abilities) {
	p.mu.Lock()
	defer p.mu.Unlock()
	is := &p.abilities
	switch {
	case known.Probed.After(is.Probed):
		p.know(known)
	case known.Learnt.After(is.Probed) && known.Learnt.After(is.Learnt):
		known.Connections, known.Probed = is.Connections, is.Probed
		*is = known
	}
}

// Learn corrects what is known of the server, by what has happened.
func (p *Pool) Learn(change func(*Abilities)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.learn(change)
}

func (p *Pool) learn(change func(*Abilities)) {
	before := p.abilities
	change(&p.abilities)
	if p.abilities == before {
		return
	}
	if p.abilities.Connections == before.Connections {
		p.abilities.Learnt = time.Now()
	}
	if p.cfg.Learned != nil {
		p.cfg.Learned(p.server, p.abilities)
	}
}
