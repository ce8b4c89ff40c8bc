package catalogue

import (
	"context"
	"errors"

	"mirrortracker/internal/distftp/wire"
	"mirrortracker/internal/mirror"
)

var errUnfinished = errors.New("not there yet")

type Side struct{}

func (c *Catalogue) Side(ctx context.Context, slave SlaveID) (*Side, error) {
	return nil, errUnfinished
}
func (s *Side) Root() wire.SyncDigest                            { return wire.SyncDigest{} }
func (s *Side) Below(dir mirror.Path) map[string]wire.SyncDigest { return nil }
func (c *Catalogue) Reconcile(ctx context.Context, slave SlaveID, dir mirror.Path, applied uint64, list []wire.Entry) (Reconciled, error) {
	return Reconciled{}, errUnfinished
}
