// Package link joins slaves to masters.
//
// A slave dials every master ([Serve]), by TLS with the identities of both. Then the master
// asks, and the slave answers, many requests at a time on the one connection (package mux).
// So a slave needs no port for it, and may be behind a NAT. What is asked is in package wire;
// this package adds two requests of its own, with which a master greets a slave (and renews its
// certificate, and tells where the masters are) or says why it does not want it.
//
// A [Server] is the master's side: one listener for links and for enrolment. There is one
// link for each slave at a time. Who comes with a name that is taken is refused, unless
// the one who has it does not answer any more.
//
// Both sides send pings where nothing else comes, so that each finds out within
// [Lost] that the other is gone, whatever has become of the connection. With a link, all
// that was asked by it ends.
package link

import (
	"time"

	"mirrortracker/internal/distftp/mux"
)

// Lost is how long it takes at most until a link that carries nothing any more is given up.
const Lost = 4 * time.Second

// patience has each side ask the other for a sign of life in time for that.
var patience = mux.Patience{Ping: 1500 * time.Millisecond, Answer: Lost - 1500*time.Millisecond}

// handshakeTimeout is for TLS, and for the greeting.
const handshakeTimeout = 10 * time.Second
