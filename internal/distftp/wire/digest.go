package wire

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/bits"
)

// Digest is what an entry adds to the sync digest of its directory: SHA-256 over
//
//	"f", the size and the version in eight bytes each (big endian), and the name: of a file
//	"d", the sync digest of the directory itself, and the name: of a directory
//
// Checksums are not part of it: a version has one content.
func (e *Entry) Digest() SyncDigest {
	text := make([]byte, 0, 1+32+MaxName)
	if e.Kind == Directory {
		text = append(text, 'd')
		text = append(text, e.Sub[:]...)
	} else {
		text = append(text, 'f')
		text = binary.BigEndian.AppendUint64(text, uint64(e.Size))
		text = binary.BigEndian.AppendUint64(text, e.Version)
	}
	return sha256.Sum256(append(text, e.Name...))
}

// Add adds what came into a directory.
func (d *SyncDigest) Add(e SyncDigest) {
	var carry uint64
	for i := 24; i >= 0; i -= 8 {
		var sum uint64
		sum, carry = bits.Add64(binary.BigEndian.Uint64(d[i:]), binary.BigEndian.Uint64(e[i:]), carry)
		binary.BigEndian.PutUint64(d[i:], sum)
	}
}

// Sub takes away what left it.
func (d *SyncDigest) Sub(e SyncDigest) {
	var borrow uint64
	for i := 24; i >= 0; i -= 8 {
		var diff uint64
		diff, borrow = bits.Sub64(binary.BigEndian.Uint64(d[i:]), binary.BigEndian.Uint64(e[i:]), borrow)
		binary.BigEndian.PutUint64(d[i:], diff)
	}
}

// String is the digest in hexadecimal.
func (d SyncDigest) String() string { return hex.EncodeToString(d[:]) }

// MarshalText implements encoding.TextMarshaler.
func (d SyncDigest) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, d[:]), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *SyncDigest) UnmarshalText(text []byte) error {
	if len(text) != 2*len(d) {
		return fmt.Errorf("a sync digest of %d characters", len(text))
	}
	_, err := hex.Decode(d[:], text)
	return err
}
