package foreign

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"sync"
	"time"

	"mirrortracker/internal/distftp/data"
	"mirrortracker/internal/ftpconn"
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

// A Config is what pools have in common.
type Config struct {
	// Timeout bounds each step of talking to a server: connecting, a TLS handshake, each
	// reply. 3 s if 0.
	Timeout time.Duration

	// Begin bounds how long a transfer may take to begin: to its first byte, where we can
	// see that. 5 s if 0.
	Begin time.Duration

	// Login bounds connecting and logging in as a whole; 6 s if 0.
	Login time.Duration

	// Patience bounds the waiting for a connection; 30 s if 0. A caller's context may end
	// it sooner.
	Patience time.Duration

	// KeepAlive is how often an idle connection says NOOP (40 s if 0), and Idle after how
	// long it is closed (5 minutes if 0).
	KeepAlive, Idle time.Duration

	// TLS says whom to trust; nil for the system's authorities.
	TLS *tls.Config

	// Dial opens connections to servers; a net.Dialer if nil.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)

	// Elsewhere dials from an address that is not the one from which servers see our
	// control connections: from a slave, say. It is used to find out whom passive ports
	// admit. If it is nil, another address of this machine is tried; if there is none it
	// is learnt in use.
	Elsewhere func(ctx context.Context, network, addr string) (net.Conn, error)

	// Learned is told when something of a server's abilities has changed, other than by
	// Probe. It must not block. May be nil.
	Learned func(Server, Abilities)

	Log *slog.Logger // nil: none
}

func (c Config) withDefaults() Config {
	c.Timeout = cmp.Or(c.Timeout, 3*time.Second)
	c.Begin = cmp.Or(c.Begin, 5*time.Second)
	c.Login = cmp.Or(c.Login, 6*time.Second)
	c.Patience = cmp.Or(c.Patience, 30*time.Second)
	c.KeepAlive = cmp.Or(c.KeepAlive, 40*time.Second)
	c.Idle = cmp.Or(c.Idle, 5*time.Minute)
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

// mostWaiting bounds the queue of a pool.
const mostWaiting = 4096

// relearn is after how long a server that would not let us have more connections is asked
// again for more.
const relearn = 10 * time.Minute

// A Pool is all connections to one server. It is safe for concurrent use.
type Pool struct {
	cfg  Config
	life context.Context // of connecting
	end  context.CancelFunc

	mu        sync.Mutex
	server    Server
	closed    bool
	breaker   breaker
	abilities Abilities
	less      time.Time // until then no more connections than abilities say
	conns     map[*Conn]bool
	idle      []*Conn // the one that was used last at the end
	dialling  int     // of conns
	waiting   []*waiter
	used      time.Time // last
	parted    time.Time // when a connection was closed last
	held      bool      // no connections are opened for the moment
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
	p := &Pool{cfg: cfg.withDefaults(), server: s, abilities: known, conns: map[*Conn]bool{}, used: time.Now()}
	p.life, p.end = context.WithCancel(context.Background())
	if known.Connections > 0 {
		p.less = time.Now().Add(relearn)
	}
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

// connect opens as many connections as are waited for and may be. p.mu is held.
func (p *Pool) connect() {
	for !p.closed && !p.held && p.dialling < len(p.waiting) && len(p.conns) < p.room() {
		c := &Conn{pool: p, state: connecting, since: time.Now()}
		p.conns[c] = true
		p.dialling++
		go p.dial(c)
	}
}

// dial opens one. It goes on even if nobody waits for it any more: then it will be idle.
func (p *Pool) dial(c *Conn) {
	ctx, cancel := context.WithTimeout(p.life, p.cfg.Login)
	defer cancel()
	conn, err := ftpconn.Dial(ctx, p.dialConfig())
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dialling--
	switch {
	case err == nil:
		c.Conn = conn
		if open := len(p.conns) - p.dialling; p.abilities.Connections > 0 && open > p.abilities.Connections {
			p.learn(func(a *Abilities) { a.Connections = open })
		}
		p.settle(c)
		return
	case p.closed:
	default:
		p.refused(err)
	}
	delete(p.conns, c)
	p.connect()
}

func (p *Pool) dialConfig() ftpconn.Config {
	s := p.Server()
	return ftpconn.Config{
		Addr:     s.Addr(),
		Timeout:  p.cfg.Timeout,
		User:     s.User,
		Password: string(s.Password),
		TLS:      s.TLS,
		// A reply to one of our questions is short; listings do not come as replies.
		MaxReply:  64 << 10,
		TLSConfig: p.cfg.TLS,
		Dial:      p.dialStream,
	}
}

// dialStream connects over IPv4 where the server has that, as only such an address can be
// told to clients that go to the server themselves (227), and over IPv6 otherwise.
func (p *Pool) dialStream(ctx context.Context, _, addr string) (net.Conn, error) {
	dial := p.cfg.Dial
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	conn, err := dial(ctx, "tcp4", addr)
	_, isOther := errors.AsType[*net.AddrError](err)
	unknown, ok := errors.AsType[*net.DNSError](err)
	if isOther || ok && unknown.IsNotFound {
		return dial(ctx, "tcp6", addr)
	}
	return conn, err
}

// refused is told that no connection came about. p.mu is held, and the connection is still
// counted.
func (p *Pool) refused(err error) {
	others := len(p.conns) - 1
	_, busy := errors.AsType[*ftpconn.BusyError](err)
	if busy && others > 0 {
		// We have as many as it lets us have, or will have when all are answered.
		p.less = time.Now().Add(relearn)
		p.learn(func(a *Abilities) { a.Connections = max(others-p.dialling, 1) })
		return
	}
	if busy && time.Since(p.parted) < 3*settling {
		p.held = true
		time.AfterFunc(settling, p.resume)
		return
	}
	p.fail(err)
}

// settling is what a server is given to notice that a connection was closed, before another
// one is opened in its place.
const settling = time.Second

func (p *Pool) resume() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.held = false
	p.connect()
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
	p.cfg.Log.Warn("a foreign server has failed", "server", p.server.String(), "error", err, "rests", p.breaker.until.Sub(now).Round(time.Second))
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
	return p.abilities
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
	if p.abilities != before && p.cfg.Learned != nil {
		p.cfg.Learned(p.server, p.abilities)
	}
}
