package foreign

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"time"

	"mirrortracker/internal/ftpconn"
)

// relearn is after how long a server that would not let us have more connections is asked
// again for more.
const relearn = 10 * time.Minute

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
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.server
	return ftpconn.Config{
		Addr:     s.Addr(),
		Timeout:  p.cfg.Timeout,
		User:     s.User,
		Password: string(s.Password),
		TLS:      s.TLS,
		// A reply to one of our questions is short; listings do not come as replies.
		MaxReply:  64 << 10,
		TLSConfig: &tls.Config{RootCAs: p.authorities},
		Dial:      dialStream,
	}
}

// dialStream connects over IPv4 where the server can be reached so, as only such an address
// can be told to clients that go to the server themselves (227), and over IPv6 otherwise.
func dialStream(ctx context.Context, _, addr string) (net.Conn, error) {
	dial := new(net.Dialer).DialContext
	conn, err := dial(ctx, "tcp4", addr)
	if err == nil {
		return conn, nil
	}
	other, otherwise := dial(ctx, "tcp6", addr)
	switch {
	case otherwise == nil:
		return other, nil
	case without(err):
		return nil, otherwise
	case without(otherwise):
		return nil, err
	}
	return nil, errors.Join(err, otherwise)
}

// without reports whether an error of dialling says that a host has no address of a kind.
func without(err error) bool {
	_, isOther := errors.AsType[*net.AddrError](err)
	unknown, ok := errors.AsType[*net.DNSError](err)
	return isOther || ok && unknown.IsNotFound
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
