package control

import (
	"context"

	"mirrortracker/internal/distftp/data"
	"mirrortracker/internal/mirror"
)

// A Host is a [Planner] that can have clients come to where the bytes are, or may be
// stored.
//
// Expect has a holder elsewhere listen for the client. Its error, of which
// [data.ErrNotDirect] is nothing to be said about, means that the client is to come to us.
type Host interface {
	Planner
	Expect(ctx context.Context, e data.Expectation) (data.Rendezvous, error)
}

// A Summer is a [Planner] that can have checksums computed where the bytes are.
//
// Checksum computes one over those that a request names, by an algorithm that HASH has; the
// flow counts.
type Summer interface {
	Planner
	Checksum(ctx context.Context, r data.Request, algorithm string, flow *data.Flow) ([]byte, error)
}

// request returns what a client wants that now asks for a transfer.
func (s *session) request(p mirror.Path, offset, length int64) data.Request {
	return data.Request{Path: p, Offset: offset, Length: length, Text: s.text, Client: s.peer}
}
