package ftplist

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strconv"

	"mirrortracker/internal/crawl"
	"mirrortracker/internal/ftpconn"
)

// Open implements [crawl.Source]: it connects to the site.
func (s *Source) Open(ctx context.Context) (crawl.Lister, error) {
	l, err := s.open(ctx)
	if err != nil {
		return nil, err
	}
	return l, nil
}

func (s *Source) open(ctx context.Context) (*lister, error) {
	release, err := s.slot(ctx)
	if err != nil {
		return nil, err
	}
	l := &lister{Source: s, release: release}
	if err := l.connect(ctx); err != nil {
		release()
		return nil, err
	}
	return l, nil
}

// Close closes the connection.
func (l *lister) Close() error {
	defer l.release()
	if l.conn == nil {
		return nil
	}
	return l.hangUp()
}

// hangUp closes the connection, whose server may still be sending.
func (l *lister) hangUp() error {
	conn := l.conn
	l.conn = nil
	defer l.leaves()
	return conn.Close()
}

// enters notes that a connection is logged in, at an address to which all others are to
// go. Another machine has to earn trust anew.
func (s *Source) enters(host string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if host != s.host {
		if s.opened > 0 {
			return fmt.Errorf("%s answers for the site, and another connection goes to %s", host, s.host)
		}
		s.agreed, s.recursions = nil, recursions{}
	}
	s.entered, s.host, s.anyHost = true, host, false
	s.opened++
	return nil
}

// leaves notes that a connection was closed.
func (s *Source) leaves() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opened--
}

// errNoSlot says that other crawls have all the connections that the host may have.
var errNoSlot = errors.New("other crawls have the connections to the host")

// slot waits for the first connection of a crawl, and takes further ones as there is
// room.
func (s *Source) slot(ctx context.Context) (release func(), err error) {
	if s.cfg.Slots == nil {
		return func() {}, nil
	}
	s.mu.Lock()
	first := s.opened == 0
	s.mu.Unlock()
	if first {
		return s.cfg.Slots.Connect(ctx)
	}
	release, ok := s.cfg.Slots.TryConnect()
	if !ok {
		return nil, &crawl.BusyError{Err: errNoSlot}
	}
	return release, nil
}

// connect takes no longer than a listing may. That the site accepts no more
// connections is learnt.
func (l *lister) connect(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, l.cfg.Whole, fmt.Errorf("logging in takes longer than %s", l.cfg.Whole))
	defer cancel()
	l.conn, err = ftpconn.Dial(ctx, l.address())
	if err != nil {
		l.leaveHost()
		if l.hasEnough(err) {
			l.crowded()
			return &crawl.BusyError{Err: err}
		}
		return l.final(err)
	}
	if err := l.enters(l.conn.Host()); err != nil {
		l.conn.Close()
		l.conn = nil
		return err
	}
	l.mlsd = l.conn.Has("MLST") || l.conn.Has("MLSD")
	return nil
}

// address returns how to connect: to the address of the first connection, because
// the machines behind a name need not hold the same.
func (s *Source) address() ftpconn.Config {
	s.mu.Lock()
	defer s.mu.Unlock()
	cfg := s.cfg.Conn
	cfg.Addr = s.cfg.URL.HostPort()
	if s.host != "" && !s.anyHost {
		cfg.Addr = net.JoinHostPort(s.host, strconv.Itoa(int(s.cfg.URL.Port)))
		cfg.TLSConfig = named(cfg.TLSConfig, s.cfg.URL.Host)
	}
	return cfg
}

// named returns a configuration that expects certificates of a name.
func named(c *tls.Config, name string) *tls.Config {
	if c == nil {
		return &tls.Config{ServerName: name}
	}
	c = c.Clone()
	c.ServerName = name
	return c
}

// leaveHost lets the next connection go to any of the name's addresses, where none is
// open to the present one.
func (s *Source) leaveHost() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.anyHost = s.opened == 0
}
