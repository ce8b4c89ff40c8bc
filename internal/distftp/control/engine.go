package control

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sync/semaphore"

	"mirrortracker/internal/distftp/data"
	"mirrortracker/internal/distftp/vfs"
	"mirrortracker/internal/mirror"
)

// FS is where names come from. Its methods may be called concurrently.
//
// Errors are told apart by [fs.ErrNotExist], [fs.ErrPermission], [vfs.ErrNotDir]
// and [vfs.ErrNotRegular]; all others count as a fault of ours. A directory that cannot be
// read is an error of OpenDir or of its Next, never an empty directory. An FS whose names
// can be changed is a [Writer] too.
type FS interface {
	// Lstat describes the entry at p itself, be it a link.
	Lstat(ctx context.Context, p mirror.Path) (vfs.Entry, error)
	// Stat describes what p leads to, links followed.
	Stat(ctx context.Context, p mirror.Path) (vfs.Entry, error)
	// OpenDir begins to read the directory that p leads to.
	OpenDir(ctx context.Context, p mirror.Path) (vfs.Dir, error)
}

// A Planner decides where the bytes of files come from; one that takes uploads is a
// [Storer] too.
//
// Retrieve plans a download. The plan has no meeting and no limits yet: the session adds
// those. Besides the errors of [FS] there are [data.ErrOffset] and [data.ErrUnavailable].
type Planner interface {
	Retrieve(ctx context.Context, r data.Request) (data.Plan, error)
}

// Config is what sessions have in common. All fields but
// Manager, Mirrors, Overseer, Limits, TLS, Hosts, Observer and Lots must be set.
type Config struct {
	FS            FS
	Planner       Planner
	Authenticator Authenticator
	Access        Access   // of accounts that have none of their own
	Manager       Manager  // of users and groups; nil: there is nothing to manage
	Mirrors       Mirrors  // which foreign servers stand in for this one; nil: none can
	Overseer      Overseer // of the machines that hold the files; nil: it is this one
	Limits        Limits
	TLS           *TLS     // nil: there is none
	Hosts         []string // the names that HOST may ask for; none: any
	Banner        string   // the greeting, one line or several
	Log           *slog.Logger
	Observer      Observer // told of everything, after the log; nil: the log alone

	FailureDelay  time.Duration    // before a failed login is answered, the first one of a session
	FailureMemory time.Duration    // after which one failed login of an address, and of a user, is forgotten
	LoginTimeout  time.Duration    // from connecting to the end of the login
	IdleTimeout   time.Duration    // for one command to arrive, whole
	DataTimeout   time.Duration    // for a data connection to come about, and without progress on it
	Now           func() time.Time // the time that listings compare with
	Lots          func() uint64    // random numbers, for [data.Request]; nil: those of math/rand
}

// An Engine answers control connections.
type Engine struct {
	Config
	commands     map[string]command
	siteCommands map[string]command
	muffler      *muffler
	roster       *roster
	habits       *habits
	tls          *tls.Config // nil: there is none
	tickets      *ticketer
	hashing      chan struct{} // one for each checksum that is being computed
	listing      chan struct{} // one for each listing that is read, and not being written
	sorting      *semaphore.Weighted
}

// New makes an engine.
func New(c Config) *Engine {
	e := &Engine{
		Config:       c,
		commands:     commandTable(),
		siteCommands: siteTable(),
		muffler:      newMuffler(),
		roster:       newRoster(c.Limits),
		habits:       newHabits(),
		hashing:      make(chan struct{}, max(1, runtime.NumCPU()/2)),
		listing:      make(chan struct{}, 2*runtime.NumCPU()),
		sorting:      semaphore.NewWeighted(sortableAll),
	}
	return e.configure(c)
}

// Next returns an engine for the sessions that begin from now on, those of e going on as
// they began. The two have one count of sessions, for which the limits of the next hold.
func (e *Engine) Next(c Config) *Engine {
	next := *e
	next.roster.limit(c.Limits)
	return next.configure(c)
}

// Drain ends all sessions, those with transfers when these are done, and lets no more
// begin. The channel is closed when there is none.
func (e *Engine) Drain() <-chan struct{} { return e.roster.drain() }

// configure puts a configuration in force.
func (e *Engine) configure(c Config) *Engine {
	e.Config, e.tls = c, nil
	if c.Lots == nil {
		e.Lots = rand.Uint64
	}
	e.Observer = logged{c.Log, e.muffler.over(c.Log)}
	if c.Observer != nil {
		e.Observer = Observers{e.Observer, c.Observer}
	}
	if c.TLS != nil {
		e.tls, e.tickets = c.TLS.config(), &ticketer{}
	}
	return e
}

// Serve answers one control connection, which came in through a door, until either
// side ends it, and closes it. One that is too many is told so.
// When ctx ends, the client is told so, and a running transfer is broken off. All
// that the session started has ended when Serve returns.
func (e *Engine) Serve(ctx context.Context, conn net.Conn, door Door) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer conn.Close()
	place, err := e.roster.enter(address(conn.RemoteAddr()), cancel, func() { conn.SetReadDeadline(longAgo) })
	if err != nil {
		e.refuse(conn, door, err)
		return
	}
	defer place.leave()
	keepUrgentInline(conn)
	s := newSession(ctx, e, conn, place, door)
	defer s.logOut()
	// Wakes a session that waits for its client, see session.read and timedConn.
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(longAgo) })
	defer stop()
	s.run()
}

// refuse sends a client away, without a word where it expects TLS. The few bytes fit
// into any fresh connection's buffer; the deadline is for connections that are not TCP.
func (e *Engine) refuse(conn net.Conn, door Door, why error) {
	client, reason := describe(conn), TooManySessions
	switch {
	case errors.Is(why, errCrowd):
		reason = TooManyFromAddress
	case errors.Is(why, errStopping):
		reason = Stopping
	}
	e.Observer.Observe(&Refused{&client, reason, why})
	if door.Implicit {
		return
	}
	if err := conn.SetWriteDeadline(time.Now().Add(farewell)); err != nil {
		return
	}
	text := why.Error()
	_, _ = io.WriteString(conn, "421 "+strings.ToUpper(text[:1])+text[1:]+", try again later\r\n")
}

// longAgo as a deadline ends a read at once.
var longAgo = time.Unix(1, 0)

// port returns the port of one end of a connection, 0 if it is not one over IP.
func port(a net.Addr) uint16 {
	if tcp, ok := a.(*net.TCPAddr); ok {
		return uint16(tcp.Port)
	}
	return 0
}

// address returns the IP address of one end of a connection, the zero value if it is
// not one over IP.
func address(a net.Addr) netip.Addr {
	if tcp, ok := a.(*net.TCPAddr); ok {
		return tcp.AddrPort().Addr().Unmap()
	}
	return netip.Addr{}
}
