package main

import (
	"context"
	"fmt"
	"net/netip"
	"runtime"
	"time"

	"mirrortracker/internal/bench/run"
)

// Kinds of idle sessions.
const (
	justLoggedIn = "logged in"
	afterUse     = "after a listing and a file"
	underTLS     = "logged in under TLS"
)

// settle is how long sessions have done nothing when the memory is looked at.
const settle = 3 * time.Second

// idle measures the memory of sessions that do nothing: all that the processes of a
// server have, what they share counted once, by the number of sessions.
func (b *bench) idle(ctx context.Context) error {
	for _, kind := range []string{justLoggedIn, afterUse, underTLS} {
		err := b.withServers(kind == underTLS, func(servers []*server) error {
			for _, s := range servers {
				if ctx.Err() != nil {
					return run.ErrInterrupted
				}
				i, err := b.rest(s, kind)
				if err != nil {
					return fmt.Errorf("%s: %w", s.name, err)
				}
				b.results.Idle = append(b.results.Idle, i)
				b.Say("%s, %s: %.1f KiB in each of %d sessions", kind, s.name, i.each(), i.Sessions)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// rest opens sessions on a server and leaves them alone.
func (b *bench) rest(s *server, kind string) (idle, error) {
	i := idle{Kind: kind, Server: s.name, Sessions: b.options.Sessions}
	if s.name != ours {
		i.Sessions /= 50
	}
	sessions := make([]*session, 0, i.Sessions)
	defer func() {
		for _, c := range sessions {
			c.close()
		}
	}()
	for n := range i.Sessions {
		// From more addresses than one, as they come, too.
		from := netip.AddrFrom4([4]byte{127, 0, byte(n / 250), byte(1 + n%250)})
		c, err := connect(from, s, clientTLS(kind == underTLS))
		if err != nil {
			return i, err
		}
		sessions = append(sessions, c)
		if kind == afterUse {
			if err := c.use(); err != nil {
				return i, err
			}
		}
	}
	time.Sleep(settle)
	m, err := s.families[0].Memory()
	i.Bytes = m.PSS
	runtime.KeepAlive(sessions)
	return i, err
}

// use does what most clients do before they do nothing.
func (c *session) use() error {
	if _, err := c.ask('2', "TYPE I"); err != nil {
		return err
	}
	if err := c.discard("LIST /", 0); err != nil {
		return err
	}
	return c.discard("RETR "+once, smallSize)
}
