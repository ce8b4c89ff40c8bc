package master

import (
	"bytes"
	"context"
	"slices"
	"time"

	"mirrortracker/internal/distftp/wire"
)

// certifying is how often it is looked whether a slave must be given another certificate or
// keys, or may no longer have them.
const certifying = time.Minute

// keepCertified gives a slave what it needs to put TLS on connections with clients, as long
// as it is trusted with that.
func (m *Master) keepCertified(ctx context.Context, s *slave) {
	var has wire.Certificate
	for tick := time.NewTicker(certifying); ; {
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
