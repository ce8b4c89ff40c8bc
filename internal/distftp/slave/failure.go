package slave

import (
	"context"
	"errors"

	"mirrortracker/internal/distftp/data"
	"mirrortracker/internal/distftp/vfs"
	"mirrortracker/internal/distftp/wire"
)

// reasons are those of errors that the transfer of bytes ends with, the first that fits.
var reasons = []struct {
	err    error
	reason wire.Reason
}{
	{data.ErrNoConnection, wire.NoConnection},
	{data.ErrReuse, wire.NotResumed},
	{data.ErrInsecure, wire.Insecure},
	{data.ErrOffset, wire.Offset},
	{vfs.ErrQuota, wire.TooMuch},
	{vfs.ErrSpace, wire.Full},
	{data.ErrSource, wire.ReadError},
	{data.ErrSink, wire.WriteError},
}

// failure says why a transfer failed in the words of the wire. The end of ctx, by which a
// master breaks it off, is left as it is.
func failure(ctx context.Context, err error) error {
	var known *wire.Failure
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.As(err, &known):
		return known
	}
	for _, r := range reasons {
		if errors.Is(err, r.err) {
			return &wire.Failure{Reason: r.reason, Text: err.Error()}
		}
	}
	return &wire.Failure{Reason: wire.Lost, Text: err.Error()}
}
