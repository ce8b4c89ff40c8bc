package main

import (
	"context"
	"crypto/x509"
	"errors"
	"io/fs"
	"log/slog"
	"maps"
	"reflect"
	"sync"
	"time"

	"mirrortracker/internal/distftp/auto"
	"mirrortracker/internal/distftp/config"
	"mirrortracker/internal/distftp/control"
	"mirrortracker/internal/distftp/data"
	"mirrortracker/internal/distftp/foreign"
	"mirrortracker/internal/distftp/mirroradmin"
	"mirrortracker/internal/distftp/mirrors"
	"mirrortracker/internal/distftp/remote"
	"mirrortracker/internal/distftp/vfs"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/ui"
)

// A mirroring is what this server has to do with foreign ones: what the database says of
// them, connections to them, and what clients see of them.
type mirroring struct {
	*holding
	*remote.Overlay
	content  *content
	base     *base
	settings settings
	store    *mirrors.Store
	pools    *foreign.Pools
	replicas *replicas // nil: there is no tracker
	log      *slog.Logger
	lessons  chan lesson

	life    context.Context // of what goes on in the background
	running sync.WaitGroup
	mu      sync.Mutex
	probes  map[foreign.Server]*probe // that are under way
}

// A probe finds out what a server allows.
type probe struct {
	done  chan struct{} // closed when the rest is set
	found foreign.Abilities
	err   error
}

// Settings are what a mirroring is made of, besides.
type settings struct {
	secrets  string
	auto     []string
	tracker  config.Tracker
	nearest  config.Nearest
	networks []config.Network
}

// A lesson is what was found out about a server.
type lesson struct {
	server    foreign.Server
	abilities foreign.Abilities
}

// openMirroring makes one of what a configuration says, or shares that of the former if that
// says the same.
func (a *app) openMirroring(f, former *force) (*mirroring, error) {
	c := &f.config
	is := settings{c.Secrets, c.AutoMirror, c.Tracker, c.Nearest, c.Networks}
	if former != nil && former.mirroring != nil {
		if m := former.mirroring; m.content == f.content && m.base == f.base && reflect.DeepEqual(m.settings, is) {
			m.again()
			return m, nil
		}
	}
	m := &mirroring{content: f.content, base: f.base, settings: is, log: f.log, lessons: make(chan lesson, 64), probes: map[foreign.Server]*probe{}}
	m.pools = foreign.NewPools(foreign.Config{Authorities: f.authorities, Learned: m.learned, Log: f.log})
	store := mirrorsConfig(c, f.base.DB)
	store.Answer, store.Log = m.state, f.log
	var err error
	if m.store, err = mirrors.Open(a, store); err != nil {
		return nil, ui.Hint(err, `the database is named by --database, FTPD_DATABASE or "database" in the configuration`)
	}
	over := remote.Config{
		Files: f.content.FS, Planner: f.content.Planner, View: m.store.View, Log: f.log,
		Server: func(s foreign.Server, known foreign.Abilities) remote.Server {
			return remote.Pooled{Pool: m.pools.Of(s, known)}
		},
	}
	if over.Planner == nil {
		over.Planner = data.Disk{Files: f.content.FS.(data.Opener)}
	}
	if m.replicas = newReplicas(c, f.content.FS, f.log); m.replicas != nil {
		over.Auto = m.replicas
	}
	m.Overlay = remote.New(over)
	m.holding = hold(m.start(context.WithoutCancel(a)))
	return m, nil
}

// trust changes whose certificates are taken of foreign servers, which are asked again at once.
func (m *mirroring) trust(authorities *x509.CertPool) {
	m.pools.Trust(authorities)
	m.Forget()
}

// site is what administrators change by SITE REMOTE and SITE DIRMIRROR.
func (m *mirroring) site() mirroradmin.Site {
	return mirroradmin.Site{Store: m.store, State: m.state, Directory: m.directory, Probe: m.probe}
}

// directory says why a path of our own is no directory.
func (m *mirroring) directory(ctx context.Context, p mirror.Path) error {
	e, err := m.content.FS.Stat(ctx, p)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return errors.New("there is no such directory")
	case err == nil && e.Kind != vfs.Directory:
		return vfs.ErrNotDir
	}
	return err
}

// start begins what goes on in the background until the closer ends it.
func (m *mirroring) start(ctx context.Context) ender {
	ctx, cancel := context.WithCancel(ctx)
	m.life = ctx
	running := &m.running
	running.Go(func() { _ = m.store.Run(ctx) }) // which only ends with ctx
	running.Go(func() { m.follow(ctx) })
	running.Go(func() { m.note(ctx) })
	running.Go(func() { m.keepProbing(ctx) })
	if m.replicas != nil {
		running.Go(func() { m.replicas.run(ctx) })
	}
	return func() error {
		cancel()
		running.Wait()
		m.pools.Close()
		return nil
	}
}

// An ender ends something.
type ender func() error

// Close implements [io.Closer].
func (e ender) Close() error { return e() }

// Observe implements [control.Observer]: the tracker knows directories by their content,
// which clients change.
func (m *mirroring) Observe(event control.Event) {
	if m.replicas == nil {
		return
	}
	switch e := event.(type) {
	case *control.Changed:
		m.replicas.Changed(e.Path)
		if e.To != "" {
			m.replicas.Changed(e.To)
		}
	case *control.TransferEnded:
		if e.Direction() == control.Upload && e.Err == nil {
			m.replicas.Changed(e.Path)
		}
	}
}

// following is how often it is looked whether something is to be done about connections.
const following = time.Second

// follow does what changes of aliases and bindings ask for, until ctx ends.
func (m *mirroring) follow(ctx context.Context) {
	tick := time.NewTicker(following)
	defer tick.Stop()
	epochs := map[mirror.Path]int{}
	for seen := uint64(0); ; {
		if view := m.store.View(); view.Version != seen {
			seen = view.Version
			epochs = m.turn(view, epochs)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// turn puts a view in force, given how often the connections of each alias had been closed.
func (m *mirroring) turn(view *mirrors.View, former map[mirror.Path]int) map[mirror.Path]int {
	epochs := map[mirror.Path]int{}
	for _, a := range view.Aliases() {
		epochs[a.Path] = a.Epoch
		if was, known := former[a.Path]; !known || was == a.Epoch {
			continue
		}
		if p, err := m.pool(a); err == nil {
			closed, inUse := p.Disconnect()
			m.log.Info("connections to a foreign server are closed", "alias", a.Path, "closed", closed, "when_done", inUse)
		}
	}
	if m.replicas != nil {
		var all []auto.Binding
		for _, b := range view.Bindings() {
			if b.Auto() {
				all = append(all, auto.Binding{Dir: b.Dir, URL: b.URL})
			}
		}
		m.replicas.SetBindings(all)
	}
	return epochs
}

// pool returns the connections to the server of an alias.
func (m *mirroring) pool(a *mirrors.Alias) (*foreign.Pool, error) {
	s, err := a.Server()
	if err != nil {
		return nil, err
	}
	return m.pools.Of(s, a.Abilities), nil
}

// probe finds out what the server of an alias allows. That goes on, and is written down, when
// ctx ends; who asks meanwhile waits for the same.
func (m *mirroring) probe(ctx context.Context, a *mirrors.Alias) (foreign.Abilities, error) {
	s, err := a.Server()
	if err != nil {
		return foreign.Abilities{}, err
	}
	m.mu.Lock()
	p := m.probes[s]
	if p == nil {
		p = &probe{done: make(chan struct{})}
		m.probes[s] = p
		m.running.Go(func() { m.find(p, a, s) })
	}
	m.mu.Unlock()
	select {
	case <-p.done:
		return p.found, p.err
	case <-ctx.Done():
		return foreign.Abilities{}, context.Cause(ctx)
	}
}

func (m *mirroring) find(p *probe, a *mirrors.Alias, s foreign.Server) {
	ctx, cancel := context.WithTimeout(m.life, probeTime)
	defer cancel()
	p.found, p.err = m.pools.Of(s, a.Abilities).Probe(ctx)
	if p.err == nil {
		p.err = m.store.Learn(ctx, s, p.found)
	}
	if p.err != nil && m.life.Err() == nil {
		m.log.Warn("it is not known what a foreign server allows", "alias", a.Path, "server", s, "err", p.err)
	}
	m.mu.Lock()
	delete(m.probes, s)
	m.mu.Unlock()
	close(p.done)
}

// How often is found out what a server allows, how long that may take, and after how long it
// is tried again with one that was away.
const (
	probing      = 24 * time.Hour
	probeTime    = 30 * time.Second
	probingAgain = 10 * time.Minute
)

// keepProbing finds out what servers allow, of each now and then, until ctx ends.
func (m *mirroring) keepProbing(ctx context.Context) {
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	tried := map[foreign.Server]time.Time{}
	for {
		for _, a := range m.store.View().Aliases() {
			s, err := a.Server()
			if err != nil || time.Since(a.Abilities.Probed) < probing || time.Since(tried[s]) < probingAgain {
				continue
			}
			tried[s] = time.Now()
			if _, _ = m.probe(ctx, a); ctx.Err() != nil { // the log has why it is not known
				return
			}
		}
		maps.DeleteFunc(tried, func(_ foreign.Server, at time.Time) bool { return time.Since(at) > probing })
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// learned notes what was found out about a server. It is found out again if there is no time
// for it now.
func (m *mirroring) learned(s foreign.Server, a foreign.Abilities) {
	select {
	case m.lessons <- lesson{s, a}:
	default:
	}
}

// note writes down what was learnt, for other masters and the next start, until ctx ends.
func (m *mirroring) note(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case l := <-m.lessons:
			if err := m.store.Learn(ctx, l.server, l.abilities); err != nil && ctx.Err() == nil {
				m.log.Warn("what a foreign server allows is not written down", "server", l.server, "err", err)
			}
		}
	}
}

// state says how this server has to do with foreign ones.
func (m *mirroring) state() mirrors.State {
	view := m.store.View()
	state := mirrors.State{Faults: m.Faults()}
	for _, a := range view.Aliases() {
		site := mirrors.Site{Alias: a.Path}
		if p, err := m.pool(a); err != nil {
			site.Error = err.Error()
		} else {
			health := p.Health()
			site.Waiting, site.Error = p.Waiting(), health.Reason
			if health.Resting {
				site.Resting = health.Until
			}
			for _, c := range p.Connections() {
				site.Connections = append(site.Connections, connection(c))
			}
		}
		state.Sites = append(state.Sites, site)
	}
	for _, b := range view.Bindings() {
		if b.Auto() {
			state.Found = append(state.Found, m.found(b))
		}
	}
	return state
}

func connection(c foreign.Connection) mirrors.Connection {
	said := mirrors.Connection{State: string(c.State), Since: c.Since, Doing: c.Doing}
	if c.Peer.IsValid() {
		said.Peer = c.Peer.String()
	}
	return said
}

// found says what the tracker knows of a directory.
func (m *mirroring) found(b *mirrors.Binding) mirrors.Found {
	found := mirrors.Found{Dir: b.Dir}
	if m.replicas == nil {
		found.Status = errNoTracker.Error()
		return found
	}
	status := m.replicas.Status(auto.Binding{Dir: b.Dir, URL: b.URL})
	for _, r := range status.Replicas {
		if r.Reason == "" {
			found.Members++
		}
	}
	if status.Err != nil {
		found.Status = status.Err.Error()
	}
	return found
}

var errNoTracker = errors.New("no tracker is configured: tracker.database")
