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

// A Scheduler crawls sites when they are due.
type Scheduler struct {
	Source   Source
	Plan     Plan
	Parallel int           // sites at a time, at least 1
	Poll     time.Duration // how often the source is asked
	Now      func() time.Time
	Log      *slog.Logger

	// Crawl crawls a site and records the attempt. A *store.LeaseHeldError says
	// that somebody else is doing so; other errors it has logged itself.
	Crawl func(ctx context.Context, site mirror.Site) error
}

// busyPause is how long a site is left alone that somebody else is crawling, or
// whose crawl ended without having been recorded.
const busyPause = 30 * time.Second

// running is what a scheduler has under way.
type running struct {
	*Scheduler
	crawls sync.WaitGroup

	mu    sync.Mutex
	sites map[mirror.SiteID]bool
	pause map[mirror.SiteID]time.Time // sites to leave alone, until when
}

// Run crawls until ctx is done, and then waits for the crawls to end, which are
// interrupted. A source that cannot be asked is asked again.
func (s *Scheduler) Run(ctx context.Context) {
	r := &running{Scheduler: s, sites: map[mirror.SiteID]bool{}, pause: map[mirror.SiteID]time.Time{}}
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
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-ended:
		}
	}
}

// A candidate is a site that is due.
type candidate struct {
	site mirror.Site
	due  time.Time
}

// start starts the crawls of sites that are due, the most overdue first, as far
// as there is room for them.
func (r *running) start(ctx context.Context, ended chan<- struct{}) error {
	// A crawl that ends while the source is asked leaves an answer that knows
	// nothing of its end, so those under way before it are what counts.
	r.mu.Lock()
	before := maps.Clone(r.sites)
	r.mu.Unlock()
	sites, err := r.Source.Sites(ctx)
	if err != nil {
		return err
	}
	attempts, err := r.Source.Attempts(ctx)
	if err != nil {
		return err
	}
	last := make(map[mirror.SiteID]store.Attempt, len(attempts))
	for _, a := range attempts {
		last[a.Site] = a
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.due(sites, last) {
		if before[c.site.ID()] {
			continue
		}
		if len(r.sites) >= max(r.Parallel, 1) {
			break
		}
		id := c.site.ID()
		r.sites[id] = true
		r.crawls.Go(func() {
			err := r.Crawl(ctx, c.site)
			r.end(id, err)
			select {
			case ended <- struct{}{}:
			default: // it will be looked after anyway
			}
		})
	}
	return nil
}

// due returns the sites to be crawled now, sorted by when they became due.
func (r *running) due(sites []mirror.Site, last map[mirror.SiteID]store.Attempt) []candidate {
	now := r.Now()
	var all []candidate
	for _, site := range sites {
		id := site.ID()
		due := r.Plan.Due(site, last[id])
		if r.sites[id] || now.Before(due) || now.Before(r.pause[id]) {
			continue
		}
		all = append(all, candidate{site, due})
	}
	slices.SortStableFunc(all, func(a, b candidate) int {
		return cmp.Or(a.due.Compare(b.due), cmp.Compare(a.site.Name, b.site.Name))
	})
	return all
}

// end notes that a crawl is over. A site whose crawl failed is left alone for a
// while whatever its last attempt says, lest an error that keeps the attempt from
// being recorded make it start again and again.
func (r *running) end(id mirror.SiteID, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.sites, id)
	delete(r.pause, id)
	if err != nil {
		r.pause[id] = r.Now().Add(busyPause)
	}
	if held := (*store.LeaseHeldError)(nil); errors.As(err, &held) {
		r.Log.Debug("site is being crawled elsewhere", "lease", held.Name, "owner", held.Owner)
	}
}
