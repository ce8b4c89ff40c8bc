package store

import (
	"fmt"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// maxPart is the longest text that one part of a tree may have, in bytes:
// about a million entries.
const maxPart = 64 << 20

// The encodings of a stored part, its first byte.
const (
	plain  = 0 // the text follows
	zipped = 1 // the text follows as one zstd frame (RFC 8878)
)

// worthZipping is the shortest text, in bytes, that is compressed at all.
const worthZipping = 64

// The coders are safe for several goroutines. Frames have no checksum: a tree's
// identity is one.
var (
	encoder = sync.OnceValues(func() (*zstd.Encoder, error) {
		return zstd.NewWriter(nil,
			zstd.WithEncoderCRC(false),
			zstd.WithLowerEncoderMem(true),
			zstd.WithSingleSegment(true),
			zstd.WithWindowSize(1<<20), // nearly all are shorter, and it is held for each processor
		)
	})
	decoder = sync.OnceValues(func() (*zstd.Decoder, error) {
		return zstd.NewReader(nil,
			zstd.WithDecoderConcurrency(0),
			zstd.WithDecoderMaxMemory(maxPart),
		)
	})
)

// encodePart returns the stored form of a part of a tree.
func encodePart(text []byte) ([]byte, error) {
	if len(text) >= worthZipping {
		enc, err := encoder()
		if err != nil {
			return nil, fmt.Errorf("zstd: %w", err)
		}
		if b := enc.EncodeAll(text, []byte{zipped}); len(b) <= len(text) {
			return b, nil
		}
	}
	return append([]byte{plain}, text...), nil
}

// decodePart is the reverse of encodePart. The result may share memory with
// the stored form.
func decodePart(stored []byte) ([]byte, error) {
	if len(stored) == 0 {
		return nil, fmt.Errorf("the encoding is missing")
	}
	switch encoding, rest := stored[0], stored[1:]; encoding {
	case plain:
		return rest, nil
	case zipped:
		dec, err := decoder()
		if err != nil {
			return nil, fmt.Errorf("zstd: %w", err)
		}
		text, err := dec.DecodeAll(rest, nil)
		if err != nil {
			return nil, fmt.Errorf("zstd: %w", err)
		}
		return text, nil
	default:
		return nil, fmt.Errorf("unknown encoding %d", encoding)
	}
}
