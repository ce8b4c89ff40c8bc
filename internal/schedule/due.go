package schedule

import (
	"encoding/binary"
	"time"

	"mirrortracker/internal/crawl"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/store"
)

// A Plan says when sites are crawled that do not say so themselves.
type Plan struct {
	Default Cron
	Jitter  time.Duration // sites are spread over so much time after the schedule's moment
	Again   time.Duration // after a failed crawl, if the schedule is not earlier
}

// Due returns when a site is to be crawled next, given its last attempt, which is
// zero if there was none; the zero time means at once. A site's expression that
// cannot be read counts as none.
func (p Plan) Due(site mirror.Site, last store.Attempt) time.Time {
	switch {
	case last.Started.IsZero(), last.Outcome == crawl.Interrupted, last.Outcome == crawl.Running:
		return time.Time{}
	}
	spec := p.Default
	if own, err := Parse(site.Schedule); site.Schedule != "" && err == nil {
		spec = own
	}
	// The whole schedule is shifted, not the next moment alone: otherwise a
	// jitter longer than the schedule's interval would make it longer.
	share := p.share(site.ID())
	due := spec.Next(last.Started.Add(-share)).Add(share)
	if again := last.Ended.Add(p.Again); last.Outcome == crawl.Failed && again.Before(due) {
		return again
	}
	return due
}

// share returns the part of the jitter that is a site's own.
func (p Plan) share(id mirror.SiteID) time.Duration {
	if p.Jitter < time.Second {
		return 0
	}
	seconds := binary.BigEndian.Uint64(id[:8]) % uint64(p.Jitter/time.Second)
	return time.Duration(seconds) * time.Second
}
