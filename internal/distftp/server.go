package distftp

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"time"

	"mirrortracker/internal/distftp/control"
	"mirrortracker/internal/distftp/data"
	"mirrortracker/internal/distftp/localfs"
)

// Config says what a server does. Fields left zero have the value given with them;
// FS must be set.
type Config struct {
	FS            control.FS
	Planner       control.Planner       // where the bytes of files come from: FS, which must be a [data.Opener] then
	Authenticator control.Authenticator // who may log in: [control.Anonymous]
	Access        control.Access        // what accounts without rights of their own may do: [control.ReadOnly]
	Manager       control.Manager       // of users and groups, by SITE commands: nothing to manage
	Mirrors       control.Mirrors       // which foreign servers stand in for this one: none can
	Overseer      control.Overseer      // of the machines that hold the files: it is this one
	TLS           *control.TLS          // how connections are protected: not at all
	Hosts         []string              // the names that HOST may ask for: any
	Banner        string                // the greeting: "FTP server ready"
	Logger        *slog.Logger          // nowhere
	Observer      control.Observer      // told of everything, after the logger: nobody

	LoginTimeout time.Duration // from connecting to being logged in: 1 minute
	IdleTimeout  time.Duration // until the next command, whole: 5 minutes (RFC 1123, 4.1.3.2)
	DataTimeout  time.Duration // for a data connection to come about, or not to move: 1 minute
	FailureDelay time.Duration // of the answer to the first failed login, more for others: 1 second

	// MaxFailures is how many failed logins from one address are remembered; then none is
	// tried any more until FailureMemory is over and one is forgotten: 20 and 30 seconds.
	// Below zero there is no such limit.
	MaxFailures   int
	FailureMemory time.Duration

	// StopTimeout is for how long, when the server stops, transfers under way may go on,
	// and new clients are told that it does (421): not at all. Sessions without a transfer
	// end at once.
	StopTimeout time.Duration

	// Limits of sessions at a time; further clients get 421. Below zero there is none.
	MaxSessions   int // in all: 1,000
	MaxPerAddress int // from one address: 100
	MaxPerUser    int // of one user, the anonymous too, unless the account has its own: none

	// Lots are the random numbers by which holders of files are drawn: those of math/rand.
	Lots func() uint64

	// Now is the clock that listings compare dates with: [time.Now]. Time limits
	// always follow the real clock.
	Now func() time.Time
}

// engineConfig returns the configuration in the words of the engine.
func (c Config) engineConfig() control.Config {
	e := control.Config{
		FS:            c.FS,
		Planner:       c.Planner,
		Authenticator: c.Authenticator,
		Access:        c.Access,
		Manager:       c.Manager,
		Mirrors:       c.Mirrors,
		Overseer:      c.Overseer,
		TLS:           c.TLS,
		Hosts:         c.Hosts,
		Limits: control.Limits{
			Sessions:   cmp.Or(c.MaxSessions, 1000),
			PerAddress: cmp.Or(c.MaxPerAddress, 100),
			PerUser:    c.MaxPerUser,
			Failures:   cmp.Or(c.MaxFailures, 20),
		},
		Banner:        cmp.Or(c.Banner, "FTP server ready"),
		Log:           c.Logger,
		Observer:      c.Observer,
		FailureDelay:  cmp.Or(c.FailureDelay, time.Second),
		FailureMemory: cmp.Or(c.FailureMemory, 30*time.Second),
		LoginTimeout:  cmp.Or(c.LoginTimeout, time.Minute),
		IdleTimeout:   cmp.Or(c.IdleTimeout, 5*time.Minute),
		DataTimeout:   cmp.Or(c.DataTimeout, time.Minute),
		Now:           c.Now,
		Lots:          c.Lots,
	}
	if e.Planner == nil {
		e.Planner = data.Disk{Files: c.FS.(data.Opener)}
	}
	if e.Authenticator == nil {
		e.Authenticator = control.Anonymous{}
	}
	if e.Access == nil {
		e.Access = control.ReadOnly
	}
	if e.Log == nil {
		e.Log = slog.New(slog.DiscardHandler)
	}
	if e.Now == nil {
		e.Now = time.Now
	}
	e.Limits.Sessions = affordable(e.Limits.Sessions, e.Log)
	return e
}

// A Server is one FTP server. Make it with [New].
type Server struct {
	ctx  context.Context // of the sessions
	end  context.CancelCauseFunc
	work sync.WaitGroup // doors, sessions and sweeps

	failed      chan error    // holds the first that a door failed with
	connections chan struct{} // has one for each connection that is not yet closed

	mu      sync.Mutex
	present *generation
	doors   map[net.Listener]Door // that are open
	ending  bool                  // no more doors are opened
}

// errStopping says that the server ends, or has ended.
var errStopping = errors.New("the server stops")

// A generation is those sessions that began under one configuration.
type generation struct {
	Config
	engine   *control.Engine
	log      *slog.Logger
	sessions sync.WaitGroup // none begins once there is another generation
}

// New makes a server; [Server.Serve] sets it to work.
func New(c Config) *Server {
	e := c.engineConfig()
	s := &Server{
		failed:      make(chan error, 1),
		connections: make(chan struct{}, affordableConnections()),
		present:     &generation{Config: c, engine: control.New(e), log: e.Log},
		doors:       map[net.Listener]Door{},
	}
	s.ctx, s.end = context.WithCancelCause(context.Background())
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

// ServeDoors answers the connections of several listeners as [Server.Open] and
// [Server.Run] do.
func (s *Server) ServeDoors(ctx context.Context, doors ...Door) error {
	if err := s.Open(doors...); err != nil {
		return err
	}
	return s.Run(ctx)
}

// Open begins to answer the connections of several listeners, which belong to the
// server then. [Server.Run] must follow.
func (s *Server) Open(doors ...Door) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.present.admit(doors); err != nil {
		return err
	}
	s.sweep(s.present)
	s.open(doors)
	return nil
}

// Run answers connections until ctx ends, which is no error, or a door fails. In either
// case it closes all doors, ends all sessions as [Config] says, and returns when
// everything that was started has ended.
func (s *Server) Run(ctx context.Context) error {
	defer s.work.Wait()
	defer s.shut()
	select {
	case <-ctx.Done():
		s.drain()
		return nil
	case err := <-s.failed:
		return err
	}
}

// Reconfigure puts another configuration and other doors in force, for clients that come
// from now on; sessions under way go on as they began. Doors whose listeners were among
// the former ones stay open, the others of those are closed. Limits of sessions count
// all sessions. The channel is closed when the last session under the former
// configuration has ended; until then what that names is needed.
//
// In an error everything stays as it was, and the doors are the caller's.
func (s *Server) Reconfigure(c Config, doors ...Door) (gone <-chan struct{}, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ending {
		return nil, errStopping
	}
	e := c.engineConfig()
	next := &generation{Config: c, log: e.Log}
	if err := next.admit(doors); err != nil {
		return nil, err
	}
	former := s.present
	next.engine = former.engine.Next(e)
	s.present = next
	if next.FS != former.FS {
		s.sweep(next)
	}
	s.open(doors)
	over := make(chan struct{})
	go func() {
		former.sessions.Wait()
		close(over)
	}()
	return over, nil
}

// drain lets transfers go on for a while, and nothing else.
func (s *Server) drain() {
	s.mu.Lock()
	s.ending = true
	g := s.present
	for ln, d := range s.doors {
		if d.Shared || g.StopTimeout <= 0 {
			s.shutDoor(ln)
		}
	}
	s.mu.Unlock()
	if g.StopTimeout <= 0 {
		return
	}
	timer := time.NewTimer(g.StopTimeout)
	defer timer.Stop()
	select {
	case <-g.engine.Drain():
	case <-timer.C:
		g.log.Warn("transfers are broken off, as they take too long to end", "stop_timeout", g.StopTimeout)
	}
}

// shut ends everything.
func (s *Server) shut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ending = true
	for ln := range s.doors {
		s.shutDoor(ln)
	}
	s.end(errStopping)
}

// A sweeper is an [FS] in which killed uploads can leave something.
type sweeper interface {
	Sweep(ctx context.Context) (removed int, err error)
}

// sweep begins to remove what uploads of an earlier server left, unless nobody can
// upload. It needs the lock.
func (s *Server) sweep(g *generation) {
	files, ok := g.FS.(sweeper)
	if !ok || g.Authenticator == nil && g.Access == nil {
		return
	}
	g.sessions.Add(1) // what it sweeps is needed as by a session
	s.work.Go(func() {
		defer g.sessions.Done()
		removed, err := files.Sweep(s.ctx)
		if s.ctx.Err() != nil {
			err = nil // the next server begins anew
		}
		g.engine.Observer.Observe(&control.Swept{Removed: removed, Err: err})
	})
}
