package link

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"time"

	"mirrortracker/internal/distftp/identity"
	"mirrortracker/internal/distftp/mux"
	"mirrortracker/internal/distftp/wire"
)

// A SlaveConfig is what a slave is linked to its masters with.
type SlaveConfig struct {
	Identity *identity.Identity
	Slave    wire.Slave // what the masters ask
	Log      *slog.Logger

	// Linked, if not nil, is told whenever a link begins or ends: the master's address,
	// and how many there are now.
	Linked func(master string, on bool, links int)
}

// Pauses between attempts to reach a master. They double from the first to the longest, and
// begin anew after a link that was a link.
const (
	firstPause   = 100 * time.Millisecond
	longestPause = 5 * time.Second
	refusedPause = 15 * time.Second // after a master has said no
)

// dialTimeout is for the connection to a master.
const dialTimeout = 5 * time.Second

// Serve keeps a link to each master of the identity until ctx ends, and follows when they
// become others.
func Serve(ctx context.Context, c SlaveConfig) {
	s := &slave{SlaveConfig: c, linked: map[string]bool{}}
	dialled := map[string]context.CancelFunc{}
	var work sync.WaitGroup
	defer work.Wait()
	for {
		changed := c.Identity.Changed()
		masters := map[string]bool{}
		for _, m := range c.Identity.Masters() {
			masters[m] = true
			if dialled[m] == nil {
				to, cancel := context.WithCancel(ctx)
				dialled[m] = cancel
				work.Go(func() { s.keep(to, m) })
			}
		}
		for m, cancel := range dialled {
			if !masters[m] {
				cancel()
				delete(dialled, m)
			}
		}
		select {
		case <-ctx.Done():
			for _, cancel := range dialled {
				cancel()
			}
			return
		case <-changed:
		}
	}
}

type slave struct {
	SlaveConfig
	mu     sync.Mutex
	linked map[string]bool
}

// keep keeps a link to one master.
func (s *slave) keep(ctx context.Context, master string) {
	log := s.Log.With("master", master)
	pause, last := firstPause, ""
	for ctx.Err() == nil {
		linked, err := s.link(ctx, master, log)
		switch {
		case ctx.Err() != nil:
			return
		case linked:
			pause, last = firstPause, ""
			log.Warn("link to the master is lost", "err", err)
		case err.Error() != last: // it is said once
			last = err.Error()
			log.Error("no link to the master", "err", err)
		}
		if _, refused := errors.AsType[*refusedError](err); refused {
			pause = refusedPause
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause/2 + rand.N(pause)):
		}
		pause = min(2*pause, longestPause)
	}
}

// A refusedError is a master's no.
type refusedError struct{ reason string }

func (e *refusedError) Error() string { return "refused: " + e.reason }

// link dials a master and serves it until the link ends. It reports whether the master let
// us in.
func (s *slave) link(ctx context.Context, master string, log *slog.Logger) (linked bool, err error) {
	conn, err := s.dial(ctx, master)
	if err != nil {
		return false, err
	}
	defer conn.Close()
	// What the master says. Handlers may still run when the connection is gone.
	var said struct {
		sync.Mutex
		greeted bool
		refused string
	}
	timely := time.AfterFunc(handshakeTimeout, func() { conn.Close() })
	defer timely.Stop()
	routes := http.NewServeMux()
	hear(routes, pathGreeting, func(g greeting) error {
		said.Lock()
		defer said.Unlock()
		if !said.greeted {
			timely.Stop()
			said.greeted = true
			s.note(master, true, log)
		}
		if g.Renewed == nil {
			return nil
		}
		return s.Identity.Renew(*g.Renewed)
	})
	hear(routes, pathRefusal, func(r refusal) error {
		said.Lock()
		defer said.Unlock()
		said.refused = fmt.Sprintf("%.1000s", r.Reason)
		return nil
	})
	routes.Handle("/", wire.Routes(s.Slave, log))
	err = mux.Serve(ctx, conn, patience, routes, log)
	said.Lock()
	defer said.Unlock()
	if said.greeted {
		s.note(master, false, log)
	}
	if said.refused != "" {
		return said.greeted, &refusedError{said.refused}
	}
	return said.greeted, err
}

// note writes down whether there is a link to a master.
func (s *slave) note(master string, on bool, log *slog.Logger) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if on {
		s.linked[master] = true
		log.Info("joined")
	} else {
		delete(s.linked, master)
	}
	if s.Linked != nil {
		s.Linked(master, on, len(s.linked))
	}
}

func (s *slave) dial(ctx context.Context, master string) (*tls.Conn, error) {
	c := s.Identity.Client(identity.Master)
	c.NextProtos = []string{identity.LinkProtocol}
	c.ClientSessionCache = nil // each link shows what it is anew
	dialing, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(dialing, "tcp", master)
	if err != nil {
		return nil, err
	}
	shaking, cancel := context.WithTimeout(ctx, handshakeTimeout)
	defer cancel()
	secure := tls.Client(conn, c)
	if err := secure.HandshakeContext(shaking); err != nil {
		conn.Close()
		return nil, fmt.Errorf("TLS: %w", err)
	}
	return secure, nil
}
