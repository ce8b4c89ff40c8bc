package auto

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"mirrortracker/internal/mirror"
	"mirrortracker/internal/nearest"
	"mirrortracker/internal/resolver"
)

// Config is what a finder works with. All but Cache, Self, Ours, Databases and
// Now must be set.
type Config struct {
	Database string        // the tracker's, as [mirrortracker/internal/store.Open] takes it
	Cache    string        // a folder for its index, "" for none
	Refresh  time.Duration // how often the database is asked for news
	Digests  time.Duration // how often our own directories are read, if that takes less than a tenth of it

	Self []string                            // the names by which the tracker knows this server
	Ours func(host string, port uint16) bool // whether that is this server; nil: no address is

	Tree      Tree               // our own directories
	Nearest   nearest.Options    // Atlas and Addresses are not looked at
	Databases *nearest.Databases // of addresses, which the caller keeps up to date; nil: none
	Log       *slog.Logger
	Now       func() time.Time // nil: time.Now
}

// A Finder knows the members of bound directories. Its methods may be called concurrently.
type Finder struct {
	config Config
	source *source
	live   *resolver.Live
	hosts  *nearest.Hosts
	moves  atomic.Uint64 // how often a host's address has become another one

	staging    sync.Mutex // guards the following
	staged     *scene
	complaints []string

	binding sync.Mutex // held by SetBindings
	bound   atomic.Pointer[map[Binding]*bound]
	news    chan struct{} // of bindings and changes, for who reads directories
}

// New makes a finder. It knows nothing before it runs.
func New(c Config) *Finder {
	if c.Now == nil {
		c.Now = time.Now
	}
	f := &Finder{
		config: c,
		source: &source{url: c.Database},
		hosts:  nearest.NewHosts(),
		news:   make(chan struct{}, 1),
	}
	f.live = resolver.NewLive(f.source, resolver.Options{Cache: c.Cache}, c.Log.With("of", "tracker"))
	f.bound.Store(&map[Binding]*bound{})
	return f
}

// SetBindings says which directories are bound. What is known of those that were before
// stays.
func (f *Finder) SetBindings(all []Binding) {
	f.binding.Lock()
	defer f.binding.Unlock()
	before := *f.bound.Load()
	now := make(map[Binding]*bound, len(all))
	for _, b := range all {
		if now[b] = before[b]; now[b] == nil {
			now[b] = newBound(b, f.config.Tree)
		}
	}
	if !maps.Equal(now, before) {
		f.bound.Store(&now)
		f.wake()
	}
}

// Changed says that we have changed what is at a path.
func (f *Finder) Changed(p mirror.Path) {
	for _, b := range *f.bound.Load() {
		if b.changed(p) {
			f.wake()
		}
	}
}

func (f *Finder) wake() {
	select {
	case f.news <- struct{}{}:
	default:
	}
}

// replicas returns those of a binding as of now.
func (f *Finder) replicas(b Binding) (*replicas, error) {
	bound := (*f.bound.Load())[b]
	if bound == nil {
		return nil, ErrUnbound
	}
	x := f.live.Index()
	if x == nil {
		return nil, ErrNotReady
	}
	return bound.replicas(x, f.scene(x), f.config.Log)
}

// Status returns how things stand with a binding.
func (f *Finder) Status(b Binding) Status {
	s := Status{Binding: b}
	if bound := (*f.bound.Load())[b]; bound != nil {
		s.Summary, s.Read = bound.amount()
	}
	r, err := f.replicas(b)
	if s.Err = err; err == nil {
		s.Replicas = r.list()
	}
	return s
}

// Bindings returns what is bound, sorted by directory.
func (f *Finder) Bindings() []Binding {
	return slices.SortedFunc(maps.Keys(*f.bound.Load()), func(a, b Binding) int { return compare(a, b) })
}

// Index returns how current is what the tracker knows.
func (f *Finder) Index() resolver.Status { return f.live.Status() }

// Run follows the tracker and our own directories until ctx ends.
func (f *Finder) Run(ctx context.Context) {
	var running sync.WaitGroup
	running.Go(func() { f.live.Run(ctx, f.config.Refresh) })
	if f.config.Databases != nil {
		running.Go(func() { f.hosts.Run(ctx, f.sites, func() { f.moves.Add(1) }) })
	}
	running.Go(func() { f.follow(ctx) })
	running.Go(func() { f.survey(ctx) })
	running.Wait()
	if err := f.source.close(); err != nil {
		f.config.Log.Warn("the tracker's database cannot be closed", "err", err)
	}
}

// sites are those that the tracker knows.
func (f *Finder) sites() []mirror.Site {
	if x := f.live.Index(); x != nil {
		return x.Roster().Sites
	}
	return nil
}

// follow looks for replicas that have come and gone, so that the log tells of them whether
// or not somebody asks, and no former index is held for long.
func (f *Finder) follow(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		for _, b := range f.Bindings() {
			_, _ = f.replicas(b) // why there are none is asked for elsewhere
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
