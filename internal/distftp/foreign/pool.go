package foreign

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"sync"
	"time"
)

// Why there is no connection.
var (
	// ErrResting says that the server has failed, and will not be asked for a while.
	ErrResting = errors.New("the server rests after a failure")
	// ErrBusy says that no connection became free in time.
	ErrBusy = errors.New("all connections to the server are in use")
	// ErrClosed says that the pool was closed.
	ErrClosed = errors.New("the pool of connections was closed")
)

// A Config is what pools have in common.
type Config struct {
	// Timeout bounds each step of talking to a server: connecting, a TLS handshake, each
	// reply. 3 s if 0.
	Timeout time.Duration

	// Login bounds connecting and logging in as a whole; 6 s if 0.
	Login time.Duration

	// Patience bounds the waiting for a free connection; 30 s if 0. A caller's context may
	// end it sooner.
	Patience time.Duration

	// KeepAlive is how often an idle connection says NOOP (40 s if 0), and Idle after how
	// long it is closed (5 minutes if 0).
	KeepAlive, Idle time.Duration

	// TLS says whom to trust; nil for the system's authorities.
	TLS *tls.Config

	// Elsewhere dials from an address that is not the one from which servers see our
	// control connections: from a slave, say. It is used to find out whom passive ports
	// admit. If it is nil, or fails, that is learnt in use.
	Elsewhere func(ctx context.Context, addr string) (net.Conn, error)

	// Learned is told when something of a server's abilities has changed. May be nil.
	Learned func(Server, Abilities)

	Log *slog.Logger // nil: none
}

// A Pool is all connections to one server. It is safe for concurrent use.
type Pool struct {
	cfg    Config
	server Server

	mu        sync.Mutex
	abilities Abilities
}
