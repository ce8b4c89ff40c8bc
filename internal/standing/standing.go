// Package standing tells how every site stands: what was found on it, how the last
// crawl went, what is doubted, and when it is crawled next. It is what "crawler status"
// shows and what [Monitor] serves as metrics.
package standing

import (
	"context"
	"errors"
	"time"

	"mirrortracker/internal/mirror"
	"mirrortracker/internal/schedule"
	"mirrortracker/internal/store"
)

// A Site is how one site stands.
type Site struct {
	mirror.Site
	Snapshot *store.Snapshot // in force; nil if there is none
	Attempt  *store.Attempt  // the last; nil if there was none
	Suspect  *store.Suspect  // what the last crawls found, if that is doubted; else nil
	Health   []store.Health  // how its URLs were found, by those redirectors that check; its present URLs only
	Next     time.Time       // when it may be crawled next; the time of asking if it is due
	Broken   bool            // it failed so often that its schedule does not count until Next
}

// Running reports whether the site is being crawled, as far as the database knows.
func (s *Site) Running() bool {
	return s.Attempt != nil && s.Attempt.Outcome == store.OutcomeRunning
}

// Due reports whether the site waits for its turn.
func (s *Site) Due(now time.Time) bool { return !s.Learnt && !s.Running() && !s.Next.After(now) }

// Failures returns how many crawls failed in a row.
func (s *Site) Failures() int {
	if s.Attempt == nil {
		return 0
	}
	return s.Attempt.Failures
}

// A Source knows of the sites. The store is one.
type Source interface {
	schedule.Source
	Current(ctx context.Context) ([]store.Snapshot, error)
	Suspects(ctx context.Context) ([]store.Suspect, error)
	Health(ctx context.Context) ([]store.Health, error)
}

var _ Source = (*store.Store)(nil)

// Read returns how all sites stand, in the source's order.
func Read(ctx context.Context, source Source, plan schedule.Plan, now time.Time) ([]Site, error) {
	sites, errSites := source.Sites(ctx)
	snapshots, errSnapshots := source.Current(ctx)
	attempts, errAttempts := source.Attempts(ctx)
	suspects, errSuspects := source.Suspects(ctx)
	found, errHealth := source.Health(ctx)
	if err := errors.Join(errSites, errSnapshots, errAttempts, errSuspects, errHealth); err != nil {
		return nil, err
	}
	current := bySite(snapshots, func(s *store.Snapshot) mirror.SiteID { return s.Site })
	last := bySite(attempts, func(a *store.Attempt) mirror.SiteID { return a.Site })
	doubted := bySite(suspects, func(s *store.Suspect) mirror.SiteID { return s.Site })
	all := make([]Site, len(sites))
	for i, site := range sites {
		id := site.ID()
		all[i] = Site{Site: site, Snapshot: current[id], Attempt: last[id], Suspect: doubted[id], Health: healthOf(site, found)}
		var attempt store.Attempt
		if last[id] != nil {
			attempt = *last[id]
		}
		all[i].Next, all[i].Broken = plan.Next(site, attempt, now), plan.Broken(attempt)
	}
	return all, nil
}

// healthOf returns what was found about the URLs that a site has now.
func healthOf(site mirror.Site, found []store.Health) (own []store.Health) {
	id := site.ID()
	for _, u := range site.URLs() {
		text := u.String()
		for _, h := range found {
			if h.Site == id && h.URL == text {
				own = append(own, h)
			}
		}
	}
	return own
}

// bySite returns a table of values by the site that each is about.
func bySite[V any](values []V, site func(*V) mirror.SiteID) map[mirror.SiteID]*V {
	table := make(map[mirror.SiteID]*V, len(values))
	for i := range values {
		table[site(&values[i])] = &values[i]
	}
	return table
}
