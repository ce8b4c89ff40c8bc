package mux

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// A kind is what a frame is about.
type kind uint8

// The kinds.
const (
	ask kind = iota + 1
	answer
	body
	credit
	abort
	ping
	pong
)

// last marks the last frame of a request or an answer.
const last = 0x80

// Bounds, in bytes.
const (
	headSize   = 4 + 1 + 8
	maxPayload = 16000     // with its head and what TLS adds it is one record
	window     = 256 << 10 // of a body, which is on its way or was not read
	maxUnread  = 64 << 20  // of all bodies that have come over a connection
	maxTarget  = 1000      // method and path
)

// errProtocol is a fault of the other side.
var errProtocol = errors.New("mux: the other side does not keep to the protocol")

// A frame is what goes over the connection at once. Its payload is valid until the next is read.
type frame struct {
	kind    kind
	last    bool
	id      uint64
	prefix  []byte // of the payload, where one is sent
	payload []byte
}

// append appends the frame as it is sent.
func (f *frame) append(b []byte) []byte {
	k := byte(f.kind)
	if f.last {
		k |= last
	}
	b = binary.BigEndian.AppendUint32(b, uint32(len(f.prefix)+len(f.payload)))
	b = append(b, k)
	b = binary.BigEndian.AppendUint64(b, f.id)
	return append(append(b, f.prefix...), f.payload...)
}

// readFrame reads a frame, with its payload in a buffer of maxPayload.
func readFrame(r io.Reader, buffer []byte) (f frame, err error) {
	var head [headSize]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return f, err
	}
	n := binary.BigEndian.Uint32(head[:])
	if n > maxPayload {
		return f, fmt.Errorf("%w: a frame of %d bytes", errProtocol, n)
	}
	f = frame{kind: kind(head[4] &^ last), last: head[4]&last != 0, id: binary.BigEndian.Uint64(head[5:]), payload: buffer[:n]}
	_, err = io.ReadFull(r, f.payload)
	return f, err
}
