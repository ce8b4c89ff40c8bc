package store

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// How long a lease that is held lasts unless renewed, and how often it is.
const (
	holdTTL   = 2 * time.Minute
	holdRenew = 30 * time.Second
)

// Hold acquires a lease, over from a holder of which gone says that it has ended
// without giving it back, and renews it until release is called, which gives it back.
// Gone is nil if that cannot be known. The context that is returned is done as soon as
// the lease is lost, with [ErrLeaseLost] as its cause. It returns a [LeaseHeldError] if
// somebody else holds the lease.
func (s *Store) Hold(ctx context.Context, name, owner string, gone func(owner string) bool) (held context.Context, lease Lease, release func() error, err error) {
	lease, err = s.Acquire(ctx, name, owner, holdTTL)
	if other, ok := errors.AsType[*LeaseHeldError](err); ok && gone != nil && gone(other.Owner) {
		if err := s.Release(ctx, other.Lease()); err != nil {
			return nil, Lease{}, nil, err
		}
		lease, err = s.Acquire(ctx, name, owner, holdTTL)
	}
	if err != nil {
		return nil, Lease{}, nil, err
	}
	held, cancel := context.WithCancelCause(ctx)
	stop := renewal(held, holdRenew, func(ctx context.Context) error {
		_, err := s.Renew(ctx, lease, holdTTL)
		return err
	}, cancel)
	return held, lease, func() error {
		stop()
		cancel(nil)
		last, cancelLast := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancelLast()
		if err := s.Release(last, lease); err != nil {
			return fmt.Errorf("the lease expires by itself: %w", err)
		}
		return nil
	}, nil
}
