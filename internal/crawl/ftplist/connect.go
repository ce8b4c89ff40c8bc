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
	s.opens(1)
	return l, nil
}

// Close closes the connection.
func (l *lister) Close() error {
	l.opens(-1)
	defer l.release()
	if l.conn == nil {
		return nil
	}
	return l.conn.Close()
}

// opens notes that a connection was opened or closed.
func (s *Source) opens(change int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opened += change
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
		l.move("")
		if l.hasEnough(err) {
			l.crowded()
			return &crawl.BusyError{Err: err}
		}
		return l.final(err)
	}
	l.enters()
	l.mlsd = l.conn.Has("MLST") || l.conn.Has("MLSD")
	l.move(l.conn.Host())
	return nil
}

// address returns how to connect: to the address of the first connection, because
// the machines behind a name need not hold the same.
func (s *Source) address() ftpconn.Config {
	s.mu.Lock()
	defer s.mu.Unlock()
	cfg := s.cfg.Conn
	cfg.Addr = s.cfg.URL.HostPort()
	if s.host != "" {
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

// move notes the address to which further connections go, "" for any of the name's.
func (s *Source) move(host string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.host = host
}
