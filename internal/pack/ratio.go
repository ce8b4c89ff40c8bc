package pack

import (
	"fmt"
	"io"
)

// Bounds of what decompression may make of a file: a file that is compressed better than
// any listing is there to do harm.
const (
	maxRatio  = 500
	freeBytes = 64 << 20 // that are read in any case
)

// A ratio sees to it that what is read from a decoder is in proportion to what that reads.
type ratio struct{ compressed, text int64 }

// in returns what the decoder is to read from.
func (r *ratio) in(from io.Reader) io.Reader {
	return readerFunc(func(p []byte) (int, error) {
		n, err := from.Read(p)
		r.compressed += int64(n)
		return n, err
	})
}

// out returns what is to be read instead of the decoder.
func (r *ratio) out(decoder io.Reader) io.Reader {
	return readerFunc(func(p []byte) (int, error) {
		n, err := decoder.Read(p)
		if r.text += int64(n); r.text > freeBytes && r.text/maxRatio > r.compressed {
			return 0, fmt.Errorf("it is compressed to less than a %dth, as no listing can be", maxRatio)
		}
		return n, err
	})
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
