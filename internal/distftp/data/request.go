package data

import (
	"net/netip"
	"time"

	"mirrortracker/internal/mirror"
)

// A Request is a transfer that a client wants.
type Request struct {
	Path mirror.Path

	// Offset is where a download begins, and how many bytes of the old content an upload
	// keeps: none, those before a restart, or [KeepAll].
	Offset int64
	Length int64 // how many bytes of a download are wanted; 0: all from Offset on

	Text   bool       // TYPE A
	Client netip.Addr // who is to be near; the zero value if not known
	At     Rendezvous // where the client was told to come, if that is not here; otherwise nil

	// Lot is a random number, the same when the client is told where to come and when it then
	// asks for the transfer. Who draws lots among holders draws by it, so that what was drawn
	// for the one holds for the other.
	Lot uint64
}

// An Expectation is a transfer that a client will ask for, as far as it can be told before
// the client comes to where that will take place.
type Expectation struct {
	Request         // without At; without Path, if it could be any file
	Upload  bool    // towards the holder
	Partner Partner // who may come
	Secure  bool    // under TLS, with the certificate that clients know from here

	Local   netip.Addr    // where we listen: of the family that the client can reach
	Ports   Ports         // on which of its ports
	Comes   bool          // the client is known to come where it is told, so that we need not
	Timeout time.Duration // for the client to come, once the transfer was asked for
}
