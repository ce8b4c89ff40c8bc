package data

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"time"
)

// A Remote is the file of one transfer at one holder elsewhere: what is there to be
// fetched, or the place for what is to be stored.
//
// There are two ways. With Move holder and client meet without us; with Relay the holder
// meets us, and we pass the bytes on. Close is called in the end, whatever happened.
//
// Errors wrap [ErrNoConnection], [ErrInsecure], [ErrReuse], [ErrSource] or [ErrSink] where
// they mean that, and are ctx's cause if that ended; any other is the connection's.
type Remote interface {
	// Holder returns the holder's name.
	Holder() string

	// Move has the holder meet the client and move the bytes, and returns at the end. The
	// meeting is a [*Dialer], for the holder to dial the client from where it is, or a
	// [Rendezvous] of the same maker as the Remote: at this holder, or at another one that
	// then fetches from this, or brings to it, what it moves.
	//
	// Until the order's Connected was called nothing has flowed, and another holder can
	// be tried; so it can after an [ErrNoConnection], by which a holder that was to dial takes
	// Connected back. A holder that cannot do it fails with [ErrNotDirect], without delay.
	Move(ctx context.Context, at Meeting, o *Order) error

	// Relay connects to the holder, and returns when bytes can be expected to move. Where the
	// client was told to come to the holder, and came to us, that is as good a way to it.
	Relay(ctx context.Context, o *Order) (Leg, error)

	// Commit makes what was received that of the file, as [Sink.Commit] does. It follows
	// a Move, or a Done of the leg, without an error.
	Commit(ctx context.Context, charge Charge) error

	// Close gives back everything, and drops what was not committed.
	Close() error
}

// An Order is how a holder elsewhere is to move the bytes of one transfer.
type Order struct {
	Timeout time.Duration // for the data connection to come about
	Stall   time.Duration // how long the client may take or send nothing
	Pace    int64         // bytes a second; 0: as fast as possible
	Most    int64         // how many bytes may be stored; below zero: any number
	Parting time.Duration // how long the end of a download waits for the client to close the connection; one that it resets is lost
	Wary    bool          // Parting is for a client that may close the connection without a word: who cannot wait for that fails with ErrNotDirect

	Secure *Protection // TLS with the client, for Move; nil: none
	Cipher bool        // TLS between the holder and us, for Relay

	// Connected is called once, by Move, when holder and client are connected, before TLS
	// is put on that.
	Connected func()

	// Moved is told now and then, and at the end, how many bytes have moved in all. When
	// it fails the transfer is to be broken off with its error.
	Moved func(total int64) error
}

// Protection is what a holder must know to put TLS on a connection with a client in our
// place.
type Protection struct {
	Reverse  bool     // the holder plays the client in the handshake
	Sessions [][]byte // a session with one of these names in its ticket must be resumed; none: any, or a new one
}

// A Leg is the connection between a holder elsewhere and us, over which a transfer is
// relayed.
type Leg interface {
	// Conn returns the connection: the bytes come from it until its end, or go into it
	// until we close our side of it (CloseWrite). It belongs to the leg, which closes it
	// when the holder is lost.
	Conn() net.Conn
	// Done returns what the holder says of the transfer after all bytes, so many, are over:
	// nil if they were sent, or are received for good.
	Done(ctx context.Context, moved int64) error
	// Close ends it; what was under way is broken off.
	Close() error
}

// A Rendezvous is a listener at a holder elsewhere, to which a client may come.
//
// Its Meet has the holder pass the client's connection on to us, for what the holder
// cannot move itself: a listing, say. The connection lives no longer than the context; that
// it closed without an error means that the client has what was written. Close ends the
// listening.
type Rendezvous interface {
	Meeting
	Holder() string       // the holder's name
	Addr() netip.AddrPort // where the client is to come
}

// Why holders elsewhere do not do something.
var (
	// ErrNotDirect says that a holder cannot meet this client itself.
	ErrNotDirect = errors.New("no direct way")
	// ErrHolder says that it was the holder who failed, so that nothing can be learnt of
	// the client.
	ErrHolder = errors.New("the holder has failed")
	// ErrUnavailable says that nobody can be reached who has the bytes, or could take them.
	ErrUnavailable = errors.New("no holder can be reached")
	// ErrReuse says that a data connection began a TLS session of its own where it had to
	// resume the control connection's.
	ErrReuse = errors.New("the TLS session of the control connection was not reused")
)

// A Kind is how the bytes of a transfer travel.
type Kind string

// The kinds.
const (
	Local   Kind = "local"       // between the client and us, who hold them
	Direct  Kind = "direct"      // between the client and a holder elsewhere
	Relayed Kind = "relay"       // between those two by way of us
	Bridged Kind = "slave-relay" // by way of a holder that the client came to, who does not hold them
)

// A Route is how a transfer was carried out.
type Route struct {
	Kind   Kind
	Holder string // who had the bytes, or has them now; "" for us
	Why    string // why they travelled so
	Away   bool   // the client was connected with a holder elsewhere, not with us
}
