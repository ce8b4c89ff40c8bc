package wire

import (
	"context"
	"errors"
	"iter"
)

// ErrLink says that the link to the slave is broken, or that the slave does not answer: it
// may or may not have done what it was asked.
var ErrLink = errors.New("the link to the slave is broken")

// A Slave is what a master has a slave do. [Routes] serves one to whom a link leads, and a
// [Client] is one at the other end of a link.
//
// Errors are of type [*Failure] where there is a reason to tell; a Client has [ErrLink]
// besides. When a context ends, what was begun under it is broken off. All methods may be
// called at the same time, and repeated when an answer was lost.
type Slave interface {
	// State says how the slave is.
	State(ctx context.Context) (State, error)

	// News tells the State at once and then, at most every second, what has changed,
	// until ctx ends or the slave does, which it says before. A failing tell ends it.
	News(ctx context.Context, tell func(News) error) error

	// Apply applies intents in order, passing over those that it has applied before. It
	// stops at the first that it cannot apply, and returns the last that it has applied
	// in any case. Of a gap before the first it says Behind.
	Apply(ctx context.Context, intents []Intent) (applied uint64, err error)

	// Directory goes through the entries of a directory, in any order, or if deep through
	// all that is below it, with names relative to it, each directory before its content.
	// What does not exist has none.
	Directory(ctx context.Context, dir Path, deep bool) iter.Seq2[Entry, error]

	// Operations lists what is prepared and not published.
	Operations(ctx context.Context) ([]Prepared, error)

	// Forget drops prepared content. What is unknown is dropped already.
	Forget(ctx context.Context, ops []uint64) error

	// Listen opens a port for one client. Unlisten closes it, if it is still open.
	Listen(ctx context.Context, l Listen) (Listening, error)
	Unlisten(ctx context.Context, listener uint64) error

	// Send sends a file, and Receive receives one. They tell that they are Connected, and
	// then every second and at the end how much has Moved; whether it was all is in what
	// they return.
	Send(ctx context.Context, s Send, tell func(Event)) error
	Receive(ctx context.Context, r Receive, tell func(Event)) (Prepared, error)

	// Bridge joins a client to the master, and tells as a transfer does.
	Bridge(ctx context.Context, b Bridge, tell func(Event)) error

	// Duplicate prepares a copy of a file of the slave's own.
	Duplicate(ctx context.Context, d Duplicate) (Prepared, error)

	// Checksum reads a file, and computes a checksum.
	Checksum(ctx context.Context, c Checksum) ([]byte, error)

	// Certify gives the slave what it needs under TLS with clients.
	Certify(ctx context.Context, c Certificate) error
}

// maxDamaged is how many files may be told of at once.
const maxDamaged = 100

// News is what a slave tells unasked.
type News struct {
	State   *State   `json:"state,omitempty"`
	Damaged []Damage `json:"damaged,omitempty"` // at most 100 at once
	Leaving bool     `json:"leaving,omitempty"` // the last: it stops, and Digest in State is of all that it has applied
}

// A Damage is a file at rest that is not what was received.
type Damage struct {
	Ref   Ref    `json:"ref"`
	Fault Fault  `json:"fault"`
	Text  string `json:"text"`
}

// A Fault is what is wrong with a file at rest.
type Fault string

// The faults.
const (
	Rotten     Fault = "rotten"     // it has another checksum
	Missing    Fault = "missing"    // it is gone
	Resized    Fault = "resized"    // it has another size
	Unreadable Fault = "unreadable" // the disk fails
)

// A Checksum asks for a checksum of a file, or of Length bytes of it from Offset on.
type Checksum struct {
	Ref       Ref    `json:"ref"`
	After     uint64 `json:"after"`
	Algorithm string `json:"algorithm"` // as HASH names them, such as SHA-256 and CRC32
	Offset    int64  `json:"offset,omitempty"`
	Length    int64  `json:"length,omitempty"` // 0: to the end
}
