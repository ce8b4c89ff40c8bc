package main

import (
	"encoding/binary"
	"io"
)

// TLS records (RFC 8446, 5.1).
const (
	recordHead  = 5
	typeAlert   = 21
	tagAndType  = 16 + 1 // what AES-GCM and ChaCha20-Poly1305 add to a record of TLS 1.3
	alertLength = 2 + tagAndType
)

// Records are a socket from which one read never takes more than a record of TLS. So
// nothing lies in the buffers of package tls after a handshake, and what follows can be
// passed over without decrypting it.
type records struct {
	socket
	head [recordHead]byte
	left int // of the record that is being read, its head included
}

func (r *records) Read(b []byte) (int, error) {
	if r.left == 0 {
		if _, err := io.ReadFull(r.socket, r.head[:]); err != nil {
			return 0, err
		}
		r.left = recordHead + int(binary.BigEndian.Uint16(r.head[3:]))
	}
	var n int
	var err error
	if body := r.left - int(binary.BigEndian.Uint16(r.head[3:])); body > 0 {
		n = copy(b, r.head[recordHead-body:])
	} else {
		n, err = r.socket.Read(b[:min(len(b), r.left)])
	}
	r.left -= n
	return n, err
}

// discard passes over records, up to the alert that ends them or the end of the
// connection, and returns how much they held at least. A record of TLS 1.3 tells its
// type by its length alone.
func (r *records) discard() (total int64, err error) {
	buffer := make([]byte, 256<<10)
	have := 0
	for {
		n, err := r.socket.Read(buffer[have:])
		if err == io.EOF {
			return total, nil
		}
		if err != nil {
			return total, err
		}
		have += n
		rest := buffer[:have]
		for len(rest) >= recordHead {
			length := int(binary.BigEndian.Uint16(rest[3:]))
			if len(rest) < recordHead+length {
				break
			}
			if rest[0] == typeAlert || length == alertLength {
				return total, nil
			}
			total += int64(max(0, length-tagAndType))
			rest = rest[recordHead+length:]
		}
		have = copy(buffer, rest)
	}
}
