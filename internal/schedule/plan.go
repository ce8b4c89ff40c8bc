package schedule

import (
	"cmp"
	"encoding/binary"
	"hash/fnv"
	"time"

	"mirrortracker/internal/mirror"
	"mirrortracker/internal/store"
)

// A Plan says when sites are crawled, as far as they do not say so themselves.
type Plan struct {
	Default  Cron
	Zone     *time.Location // of schedules and hours; nil for UTC
	Hours    mirror.Hours   // of the day in which crawls may run
	Jitter   time.Duration  // sites are spread over so much time after the schedule's moment
	Pause    time.Duration  // between the end of a crawl and the beginning of the next
	Again    time.Duration  // after a failed crawl, doubled with each failure in a row
	AgainMax time.Duration  // how far it doubles
	Breaker  int            // failures in a row after which the schedule does not count; 0 for none
}

// Due returns when a site is to be crawled next, whatever the hours are, given its
// last attempt, which is zero if there was none; the zero time means at once. An
// expression of the site's that cannot be read counts as none.
func (p Plan) Due(site mirror.Site, last store.Attempt) time.Time {
	switch {
	case last.Started.IsZero(), last.Outcome == store.OutcomeInterrupted, last.Outcome == store.OutcomeRunning:
		return time.Time{}
	}
	due := p.scheduled(site, last)
	switch again := last.Ended.Add(p.wait(site, last)); {
	case p.Broken(last):
		due = again
	case last.Outcome == store.OutcomeFailed || last.Outcome == store.OutcomeSuspect:
		due = earlier(due, again)
	}
	return later(due, last.Ended.Add(cmp.Or(site.Visit.Pause, p.Pause)))
}

// maxAhead is how much further a clock by which an attempt was made may have been, on
// another machine or before it was set right.
const maxAhead = 24 * time.Hour

// Next returns when a site may be crawled, from now on. An attempt of a far future
// counts as none: the clock was wrong, and the site would be left alone until then.
func (p Plan) Next(site mirror.Site, last store.Attempt, now time.Time) time.Time {
	if later(last.Started, last.Ended).After(now.Add(maxAhead)) {
		last = store.Attempt{}
	}
	return p.hours(site).Open(later(p.Due(site, last), now).In(p.zone()))
}

// Close returns when the hours of a site that is crawled now are over, the zero time
// if they never are.
func (p Plan) Close(site mirror.Site, now time.Time) time.Time {
	return p.hours(site).Close(now.In(p.zone()))
}

// Broken reports whether a site failed so often that it is left alone for longer and
// longer, and tried only once each time.
func (p Plan) Broken(last store.Attempt) bool {
	return last.Outcome == store.OutcomeFailed && p.Breaker > 0 && last.Failures >= p.Breaker
}

// scheduled returns the moment of the schedule after the last attempt began. The whole
// schedule is shifted by the site's share of the jitter, not the next moment alone:
// otherwise a jitter longer than the schedule's interval would make it longer.
func (p Plan) scheduled(site mirror.Site, last store.Attempt) time.Time {
	spec := p.Default
	if site.Schedule != "" {
		if own, err := Parse(site.Schedule); err == nil {
			spec = own
		}
	}
	share := share(site.ID(), nil, p.Jitter)
	return spec.Next(last.Started.Add(-share).In(p.zone())).Add(share)
}

// wait returns how long a site is left alone after an attempt that failed: longer each
// time, and by up to a quarter more than that, so that sites that failed together do
// not come again together.
func (p Plan) wait(site mirror.Site, last store.Attempt) time.Duration {
	most := max(p.Again, p.AgainMax)
	wait := p.Again
	for range last.Failures - 1 {
		if wait >= most/2 {
			wait = most
			break
		}
		wait *= 2
	}
	ended := binary.BigEndian.AppendUint64(nil, uint64(last.Ended.Unix()))
	return wait + share(site.ID(), ended, wait/4)
}

func (p Plan) hours(site mirror.Site) mirror.Hours {
	if own, err := mirror.ParseHours(site.Visit.Hours); site.Visit.Hours != "" && err == nil {
		return own
	}
	return p.Hours
}

func (p Plan) zone() *time.Location {
	if p.Zone == nil {
		return time.UTC
	}
	return p.Zone
}

// share returns a part of a time that is a site's own, in whole seconds. It is drawn
// anew with the salt, but the same wherever it is drawn.
func share(id mirror.SiteID, salt []byte, of time.Duration) time.Duration {
	if of < time.Second {
		return 0
	}
	hash := fnv.New64a()
	hash.Write(id[:])
	hash.Write(salt)
	return time.Duration(hash.Sum64()%uint64(of/time.Second)) * time.Second
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
