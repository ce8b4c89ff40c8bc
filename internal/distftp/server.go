package distftp

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"mirrortracker/internal/distftp/control"
	"mirrortracker/internal/distftp/data"
	"mirrortracker/internal/distftp/localfs"
)

// FS is what a server serves: names, and the files behind them.
type FS interface {
	control.FS
	data.Opener
}

var _ FS = (*localfs.Folder)(nil)

// Config says what a server does. Fields left zero have the value given with them;
// FS must be set.
type Config struct {
	FS            FS
	Authenticator control.Authenticator // who may log in: [control.Anonymous]
	Access        control.Access        // what accounts without rights of their own may do: [control.ReadOnly]
	Manager       control.Manager       // of users and groups, by SITE commands: nothing to manage
	TLS           *control.TLS          // how connections are protected: not at all
	Hosts         []string              // the names that HOST may ask for: any
	Banner        string                // the greeting: "FTP server ready"
	Logger        *slog.Logger          // nowhere

	LoginTimeout time.Duration // from connecting to being logged in: 1 minute
	IdleTimeout  time.Duration // until the next command, whole: 5 minutes (RFC 1123, 4.1.3.2)
	DataTimeout  time.Duration // for a data connection to come about, or not to move: 1 minute
	FailureDelay time.Duration // of the answer to the first failed login, more for others: 1 second

	// Limits of sessions at a time; further clients get 421. Below zero there is none.
	MaxSessions   int // in all: 1,000
	MaxPerAddress int // from one address: 100
	MaxPerUser    int // of one user, the anonymous too, unless the account has its own: none

	// Now is the clock that listings compare dates with: [time.Now]. Time limits
	// always follow the real clock.
	Now func() time.Time
}

// A Server is one FTP server. Make it with [New].
type Server struct {
	engine *control.Engine
	log    *slog.Logger
	tls    bool

	sweeper sweeper // nil if nobody can upload
}

// New makes a server; [Server.Serve] sets it to work.
func New(c Config) *Server {
	log := c.Logger
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	users := c.Authenticator
	if users == nil {
		users = control.Anonymous{}
	}
	access := c.Access
	if access == nil {
		access = control.ReadOnly
	}
	now := c.Now
	if now == nil {
		now = time.Now
	}
	s := &Server{
		engine: control.New(control.Config{
			FS:            c.FS,
			Planner:       data.Disk{Files: c.FS},
			Authenticator: users,
			Access:        access,
			Manager:       c.Manager,
			TLS:           c.TLS,
			Hosts:         c.Hosts,
			Limits: control.Limits{
				Sessions:   cmp.Or(c.MaxSessions, 1000),
				PerAddress: cmp.Or(c.MaxPerAddress, 100),
				PerUser:    c.MaxPerUser,
			},
			Banner:       cmp.Or(c.Banner, "FTP server ready"),
			Log:          log,
			FailureDelay: cmp.Or(c.FailureDelay, time.Second),
			LoginTimeout: cmp.Or(c.LoginTimeout, time.Minute),
			IdleTimeout:  cmp.Or(c.IdleTimeout, 5*time.Minute),
			DataTimeout:  cmp.Or(c.DataTimeout, time.Minute),
			Now:          now,
		}),
		log: log,
		tls: c.TLS != nil,
	}
	if c.Authenticator != nil || c.Access != nil {
		s.sweeper, _ = c.FS.(sweeper)
	}
	return s
}

// ServeFolder serves a folder with the defaults of [Config] until ctx ends.
func ServeFolder(ctx context.Context, ln net.Listener, dir string) error {
	folder, err := localfs.Open(dir)
	if err != nil {
		return err
	}
	defer folder.Close()
	return New(Config{FS: folder}).Serve(ctx, ln)
}

// Serve answers the connections of one listener as [Server.ServeDoors] does.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	return s.ServeDoors(ctx, Door{Listener: ln})
}

// A Door is a listener, and what holds for those who come in through it.
type Door struct {
	net.Listener
	control.Door
}

// ServeDoors answers the connections of several listeners until ctx ends, which is no
// error, or one of them fails. In either case it closes them and all sessions, and
// returns when everything that it started has ended.
func (s *Server) ServeDoors(ctx context.Context, doors ...Door) error {
	for _, d := range doors {
		if d.Implicit && !s.tls {
			return fmt.Errorf("serve ftp on %s: implicit TLS needs a certificate", d.Addr())
		}
	}
	group, ctx := errgroup.WithContext(ctx)
	if s.sweeper != nil {
		group.Go(func() error { s.sweep(ctx); return nil })
	}
	for _, d := range doors {
		group.Go(func() error { return s.serve(ctx, d) })
	}
	return group.Wait()
}

// A sweeper is an [FS] in which killed uploads can leave something.
type sweeper interface {
	Sweep(ctx context.Context) (removed int, err error)
}

// sweep removes what uploads of an earlier server left.
func (s *Server) sweep(ctx context.Context) {
	removed, err := s.sweeper.Sweep(ctx)
	s.log.Info("swept", "removed", removed)
	if err != nil && ctx.Err() == nil {
		s.log.Warn("sweep incomplete", "err", err)
	}
}

func (s *Server) serve(ctx context.Context, d Door) error {
	ln := d.Listener
	ctx, cancel := context.WithCancel(ctx)
	var sessions sync.WaitGroup
	defer sessions.Wait()
	defer cancel()
	stop := context.AfterFunc(ctx, func() { ln.Close() })
	defer stop()
	defer ln.Close()

	var pause time.Duration
	for {
		conn, err := ln.Accept()
		switch {
		case ctx.Err() != nil:
			if err == nil {
				conn.Close()
			}
			return nil
		case errors.Is(err, net.ErrClosed):
			return fmt.Errorf("serve ftp on %s: %w", ln.Addr(), err)
		case err != nil:
			// Out of descriptors, or a client that was gone at once: serving goes on.
			pause = min(max(2*pause, 5*time.Millisecond), time.Second)
			s.log.Error("accept", "err", err, "pause", pause)
			if !sleep(ctx, pause) {
				return nil
			}
			continue
		}
		pause = 0
		sessions.Go(func() { s.engine.Serve(ctx, conn, d.Door) })
	}
}

// sleep waits, and reports false if ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
