package slave

import (
	"context"
	"io"
	"math"
	"runtime"

	"mirrortracker/internal/distftp/checksum"
	"mirrortracker/internal/distftp/wire"
)

// hashings is how many checksums are computed at a time.
func hashings() int { return max(runtime.GOMAXPROCS(0)/2, 1) }

// Checksum implements [wire.Slave].
func (s *Slave) Checksum(ctx context.Context, c wire.Checksum) ([]byte, error) {
	h, ok := checksum.New(c.Algorithm)
	if !ok {
		return nil, &wire.Failure{Reason: wire.Invalid, Text: "no such algorithm"}
	}
	select {
	case s.hashing <- struct{}{}:
		defer func() { <-s.hashing }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	file, err := s.Storage.Open(ctx, c.Ref, c.After)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	n := int64(math.MaxInt64 - c.Offset)
	if c.Length > 0 {
		n = c.Length
	}
	if _, err := io.Copy(h, reader{ctx, io.NewSectionReader(file, c.Offset, n)}); err != nil {
		if ctx.Err() == nil {
			err = &wire.Failure{Reason: wire.ReadError, Text: err.Error()}
		}
		return nil, err
	}
	return h.Sum(nil), nil
}

// A reader ends with its context.
type reader struct {
	ctx context.Context
	io.Reader
}

func (r reader) Read(b []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, context.Cause(r.ctx)
	}
	return r.Reader.Read(b)
}
