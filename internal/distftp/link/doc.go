// Package link joins slaves to masters.
//
// A slave dials every master ([Serve]), by TLS with the identities of both, and then serves
// HTTP/2 on the connection: the master asks, and the slave answers. So a slave needs no
// port for it, and may be behind a NAT. What is asked is in package wire; this package adds
// two requests of its own, with which a master greets a slave (and renews its certificate,
// and tells where the masters are) or says why it does not want it.
//
// A [Server] is the master's side: one listener for links and for enrolment. There is one
// link for each slave at a time. Who comes with a name that is taken is refused, unless
// the one who has it does not answer any more.
//
// Both sides send HTTP/2 pings where nothing else comes, so that each finds out within
// [Lost] that the other is gone, whatever has become of the connection. With a link, all
// that was asked by it ends.
package link

import "time"

// Pings: after so long without a frame one is sent, and must be answered within so long.
const (
	pingAfter  = 1500 * time.Millisecond
	pingAnswer = 2500 * time.Millisecond

	// Lost is how long it takes at most until a link that carries nothing any more is
	// given up.
	Lost = pingAfter + pingAnswer
)

// maxStreams is how much a master may ask of a slave at the same time; transfers are the
// most of it.
const maxStreams = 10000

// handshakeTimeout is for TLS, and for the greeting.
const handshakeTimeout = 10 * time.Second
