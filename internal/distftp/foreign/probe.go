package foreign

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"time"

	"mirrortracker/internal/distftp/data"
	"mirrortracker/internal/ftpconn"
)

// Addresses that are nobody's (RFC 5737, RFC 3849), least of all ours.
var (
	nobodys4 = netip.MustParseAddrPort("192.0.2.1:40001")
	nobodys6 = netip.MustParseAddrPort("[2001:db8::1]:40001")
)

// Times of a probe.
const (
	guestTime = 4 * time.Second  // for a transfer with somebody else to begin, and again to end
	countTime = 20 * time.Second // for counting connections
)

// errNoAnswer ends the wait of a probe for an answer that does not come.
var errNoAnswer = errors.New("no answer")

// Probe finds out what the server allows, which takes some seconds, and a few connections
// if there is room for them. Nothing is transferred but a listing; to the addresses that it
// names nothing is sent, as the reply alone tells. What it cannot find out remains as it
// was, but for refusals, which the next use may show again.
//
// While nothing is known of the server, no client is told meanwhile to come to it, as it could
// get nothing there.
func (p *Pool) Probe(ctx context.Context) (Abilities, error) {
	p.mu.Lock()
	p.probing = p.abilities.Probed.IsZero()
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.probing = false
	}()
	found, err := p.interview(ctx)
	if err != nil {
		return p.Abilities(), err
	}
	found.Connections = p.count(ctx)
	found.Passive = p.invite(ctx, found) // last, as some servers keep a connection that they do not answer
	if ctx.Err() != nil {
		return p.Abilities(), context.Cause(ctx)
	}
	found.Probed = time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	found.keep(p.abilities)
	p.know(found)
	return found, nil
}

// beingProbed reports whether what is not known yet is being found out.
func (p *Pool) beingProbed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.probing
}

// interview asks for what replies alone tell.
func (p *Pool) interview(ctx context.Context) (a Abilities, err error) {
	err = p.with(ctx, func(c *Conn) error {
		p.mu.Lock()
		c.last = true // it will have been told odd things
		p.mu.Unlock()
		a, err = c.answer(ctx)
		return err
	})
	return a, err
}

func (c *Conn) answer(ctx context.Context) (a Abilities, err error) {
	features, err := c.Cmd(ctx, "FEAT")
	if err != nil {
		return a, err
	}
	if features.Code == 211 {
		a.MLSD = verdict(c.Has("MLST") || c.Has("MLSD"))
		a.MDTM = verdict(c.Has("MDTM"))
		a.TLS = verdict(c.Has("AUTH"))
	}
	if c.Secure() {
		a.TLS = Yes
		if a.Clear, err = agrees(c.Protect(ctx, false)); err != nil {
			return a, err
		}
	}
	if a.REST, err = agrees(c.Restart(ctx, 1)); err != nil {
		return a, err
	}
	if err := c.Restart(ctx, 0); err != nil && !refused(err) {
		return a, err
	}
	passive, err := c.Cmd(ctx, "EPSV")
	if err != nil {
		return a, err
	}
	a.EPSV = verdict(passive.Code == 229)
	if a.Port, err = agrees(c.Port(ctx, nobodys4)); err != nil {
		return a, err
	}
	a.Eprt, err = agrees(c.Port(ctx, nobodys6))
	return a, err
}

func verdict(yes bool) Verdict {
	if yes {
		return Yes
	}
	return No
}

// agrees is the verdict of a command that a server may refuse.
func agrees(err error) (Verdict, error) {
	if refused(err) {
		return No, nil
	}
	return verdict(err == nil), err
}

// invite finds out whether a passive port takes a data connection from elsewhere.
func (p *Pool) invite(ctx context.Context, a Abilities) Verdict {
	c, err := p.Take(ctx)
	if err != nil {
		return Unknown
	}
	defer c.Release()
	p.mu.Lock()
	c.last = true
	p.mu.Unlock()
	if a.Clear == Yes && c.Protect(ctx, false) != nil {
		return Unknown
	}
	addr, err := c.Listen(ctx)
	if err != nil {
		return Unknown
	}
	guest, err := guestOf(ctx, c, addr)
	if err != nil {
		p.cfg.Log.Debug("a foreign server's passive ports were not tried from elsewhere", "server", p.Server(), "error", err)
		return Unknown
	}
	defer guest.Close()
	return c.entertain(ctx, guest, c.Secure() && a.Clear != Yes)
}

// entertain has a listing sent to a data connection from elsewhere. In TLS, which we do not
// take from there, the beginning is enough.
func (c *Conn) entertain(ctx context.Context, guest net.Conn, begun bool) Verdict {
	waits, cancel := context.WithTimeoutCause(ctx, guestTime, errNoAnswer)
	defer cancel()
	listing, err := c.Begin(waits, "LIST")
	switch {
	case ctx.Err() != nil:
		return Unknown
	case err != nil:
		return No
	case begun:
		guest.Close()
	default:
		_ = guest.SetReadDeadline(time.Now().Add(guestTime)) // a connection that is open has deadlines
		_, _ = io.Copy(io.Discard, io.LimitReader(guest, 64<<10))
		guest.Close()
	}
	ends, cancel := context.WithTimeoutCause(ctx, guestTime, errNoAnswer)
	defer cancel()
	_, err = listing.Wait(ends)
	no, ok := errors.AsType[*ftpconn.ReplyError](err)
	if ok && !begun && no.Reply.Code == 425 {
		return No
	}
	return Yes
}

// guestOf dials from another address than that of a control connection.
func guestOf(ctx context.Context, c *Conn, addr netip.AddrPort) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, c.pool.cfg.Timeout)
	defer cancel()
	from, ok := anotherOfOurs(c.Local().Addr(), c.Peer().Addr())
	if !ok {
		return nil, data.ErrNotDirect
	}
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: from.AsSlice()}}
	return dialer.DialContext(ctx, "tcp", addr.String())
}

// anotherOfOurs returns an address of this machine that a server sees as another one than
// the given one of ours. Behind an address translation all of ours look the same.
func anotherOfOurs(local, peer netip.Addr) (netip.Addr, bool) {
	if local.IsPrivate() && !peer.IsPrivate() {
		return netip.Addr{}, false
	}
	if local.IsLoopback() && local.Is4() {
		return netip.AddrFrom4([4]byte{127, 0, 0, 3}), true // as all of 127/8 is
	}
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return netip.Addr{}, false
	}
	for _, a := range addrs {
		prefix, ok := a.(*net.IPNet)
		if !ok {
			continue
		}
		addr, _ := netip.AddrFromSlice(prefix.IP)
		addr = addr.Unmap()
		if addr != local && addr.Is4() == local.Is4() && addr.IsGlobalUnicast() && addr.IsPrivate() == local.IsPrivate() {
			return addr, true
		}
	}
	return netip.Addr{}, false
}

// count opens connections for as long as there is room and nobody waits for one. It returns
// how many there were when the server let us have no more, 0 if that did not happen.
func (p *Pool) count(ctx context.Context) int {
	ctx, cancel := context.WithTimeout(ctx, countTime)
	defer cancel()
	var extra []*Conn
	defer func() {
		for _, c := range extra {
			c.Release()
		}
	}()
	for refusals := 0; ; {
		c := p.reserve(len(extra) > 0)
		if c == nil {
			return 0
		}
		conn, err := ftpconn.Dial(ctx, p.dialConfig())
		if err == nil {
			p.mu.Lock()
			c.Conn = conn
			c.take(false)
			p.mu.Unlock()
			extra = append(extra, c)
			continue
		}
		others := p.unreserve(c)
		_, busy := errors.AsType[*ftpconn.BusyError](err)
		switch refusals++; {
		case !busy:
			return 0
		case refusals > 1:
			return others
		}
		// The server may not have noticed yet that we have closed some.
		select {
		case <-time.After(settling):
		case <-ctx.Done():
			return others
		}
	}
}

// reserve takes the room of one connection, which perhaps is closed when it is given back;
// nil if there is none, or somebody waits for it.
func (p *Pool) reserve(last bool) *Conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || len(p.waiting) > 0 || len(p.conns) >= p.server.limit() {
		return nil
	}
	c := &Conn{pool: p, state: connecting, since: time.Now(), last: last}
	p.conns[c] = true
	return c
}

// unreserve gives it up, and returns how many connections are open.
func (p *Pool) unreserve(c *Conn) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, c)
	p.connect()
	return len(p.conns) - p.dialling
}
