package master

import (
	"context"

	"mirrortracker/internal/distftp/catalogue"
	"mirrortracker/internal/distftp/copies"
	"mirrortracker/internal/distftp/data"
	"mirrortracker/internal/distftp/wire"
)

var _ copies.Fleet = (*Master)(nil)

// Link implements [copies.Fleet].
func (m *Master) Link(id catalogue.SlaveID) (wire.Slave, wire.State, bool) {
	s := m.slave(id)
	if s == nil {
		return nil, wire.State{}, false
	}
	return s, *s.state.Load(), true
}

// Agreed implements [copies.Fleet].
func (m *Master) Agreed(id catalogue.SlaveID) bool {
	s := m.slave(id)
	return s != nil && s.agreed.Load()
}

// Compare implements [copies.Fleet].
func (m *Master) Compare(ctx context.Context, id catalogue.SlaveID) (catalogue.Reconciled, error) {
	s := m.slave(id)
	if s == nil {
		return catalogue.Reconciled{}, data.ErrUnavailable
	}
	return m.agree(ctx, s)
}
