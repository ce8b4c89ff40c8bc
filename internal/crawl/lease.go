package crawl

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	"mirrortracker/internal/store"
)

// A holder keeps a lease alive while a crawl runs.
type holder struct {
	store *store.Store
	stop  func()

	mu      sync.Mutex
	current store.Lease
}

// holdLease renews a lease until it is released, and cancels the crawl when it
// is lost. A database that is away for a moment costs nothing as long as it is
// back before the lease expires.
func holdLease(ctx context.Context, s *store.Store, lease store.Lease, lost context.CancelCauseFunc, log *slog.Logger) *holder {
	h := &holder{store: s, current: lease}
	h.stop = every(ctx, always(leaseRenew), func() {
		renewed, err := s.Renew(ctx, h.lease(), leaseTTL)
		switch {
		case err == nil:
			h.mu.Lock()
			h.current = renewed
			h.mu.Unlock()
		case errors.Is(err, store.ErrLeaseLost):
			lost(err)
		case ctx.Err() == nil:
			log.Warn("lease is not renewed", "lease", lease.Name, "err", err)
		}
	})
	return h
}

func (h *holder) lease() store.Lease {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.current
}

// release ends the renewing and gives the lease back.
func (h *holder) release(ctx context.Context) error {
	h.stop()
	err := h.store.Release(ctx, h.lease())
	if errors.Is(err, store.ErrLeaseLost) {
		return nil
	}
	return err
}
