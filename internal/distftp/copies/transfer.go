package copies

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"mirrortracker/internal/distftp/wire"
)

// Limits of a copy from slave to slave.
const (
	meetTimeout = 10 * time.Second // for the connection between them
	stall       = time.Minute      // without progress
)

// A party is one of the two slaves of a copy.
type party struct {
	name  string
	slave wire.Slave
	state wire.State
	after uint64 // the intent that must have been applied there
}

// A sourceError says that a copy failed because of the slave that was to give it.
type sourceError struct {
	name string
	err  error
}

func (e *sourceError) Error() string { return fmt.Sprintf("%s, which has it: %v", e.name, e.err) }
func (e *sourceError) Unwrap() error { return e.err }

// fetch has one slave fetch a file from another as prepared content under op. With sums,
// what does not match them is dropped there.
func fetch(ctx context.Context, op uint64, ref wire.Ref, sums *wire.Sums, from, to party) (wire.Prepared, error) {
	relay, ok := reach(from.state.Relay, to.state.Relay)
	if !ok {
		return wire.Prepared{}, &sourceError{from.name, errors.New("it says no address for other slaves")}
	}
	secret := make([]byte, 32)
	rand.Read(secret) // never fails
	receive := wire.Receive{
		Op:    op,
		Most:  ref.Size,
		From:  &wire.Place{Addr: relay, Secret: secret, Secure: true},
		Meet:  wire.Meeting{Timeout: meetTimeout},
		Stall: stall,
	}
	if sums != nil {
		receive.Want = &wire.Prepared{Op: op, Size: ref.Size, Sums: *sums}
	}
	send := wire.Send{
		Ref:   ref,
		After: from.after,
		Meet:  wire.Meeting{Secret: secret, Timeout: meetTimeout, Secure: true},
		Stall: stall,
	}

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	sent := make(chan error, 1)
	go func() { sent <- from.slave.Send(ctx, send, func(wire.Event) {}) }()
	prepared, err := to.slave.Receive(ctx, receive, func(wire.Event) {})
	if err != nil {
		return wire.Prepared{}, blame(err, sent, cancel, from, to)
	}
	<-sent // what has come is what was wanted, whatever the source thinks of it
	if prepared.Op != op || prepared.Size != ref.Size {
		return wire.Prepared{}, fmt.Errorf("%s has prepared %d bytes, not %d", to.name, prepared.Size, ref.Size)
	}
	return prepared, nil
}

// blame finds out which of two slaves a copy failed because of, and ends what the source
// does. That nothing came over the connection is for the source to explain, and it is
// given a moment for that.
func blame(err error, sent <-chan error, cancel context.CancelFunc, from, to party) error {
	patience := time.NewTimer(time.Second)
	defer patience.Stop()
	f, _ := errors.AsType[*wire.Failure](err)
	if f != nil && f.Reason == wire.Differs {
		err = &sourceError{from.name, f}
	} else {
		err = fmt.Errorf("%s, which takes it: %w", to.name, err)
	}
	if f != nil && (f.Reason == wire.Lost || f.Reason == wire.NoConnection) {
		select {
		case why := <-sent:
			if why != nil {
				err = &sourceError{from.name, why}
			}
			return err
		case <-patience.C:
		}
	}
	cancel()
	<-sent
	return err
}

// reach returns the address at which a slave fetches from another one: one of a family that
// it has itself, as far as is known.
func reach(theirs, own []netip.AddrPort) (netip.AddrPort, bool) {
	for _, a := range theirs {
		for _, b := range own {
			if a.Addr().Unmap().Is4() == b.Addr().Unmap().Is4() {
				return a, true
			}
		}
	}
	if len(theirs) == 0 {
		return netip.AddrPort{}, false
	}
	return theirs[0], true
}
