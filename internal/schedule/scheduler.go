package schedule

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"mirrortracker/internal/mirror"
	"mirrortracker/internal/store"
)

// A Source tells of all sites and of the last attempt at each that has one, both
// in any order. The store is one.
type Source interface {
	Sites(ctx context.Context) ([]mirror.Site, error)
	Attempts(ctx context.Context) ([]store.Attempt, error)
}

var _ Source = (*store.Store)(nil)

// Settings are what of a scheduler can change while it runs.
type Settings struct {
	Plan        Plan
	Parallel    int // sites at a time, at least 1
	PerHost     int // connections to one host, 0 for any number
	Connections int // of a site that does not say how many it has
}

// A Scheduler crawls sites when they are due.
type Scheduler struct {
	Source   Source
	Settings func() Settings // asked for again and again
	Poll     time.Duration   // how often the source is asked
	Now      func() time.Time
	Log      *slog.Logger

	// Alive is called each time the source was asked, in vain or not; nil if nobody
	// wants to know.
	Alive func()

	// Gone reports whether the holder of a lease, by its owner, has ended without
	// giving it back; nil if that cannot be known.
	Gone func(owner string) bool

	// Crawl crawls a site and records the attempt. A *store.LeaseHeldError says
	// that somebody else is doing so; other errors it has logged itself. The cause of
	// its context's end is ErrHoursOver or that of Run's context.
	Crawl func(ctx context.Context, turn Turn) error
}

// A Turn is a site that is due.
type Turn struct {
	Site mirror.Site

	// StillDue asks the source again. It is called under the site's lease: somebody
	// else may have crawled the site since it was found to be due.
	StillDue func(ctx context.Context) (bool, error)
}

// ErrHoursOver is the cause for which a crawl is interrupted that goes on in its next
// hours.
var ErrHoursOver = errors.New("the hours in which the site may be crawled are over")

// busyPause is how long a site is left alone that somebody else is crawling, unless
// they are gone, or whose crawl ended without having been recorded.
const busyPause = 30 * time.Second

// maxLook bounds how long the source may take to tell what is due.
const maxLook = time.Minute

// running is what a scheduler has under way.
type running struct {
	*Scheduler
	crawls sync.WaitGroup

	mu    sync.Mutex
	sites map[mirror.SiteID]mirror.Site
	rests map[mirror.SiteID]rest
}

// A rest is why a site is left alone though it is due.
type rest struct {
	until  time.Time
	holder string // of the site's lease, "" for none
}

// Run crawls until ctx is done, and then waits for the crawls to end, which are
// interrupted. A source that cannot be asked is asked again.
func (s *Scheduler) Run(ctx context.Context) {
	r := &running{Scheduler: s, sites: map[mirror.SiteID]mirror.Site{}, rests: map[mirror.SiteID]rest{}}
	defer r.crawls.Wait()
	tick := time.NewTicker(s.Poll)
	defer tick.Stop()
	ended := make(chan struct{}, 1)
	failing := false
	for {
		err := r.start(ctx, ended)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil && !failing:
			s.Log.Error("database cannot be asked what is due", "err", err)
		case err == nil && failing:
			s.Log.Info("database can be asked what is due again")
		}
		failing = err != nil
		if s.Alive != nil {
			s.Alive()
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-ended:
		}
	}
}

// start starts the crawls of sites that are due, the most overdue first, as far
// as there is room for them, here and at their hosts. Those whose host is busy are
// passed over, lest many sites of one host take all places and wait there.
func (r *running) start(ctx context.Context, ended chan<- struct{}) error {
	// A crawl that ends while the source is asked leaves an answer that knows
	// nothing of its end, so those under way before it are what counts.
	r.mu.Lock()
	before := maps.Clone(r.sites)
	r.mu.Unlock()
	sites, last, err := r.look(ctx)
	if err != nil {
		return err
	}
	settings := r.Settings()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, site := range r.due(settings.Plan, sites, last) {
		id := site.ID()
		if _, under := before[id]; under || !r.hostHasRoom(site, &settings) {
			continue
		}
		if len(r.sites) >= max(settings.Parallel, 1) {
			break
		}
		r.sites[id] = site
		r.crawls.Go(func() {
			r.end(id, r.crawl(ctx, site, settings.Plan))
			select {
			case ended <- struct{}{}:
			default: // it will be looked after anyway
			}
		})
	}
	return nil
}

// hostHasRoom reports whether the site's host may have its connections beside those of
// the sites under way. It has room for any one site alone. A host is a name here, lest
// all that is due be looked up every few seconds: where two names are of one machine,
// package polite makes the second wait in its place.
func (r *running) hostHasRoom(site mirror.Site, settings *Settings) bool {
	taken := 0
	for _, other := range r.sites {
		if other.URL.Host == site.URL.Host {
			taken += settings.connections(other)
		}
	}
	return taken == 0 || settings.PerHost == 0 || taken+settings.connections(site) <= settings.PerHost
}

// connections is how many a site takes.
func (s *Settings) connections(site mirror.Site) int {
	return max(cmp.Or(site.Visit.Connections, s.Connections), 1)
}

// look asks the source.
func (r *running) look(ctx context.Context) ([]mirror.Site, map[mirror.SiteID]store.Attempt, error) {
	ctx, cancel := context.WithTimeout(ctx, maxLook)
	defer cancel()
	sites, err := r.Source.Sites(ctx)
	if err != nil {
		return nil, nil, err
	}
	attempts, err := r.Source.Attempts(ctx)
	if err != nil {
		return nil, nil, err
	}
	last := make(map[mirror.SiteID]store.Attempt, len(attempts))
	for _, a := range attempts {
		last[a.Site] = a
	}
	return sites, last, nil
}

// due returns the sites to be crawled now, sorted by when they became due. Those that are
// learnt are others' to crawl.
func (r *running) due(plan Plan, sites []mirror.Site, last map[mirror.SiteID]store.Attempt) []mirror.Site {
	now := r.Now()
	maps.DeleteFunc(r.rests, func(_ mirror.SiteID, rest rest) bool { return !now.Before(rest.until) || r.gone(rest.holder) })
	since := map[mirror.SiteID]time.Time{}
	var all []mirror.Site
	for _, site := range sites {
		id := site.ID()
		_, under := r.sites[id]
		_, rests := r.rests[id]
		if site.Learnt || under || rests || plan.Next(site, last[id], now).After(now) {
			continue
		}
		since[id] = plan.Due(site, last[id])
		all = append(all, site)
	}
	slices.SortStableFunc(all, func(a, b mirror.Site) int {
		return cmp.Or(since[a.ID()].Compare(since[b.ID()]), cmp.Compare(a.Name, b.Name))
	})
	return all
}

// crawl gives a site its turn, until its hours are over.
func (r *running) crawl(ctx context.Context, site mirror.Site, plan Plan) error {
	if now := r.Now(); !plan.Close(site, now).IsZero() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, plan.Close(site, now).Sub(now), ErrHoursOver)
		defer cancel()
	}
	return r.Crawl(ctx, Turn{Site: site, StillDue: func(ctx context.Context) (bool, error) {
		_, last, err := r.look(ctx)
		now := r.Now()
		return err == nil && !plan.Next(site, last[site.ID()], now).After(now), err
	}})
}

// end notes that a crawl is over. A site whose crawl failed is left alone for a
// while whatever its last attempt says, lest an error that keeps the attempt from
// being recorded make it start again and again.
func (r *running) end(id mirror.SiteID, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.sites, id)
	if err == nil {
		return
	}
	rest := rest{until: r.Now().Add(busyPause)}
	if held := (*store.LeaseHeldError)(nil); errors.As(err, &held) {
		rest.holder = held.Owner
		r.Log.Debug("site is being crawled elsewhere", "lease", held.Name, "owner", held.Owner)
	}
	r.rests[id] = rest
}

// gone reports whether a holder of a lease has ended, whose site can be taken over.
func (r *running) gone(holder string) bool {
	return holder != "" && r.Gone != nil && r.Gone(holder)
}
