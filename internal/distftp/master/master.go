package master

import (
	"cmp"
	"context"
	"crypto/tls"
	"log/slog"
	"slices"
	"sync"

	"mirrortracker/internal/distftp/catalogue"
	"mirrortracker/internal/distftp/choice"
	"mirrortracker/internal/distftp/control"
	"mirrortracker/internal/distftp/wire"
)

// Config says what a master works with. Chooser and Log must be set.
type Config struct {
	Chooser *choice.Chooser
	Places  *choice.Places // is told where slaves are; nil: nobody wants to know
	Log     *slog.Logger

	// Protect returns how connections to a slave's relay port are put under TLS, and may be
	// nil: then no relay is.
	Protect func(slave string) *tls.Config

	// Certificate returns what slaves that are trusted show to clients, nil for nothing.
	Certificate func() (*wire.Certificate, error)

	// Changed is told that slaves have joined or left, and must not wait. Damaged is told of
	// files that a slave has found to be no longer what it received. They may be nil.
	Changed func()
	Damaged func(ctx context.Context, slave catalogue.SlaveID, found []wire.Damage) error
}

// A Master has slaves hold files. Make it with [Open].
type Master struct {
	Config
	Catalogue *catalogue.Catalogue

	mu     sync.RWMutex
	slaves map[catalogue.SlaveID]*slave // that are joined
}

var (
	_ control.Planner  = (*Master)(nil)
	_ control.Storer   = (*Master)(nil)
	_ control.Host     = (*Master)(nil)
	_ control.Summer   = (*Master)(nil)
	_ catalogue.Slaves = (*Master)(nil)
)

// Open makes a master without slaves, on a catalogue that it opens and has slaves for.
// Slaves come by [Master.Join].
func Open(ctx context.Context, names catalogue.Config, c Config) (*Master, error) {
	m := &Master{Config: c, slaves: map[catalogue.SlaveID]*slave{}}
	names.Slaves = m
	var err error
	m.Catalogue, err = catalogue.Open(ctx, names)
	return m, err
}

// slave returns one that is joined, nil if it is not.
func (m *Master) slave(id catalogue.SlaveID) *slave {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.slaves[id]
}

// present returns all slaves that are joined, by name.
func (m *Master) present() []*slave {
	m.mu.RLock()
	defer m.mu.RUnlock()
	all := make([]*slave, 0, len(m.slaves))
	for _, s := range m.slaves {
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b *slave) int { return cmp.Compare(a.name, b.name) })
	return all
}

// Begin implements [copies.Fleet]: it returns a new operation number, which counts as under
// way until done is called.
func (m *Master) Begin(ctx context.Context) (op uint64, done func(), err error) {
	op, err = m.Catalogue.Op(ctx)
	return op, func() { m.Catalogue.Done(op) }, err
}
