package control

import (
	"net"
	"net/netip"
	"time"

	"mirrortracker/internal/distftp/data"
	"mirrortracker/internal/mirror"
)

// An Observer is told what happens in all sessions: logs and metrics are observers. The
// sessions call it themselves, several at a time, and wait for it, so it must be quick.
// What it is given is the session's, which goes on to change it: it keeps none of it.
type Observer interface {
	Observe(e Event)
}

// Observers are told one after the other.
type Observers []Observer

// Observe implements [Observer].
func (all Observers) Observe(e Event) {
	for _, o := range all {
		o.Observe(e)
	}
}

// An Event is one of the types of this file whose pointers have this method.
type Event interface {
	// Who returns whose session it is about, nil for what no session did.
	Who() *Client
}

// A Client is one side of a session, as far as it is known.
type Client struct {
	Number      int            // of the session, as SITE WHO has it; 0 for one that was refused
	Peer, Local netip.AddrPort // where it comes from and which address of ours it came to; zero if not over IP
	Protection  Protection     // of the control connection
	User        string         // "" before the login
	Anonymous   bool           // anybody may log in as this user
	Ident       string         // what an anonymous client gave as its password: an e-mail address, by custom
}

// Who makes a Client part of an [Event].
func (c *Client) Who() *Client { return c }

// Protection is what is around a control connection.
type Protection uint8

// The protections: none, TLS since AUTH, and TLS from the first byte on.
const (
	Clear Protection = iota
	Explicit
	Implicit
)

func (p Protection) String() string { return [...]string{"none", "explicit", "implicit"}[p] }

// The events of a session, in their order. A connection is either refused, or connected
// and, in the end, disconnected.
type (
	// Refused is a connection that became no session.
	Refused struct {
		*Client
		Reason Refusal
		Err    error
	}
	// Connected is a session that begins.
	Connected struct{ *Client }
	// Protected is a session that AUTH put under TLS.
	Protected struct{ *Client }
	// LoggedIn is a login; Client has the user.
	LoggedIn struct{ *Client }
	// LoginFailed is a login that was refused. The reasons are not for the client.
	LoginFailed struct {
		*Client
		Name string // as the client gave it
		Why  Failure
		Err  error
	}
	// Commanded is a command that is about to be executed.
	Commanded struct {
		*Client
		Verb  string // in capitals; "" if the line did not begin with one
		Arg   string // without passwords
		Known bool   // the engine knows the verb
	}
	// TransferBegun is a transfer for which the data connection is about to be made.
	TransferBegun struct {
		*Client
		*Transfer
		Moved func() int64 // how many bytes, up to now; may be kept, and called by any goroutine
	}
	// TransferEnded is the end of a transfer, also of one that moved nothing.
	TransferEnded struct {
		*Client
		*Transfer
		Bytes int64 // that went over the data connection
		Took  time.Duration
		Reply int   // the code of the reply that ends it
		Err   error // nil for a complete one
	}
	// Computed is a checksum that was computed, or a copy that was made.
	Computed struct {
		*Client
		Verb  string
		Path  mirror.Path
		Bytes int64
		Took  time.Duration
		Err   error
	}
	// Changed is a change that was made, by anything but a transfer.
	Changed struct {
		*Client
		Verb string      // DELE, RMD, MKD, RNTO, MFMT, SITE CHMOD...
		Path mirror.Path // what was changed; of RNTO and SITE CPTO, what it was before
		To   mirror.Path // of RNTO and SITE CPTO; otherwise ""
		Size int64       // of a file that was deleted
	}
	// Disconnected is the end of a session.
	Disconnected struct {
		*Client
		Took time.Duration
		Counts
	}
)

// Swept is the end of a search for what killed uploads left.
type Swept struct {
	Removed int
	Err     error // why not everything was looked at
}

// Who implements [Event].
func (*Swept) Who() *Client { return nil }

// A Transfer is one use of a data connection.
type Transfer struct {
	Verb   string // RETR, STOR, APPE, STOU, LIST, NLST or MLSD
	Path   mirror.Path
	Offset int64  // where in the file it begins, after REST
	Length int64  // how many bytes were asked for, after RANG; 0 for all
	Text   bool   // TYPE A
	Mode   string // by which command the data connection came about: PASV, EPSV, PORT, EPRT or CPSV
	Secure bool   // under TLS
	Size   int64  // how many bytes there will be; -1 if that is not known
	Holder string // who has the bytes, and why that one; both, and Kind, may not be known before the end
	Why    string
	Kind   data.Kind // how they travel
	Began  time.Time
}

// A Direction is where the bytes of a transfer go, and what they are.
type Direction uint8

// The directions.
const (
	Upload Direction = iota
	Download
	Listing
)

func (d Direction) String() string { return [...]string{"upload", "download", "listing"}[d] }

// Direction tells it by the verb.
func (t *Transfer) Direction() Direction {
	switch t.Verb {
	case "STOR", "APPE", "STOU":
		return Upload
	case "RETR":
		return Download
	}
	return Listing
}

// Counts are what a session has done so far.
type Counts struct {
	Commands                     int
	Uploads, Downloads, Listings int   // that were complete
	In, Out                      int64 // bytes over data connections
}

// add counts a transfer that has ended.
func (c *Counts) add(t *Transfer, bytes int64, err error) {
	n := &c.Listings
	switch t.Direction() {
	case Upload:
		n = &c.Uploads
		c.In += bytes
	case Download:
		n = &c.Downloads
		c.Out += bytes
	default:
		c.Out += bytes
	}
	if err == nil {
		*n++
	}
}

// A Refusal is why a connection became no session.
type Refusal string

// The refusals.
const (
	TooManySessions    Refusal = "sessions" // in all
	TooManyFromAddress Refusal = "address"
	Stopping           Refusal = "stopping" // the server
)

// A Failure is why a login failed.
type Failure string

// The failures.
const (
	LoginWrong     Failure = "wrong"     // user, password, or who may come from where
	LoginLimit     Failure = "limit"     // too many sessions of the user
	LoginThrottled Failure = "throttled" // too many failures from the address, or too many logins at once
	LoginFault     Failure = "fault"     // of ours
)

// describe makes a client of a connection.
func describe(conn net.Conn) Client {
	return Client{Peer: addrPort(conn.RemoteAddr()), Local: addrPort(conn.LocalAddr())}
}

func addrPort(a net.Addr) netip.AddrPort {
	if tcp, ok := a.(*net.TCPAddr); ok {
		ap := tcp.AddrPort()
		return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
	}
	return netip.AddrPort{}
}
