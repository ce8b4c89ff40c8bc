package remote

import (
	"context"

	"mirrortracker/internal/distftp/data"
	"mirrortracker/internal/distftp/foreign"
)

// Pooled is a [Server] whose sessions share a pool of connections.
type Pooled struct{ *foreign.Pool }

var _ Server = Pooled{}

// Download implements [Server].
func (p Pooled) Download(t foreign.Transfer) data.Remote { return foreign.Download(p.Pool, t) }

// Upload implements [Server].
func (p Pooled) Upload(t foreign.Transfer) data.Remote { return foreign.Upload(p.Pool, t) }

// Expect implements [Server].
func (p Pooled) Expect(ctx context.Context, name string, e data.Expectation, check foreign.Check) (data.Rendezvous, error) {
	at, err := foreign.Expect(ctx, p.Pool, name, e, check)
	if err != nil {
		return nil, err
	}
	return at, nil
}

// Met implements [Server].
func (p Pooled) Met(at data.Rendezvous) bool { return foreign.At(at) == p.Pool }
