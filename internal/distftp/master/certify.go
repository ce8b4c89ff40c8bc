package master

import (
	"bytes"
	"context"
	"slices"
	"time"

	"mirrortracker/internal/distftp/wire"
)

// looking is how often it is looked what the database says of a slave, and whether it must be
// given another certificate or keys.
const looking = 2 * time.Second

// keepKnown keeps in mind what the database says of a slave, and gives it what it needs to put
// TLS on connections with clients, as long as it is trusted with that.
func (m *Master) keepKnown(ctx context.Context, s *slave) {
	var has wire.Certificate
	for tick := time.NewTicker(looking); ; {
		if err := m.certify(ctx, s, &has); err != nil && ctx.Err() == nil {
			m.Log.Warn("a slave has no certificate to show to clients", "slave", s.name, "err", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			tick.Stop()
			return
		}
	}
}

// certify gives a slave the certificate in force, unless that is what it has.
func (m *Master) certify(ctx context.Context, s *slave, has *wire.Certificate) error {
	row, err := m.Catalogue.Slave(ctx, s.name)
	if err != nil {
		return err
	}
	s.row.Store(&row)
	if !row.Trusted || m.Certificate == nil {
		s.certified.Store(false)
		return nil
	}
	c, err := m.Certificate()
	if err != nil || c == nil {
		s.certified.Store(false)
		return err
	}
	if !same(c, has) {
		if err := s.Certify(ctx, *c); err != nil {
			return err
		}
		*has = *c
	}
	s.certified.Store(true)
	return nil
}

func same(a, b *wire.Certificate) bool {
	return equal(a.Chain, b.Chain) && equal(a.Tickets, b.Tickets) && string(a.Key) == string(b.Key)
}

func equal(a, b [][]byte) bool { return slices.EqualFunc(a, b, bytes.Equal) }
