package doors

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// The limits of a connection. A request is a few hundred bytes and is asked for at once,
// so only a broken or hostile client meets them.
const (
	readTimeout  = 10 * time.Second // of a whole request; none has a body that is read
	writeTimeout = 30 * time.Second
	idleTimeout  = 2 * time.Minute

	// MaxHeader is how long a request's line and headers may be, in bytes; about 4 KiB
	// more are let through. Beyond it the answer is 431.
	MaxHeader = 32 << 10
)

// How a server ends: for a moment clients that ask again are told that it is for the
// last time; then idle connections are closed, and what is under way may end.
const (
	farewell = time.Second
	grace    = 10 * time.Second
)

// A Door is where requests come in, and what answers them.
type Door struct {
	net.Listener
	Handler http.Handler
	Write   time.Duration // for how long an answer may take; 0 means 30 seconds
}

// Serve answers at all doors until ctx is done or one of them fails, and closes
// their listeners. When ctx is done it takes no more connections, says in each
// answer that the connection ends with it, lets what is under way end, and returns
// nil. A client thus sees no connection end in the midst of anything, and where
// somebody else holds the listening sockets too (systemd.socket(5)), none is
// refused.
func Serve(ctx context.Context, log *slog.Logger, doors ...Door) error {
	s := server{failed: make(chan error, len(doors))}
	for _, d := range doors {
		s.open(d, log)
	}
	var failed error
	select {
	case failed = <-s.failed:
	case <-ctx.Done():
	}
	return errors.Join(failed, s.end(context.WithoutCancel(ctx)))
}

type server struct {
	doors       []Door
	servers     []*http.Server
	failed      chan error
	accepting   sync.WaitGroup
	ending      atomic.Bool
	connections atomic.Int64
}

func (s *server) open(d Door, log *slog.Logger) {
	h := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			if s.ending.Load() {
				w.Header()["Connection"] = []string{"close"}
			}
			d.Handler.ServeHTTP(w, req)
		}),
		ReadTimeout:    readTimeout,
		WriteTimeout:   cmp.Or(d.Write, writeTimeout),
		IdleTimeout:    idleTimeout,
		MaxHeaderBytes: MaxHeader,
		// OPTIONS * is a request like any other.
		DisableGeneralOptionsHandler: true,
		ConnState:                    s.count,
		ErrorLog:                     slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	s.doors, s.servers = append(s.doors, d), append(s.servers, h)
	s.accepting.Go(func() {
		if err := h.Serve(d.Listener); !s.ending.Load() {
			s.failed <- fmt.Errorf("serve on %s: %w", d.Addr(), err)
		}
	})
}

func (s *server) count(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		s.connections.Add(1)
	case http.StateClosed, http.StateHijacked:
		s.connections.Add(-1)
	}
}

func (s *server) end(ctx context.Context) error {
	s.ending.Store(true)
	var failed []error
	for _, d := range s.doors {
		if err := d.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			failed = append(failed, fmt.Errorf("close %s: %w", d.Addr(), err))
		}
	}
	s.accepting.Wait() // what was accepted last is counted, and not left behind
	tick := time.NewTicker(farewell / 50)
	defer tick.Stop()
	for until := time.Now().Add(farewell); s.connections.Load() > 0 && time.Now().Before(until); {
		<-tick.C
	}
	ctx, cancel := context.WithTimeout(ctx, grace)
	defer cancel()
	for i, h := range s.servers {
		// The listener is closed already, which it tells of again.
		if err := h.Shutdown(ctx); err != nil && !errors.Is(err, net.ErrClosed) {
			failed = append(failed, fmt.Errorf("shut down %s: %w", s.doors[i].Addr(), err), h.Close())
		}
	}
	return errors.Join(failed...)
}
