package master

import (
	"context"
	"errors"
	"fmt"

	"mirrortracker/internal/distftp/data"
	"mirrortracker/internal/distftp/vfs"
	"mirrortracker/internal/distftp/wire"
)

// watch has a slave move bytes, and tells the order how that goes.
func watch(ctx context.Context, o *data.Order, do func(ctx context.Context, tell func(wire.Event)) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	connected := false
	err := do(ctx, func(e wire.Event) {
		if e.Connected && !connected {
			connected = true
			o.Connected()
		}
		if e.Moved > 0 {
			if err := o.Moved(e.Moved); err != nil {
				cancel(err)
			}
		}
	})
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return verdict(err)
}

// faults are the errors of package data for what slaves say.
var faults = map[wire.Reason]error{
	wire.NoConnection: data.ErrNoConnection,
	wire.Insecure:     data.ErrInsecure,
	wire.NotResumed:   data.ErrReuse,
	wire.Absent:       data.ErrSource,
	wire.Behind:       data.ErrSource,
	wire.Offset:       data.ErrSource,
	wire.ReadError:    data.ErrSource,
	wire.WriteError:   data.ErrSink,
	wire.Full:         fmt.Errorf("%w: %w", data.ErrSink, vfs.ErrSpace),
	wire.Differs:      data.ErrSink,
	wire.TooMuch:      vfs.ErrQuota,
	wire.NoPort:       data.ErrNoConnection,
}

// verdict is what the end of a transfer at a slave means to the session.
func verdict(err error) error {
	if f, ok := errors.AsType[*wire.Failure](err); ok && faults[f.Reason] != nil {
		return fmt.Errorf("%w: %w", faults[f.Reason], err)
	}
	return err
}
