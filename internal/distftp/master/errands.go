package master

import (
	"context"

	"mirrortracker/internal/distftp/catalogue"
	"mirrortracker/internal/distftp/choice"
	"mirrortracker/internal/distftp/data"
	"mirrortracker/internal/distftp/wire"
	"mirrortracker/internal/mirror"
)

// Free implements [catalogue.Slaves]: the largest file that could be stored now.
func (m *Master) Free(_ context.Context, p mirror.Path) (int64, error) {
	var free int64
	rule := m.Chooser.Rules().For(p)
	for _, s := range m.present() {
		if s.full() == "" && rule.Allows(s.name) {
			free = max(free, s.state.Load().Free)
		}
	}
	return free, nil
}

// Duplicate implements [catalogue.Slaves].
func (m *Master) Duplicate(ctx context.Context, id catalogue.SlaveID, d wire.Duplicate, flow *data.Flow) (wire.Prepared, error) {
	s := m.slave(id)
	if s == nil {
		return wire.Prepared{}, data.ErrUnavailable
	}
	p, err := s.Duplicate(ctx, d)
	if err == nil && flow != nil {
		flow.Count(p.Size)
	}
	return p, err
}

// Checksum implements [control.Summer]: the slave reads the file.
func (m *Master) Checksum(ctx context.Context, r data.Request, algorithm string, flow *data.Flow) ([]byte, error) {
	file, err := m.Catalogue.File(ctx, r.Path)
	if err != nil {
		return nil, err
	}
	failed := error(data.ErrUnavailable)
	request := choice.Request{Purpose: choice.Download, Path: r.Path}
	for s, release := range m.choose(request, m.holding(file), nil, func(*slave) string { return "" }) {
		var sum []byte
		sum, failed = s.Checksum(ctx, wire.Checksum{Ref: file.Ref, After: after(file, s), Algorithm: algorithm, Offset: r.Offset, Length: r.Length})
		release()
		if failed == nil {
			flow.Count(file.Ref.Size - r.Offset)
			return sum, nil
		}
		if ctx.Err() != nil {
			break
		}
	}
	return nil, verdict(failed)
}
