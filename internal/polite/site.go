package polite

import (
	"context"
	"maps"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// A Site is a site that is being crawled. Its methods may be called by many
// goroutines at a time. A nil Site has no limits.
type Site struct {
	pacer       *Pacer
	host        *host
	directories *rate.Limiter // nil for any
	bytes       *rate.Limiter // nil for any
}

// Close ends the crawl. Connections that are still open count until they are
// released.
func (s *Site) Close() {
	if s == nil {
		return
	}
	s.pacer.mu.Lock()
	defer s.pacer.mu.Unlock()
	delete(s.host.wants, s)
	s.host.resize(s.pacer.perHost)
	s.forget()
}

// forget drops a host that nobody crawls and nobody is connected to.
func (s *Site) forget() {
	if len(s.host.wants) == 0 && s.host.idle() {
		maps.DeleteFunc(s.pacer.hosts, func(_ string, h *host) bool { return h == s.host })
	}
}

// Connect waits until one more connection to the site's host may be opened. The
// connection counts until release is called, which may be called again. The error is
// the context's.
func (s *Site) Connect(ctx context.Context) (release func(), err error) {
	if s == nil {
		return func() {}, nil
	}
	if err := s.host.enter(ctx); err != nil {
		return nil, err
	}
	return s.leaving(), nil
}

// TryConnect is Connect for a connection that can be done without: it does not wait,
// and reports false where there is no room.
func (s *Site) TryConnect() (release func(), ok bool) {
	if s == nil {
		return func() {}, true
	}
	if !s.host.tryEnter() {
		return nil, false
	}
	return s.leaving(), true
}

func (s *Site) leaving() (release func()) {
	return sync.OnceFunc(func() {
		s.pacer.mu.Lock()
		defer s.pacer.mu.Unlock()
		s.host.leave()
		s.forget()
	})
}

// Wait waits until one more directory may be asked for. The error is the context's.
func (s *Site) Wait(ctx context.Context) error { return s.WaitN(ctx, 1) }

// WaitN waits for n directories, which came all together as in an index file: it is
// called after they came, and before anything else is asked for.
func (s *Site) WaitN(ctx context.Context, n int) error {
	if s == nil || s.directories == nil {
		return context.Cause(ctx)
	}
	for burst := s.directories.Burst(); n > 0; n -= burst {
		if err := wait(ctx, s.directories, min(n, burst)); err != nil {
			return err
		}
	}
	return nil
}

// Allow reports whether one more directory may be asked for at once, and counts it if
// so.
func (s *Site) Allow() bool {
	return s == nil || s.directories == nil || s.directories.Allow()
}

// Bytes returns the limiter of what is received, nil where there is no limit. At
// least 32 KiB may be waited for at once.
func (s *Site) Bytes() *rate.Limiter {
	if s == nil {
		return nil
	}
	return s.bytes
}

// wait is the limiter's, but for a context whose deadline is nearer than its turn: it
// waits for that, so that the error is the context's own.
func wait(ctx context.Context, l *rate.Limiter, n int) error {
	turn := l.ReserveN(time.Now(), n)
	timer := time.NewTimer(turn.Delay())
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		turn.Cancel()
		return context.Cause(ctx)
	}
}
