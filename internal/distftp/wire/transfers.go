package wire

import (
	"net/netip"
	"time"
)

// SecretSize is how many bytes a secret has.
const SecretSize = 32

// A Meeting is where a slave meets whom it sends to, or receives from. One of the first
// three is set.
type Meeting struct {
	Listener uint64         `json:"listener,omitempty"` // that [Listen] opened: a client comes
	Dial     netip.AddrPort `json:"dial,omitzero"`      // a client waits there
	Secret   []byte         `json:"secret,omitempty"`   // a master or slave comes to the slave's relay port with these [SecretSize] bytes, in either order with the request

	Timeout time.Duration `json:"timeout"`          // for the connection to come about
	Secure  bool          `json:"secure,omitempty"` // TLS with the master's [Certificate], for a client; of the link, for a relay

	// For a client under TLS:
	Reverse bool     `json:"reverse,omitempty"` // the slave plays the client in the handshake (SSCN, CPSV)
	Session [][]byte `json:"session,omitempty"` // a session with one of these names in its ticket must be resumed; none: any, or a new one
}

// A Certificate is what a slave that is trusted with it shows to clients: the master's own,
// with the keys of its session tickets, so that a session begun at one of them is resumed
// at the other. Slaves keep it in memory alone.
type Certificate struct {
	Chain   [][]byte `json:"chain"`   // DER, the leaf first
	Key     []byte   `json:"key"`     // PKCS #8
	Tickets [][]byte `json:"tickets"` // of 32 bytes; new tickets are made with the first
}

// A Listen asks for a port at which one client may come.
type Listen struct {
	Family  int           `json:"family"`  // 4 or 6
	Peer    netip.Addr    `json:"peer"`    // who may come
	Foreign bool          `json:"foreign"` // or anybody
	Timeout time.Duration `json:"timeout"` // after which it is closed, unless a transfer has taken it
}

// A Listening is the answer.
type Listening struct {
	Listener uint64         `json:"listener"`
	Addr     netip.AddrPort `json:"addr"` // what the client is to be told
}

// A Place is where bytes wait at another slave.
type Place struct {
	Addr   netip.AddrPort `json:"addr"` // its relay port
	Secret []byte         `json:"secret"`
	Secure bool           `json:"secure,omitempty"`
}

// A Send has a slave send a file.
type Send struct {
	Ref    Ref     `json:"ref"`
	After  uint64  `json:"after"` // the intent that must have been applied
	Offset int64   `json:"offset,omitempty"`
	Length int64   `json:"length,omitempty"` // 0: to the end
	Text   bool    `json:"text,omitempty"`   // LF becomes CR LF
	Meet   Meeting `json:"meet"`
	Next   *Listen `json:"next,omitempty"` // open this, too, in the end: the client is likely to come again
	From   *Place  `json:"from,omitempty"` // send what comes from there instead of a file: to a client that came to the wrong slave

	Pace  int64         `json:"pace,omitempty"` // bytes a second; 0: any number
	Stall time.Duration `json:"stall"`

	// After the last byte, wait so long for the client to close its side. A connection that
	// it resets instead is Lost.
	Parting time.Duration `json:"parting,omitempty"`
}

// A Receive has a slave receive the content of a file, as [Prepared] under Op.
type Receive struct {
	Op    uint64    `json:"op"`
	Keep  *Ref      `json:"keep,omitempty"`  // what it goes on from
	First int64     `json:"first,omitempty"` // how many bytes of that are kept
	After uint64    `json:"after"`
	Text  bool      `json:"text,omitempty"` // CR LF becomes LF
	Most  int64     `json:"most"`           // bytes that may come; below zero: any number
	Want  *Prepared `json:"want,omitempty"` // a copy: what must have come, or the content is dropped
	Meet  Meeting   `json:"meet"`
	From  *Place    `json:"from,omitempty"` // fetch it there, instead of Meet: slave to slave

	Pace  int64         `json:"pace,omitempty"`
	Stall time.Duration `json:"stall"`
}

// A Bridge has a slave pass bytes on, both ways, between the client that came to its
// listener and the connection that comes to its relay port: for what the master itself is
// to send or receive, such as a listing. The end of either side is passed on as what it
// was, an end or a break.
type Bridge struct {
	Listener uint64        `json:"listener"`
	Secret   []byte        `json:"secret"`
	Timeout  time.Duration `json:"timeout"` // for both connections to come about
	Stall    time.Duration `json:"stall"`
}

// A Duplicate has a slave prepare a copy of a file of its own.
type Duplicate struct {
	Op    uint64 `json:"op"`
	Ref   Ref    `json:"ref"`
	After uint64 `json:"after"`
}

// An Event is what a slave says while a transfer is under way: Connected once, Moved every
// second and at the end, Next once, and then Done or Failed as the last. Several may be one.
type Event struct {
	Connected bool       `json:"connected,omitempty"`
	Moved     int64      `json:"moved,omitempty"` // bytes over the data connection so far
	Next      *Listening `json:"next,omitempty"`  // that [Send] asked for, if there could be one
	Done      bool       `json:"done,omitempty"`
	Prepared  *Prepared  `json:"prepared,omitempty"` // with Done, of what was received
	Last      bool       `json:"-"`                  // nothing follows but the end, with which it can be told
	Failed    *Failure   `json:"failed,omitempty"`
}

// A Reason is why a slave did not do something.
type Reason string

// The reasons.
const (
	NoConnection Reason = "no connection" // the data connection did not come about
	Lost         Reason = "lost"          // the data connection broke, or stalled
	Insecure     Reason = "insecure"      // no TLS on it
	NotResumed   Reason = "not resumed"   // no session of [Meeting.Session]
	Absent       Reason = "absent"        // no file of that path and version here
	Behind       Reason = "behind"        // an intent that must come first has not arrived
	Offset       Reason = "offset"        // behind the end of the file
	ReadError    Reason = "read error"
	WriteError   Reason = "write error"
	Full         Reason = "full"     // the disk
	TooMuch      Reason = "too much" // more came than Most
	Differs      Reason = "differs"  // what came is not what was wanted
	NoPort       Reason = "no port"
	Unknown      Reason = "unknown" // listener, operation
	Busy         Reason = "busy"
	Invalid      Reason = "invalid" // the request
	Internal     Reason = "internal error"
)

// A Failure is a reason with its story. It is an error.
type Failure struct {
	Reason  Reason `json:"reason"`
	Text    string `json:"text"`
	Applied uint64 `json:"applied,omitempty"` // with Absent and Behind: the last intent
}

// Error implements error.
func (f *Failure) Error() string { return string(f.Reason) + ": " + f.Text }
