package health

import (
	"time"

	"mirrortracker/internal/mirror"
	"mirrortracker/internal/store"
)

// A key names a track: one URL over one family.
type key struct {
	url    mirror.URL
	family Family
}

// An entry is a track and whose it is.
type entry struct {
	key
	track
	site *mirror.Site
	id   mirror.SiteID
}

// A ledger holds all tracks. It is not safe for several goroutines.
type ledger struct {
	interval time.Duration // within which everything is checked once
	limits   brakeLimits
	entries  map[key]*entry
	brakes   map[circle]*brake
	answered [len(Families)]time.Time // when anything last answered
	recorded map[record]store.Health  // what was down before the start
}

// A record names a track as records do.
type record struct {
	site   mirror.SiteID
	url    string
	family Family
}

func newLedger(o Options) *ledger {
	return &ledger{
		interval: o.Interval,
		limits:   brakeLimits{share: o.Brake, pause: o.Pause},
		entries:  map[key]*entry{},
		brakes:   map[circle]*brake{},
	}
}

// checkable reports whether URLs of a scheme are checked at all.
func checkable(scheme string) bool {
	switch scheme {
	case "ftp", "ftps", "http", "https":
		return true
	}
	return false
}

// track makes the ledger one of exactly the URLs of these sites. It returns the
// keys that are new and those that are gone. A URL that two sites have is the
// first one's.
func (l *ledger) track(sites []mirror.Site) (added, gone []key) {
	wanted := make(map[key]bool, len(l.entries))
	for i := range sites {
		site, id := &sites[i], sites[i].ID()
		for u := range bases(site) {
			for _, f := range Families {
				k := key{*u, f}
				if !checkable(u.Scheme) || wanted[k] {
					continue
				}
				wanted[k] = true
				if e := l.entries[k]; e != nil {
					e.site, e.id = site, id
					continue
				}
				e := &entry{key: k, site: site, id: id}
				l.entries[k] = e
				l.recall(e)
				added = append(added, k)
			}
		}
	}
	for k := range l.entries {
		if !wanted[k] {
			delete(l.entries, k)
			gone = append(gone, k)
		}
	}
	return added, gone
}

// recallFor is how old a record may be to count.
const recallFor = 10 * time.Minute

// remember takes what was found before the start, here or elsewhere: what was down
// lately begins so, until the first good check, and all else as if nothing were known.
func (l *ledger) remember(found []store.Health, now time.Time) {
	l.recorded = map[record]store.Health{}
	for _, h := range found {
		if h.State != Down.String() || now.Sub(h.Checked) > recallFor {
			continue
		}
		for _, f := range Families {
			if f.String() == h.Family {
				l.recorded[record{h.Site, h.URL, f}] = h
			}
		}
	}
	for _, e := range l.entries {
		l.recall(e)
	}
}

// recall gives an entry that was not checked yet the state that is recorded of it.
func (l *ledger) recall(e *entry) {
	r := record{e.id, e.url.String(), e.family}
	h, down := l.recorded[r]
	if down && e.checked.IsZero() {
		e.enter(Down, h.Reason, h.Since)
	}
	delete(l.recorded, r) // it is not for a site that is tracked again some day
}

// take takes in what a check found, and returns in which time to check again,
// before jitter, and the change that it made, if any.
func (l *ledger) take(k key, f finding, now time.Time) (next time.Duration, changed []Event) {
	e := l.entries[k]
	if e == nil {
		return l.interval, nil
	}
	if f.verdict == good || f.verdict == missing {
		l.answered[k.family] = now
	}
	before := e.state
	e.take(f, now)
	if e.state != before {
		changed = append(changed, e.event(before, now))
	}
	return e.next(f.verdict, l.interval), changed
}

// judge lets those fall that want to, for as long as it takes to ask all others,
// and whom the brake does not hold. It returns the changes.
func (l *ledger) judge(now time.Time) (changed []Event) {
	counts := l.count(now)
	changed = l.brake(counts, now)
	for _, e := range l.entries {
		if l.ripe(e, now) && !l.held(e, now) {
			before := e.state
			e.fall(now)
			changed = append(changed, e.event(before, now))
		}
	}
	return changed
}

// ripe reports whether an entry has wanted to fall for as long as it takes to ask all
// others.
func (l *ledger) ripe(e *entry, now time.Time) bool {
	return e.falling() && now.Sub(e.first) >= l.interval
}

// pairs returns the states of all URLs.
func (l *ledger) pairs() map[mirror.URL]Pair {
	pairs := make(map[mirror.URL]Pair, len(l.entries)/len(Families))
	for k, e := range l.entries {
		pair := pairs[k.url]
		pair[k.family] = e.state
		pairs[k.url] = pair
	}
	return pairs
}

// reasons returns why URLs are down.
func (l *ledger) reasons() map[key]string {
	reasons := map[key]string{}
	for k, e := range l.entries {
		if e.state == Down {
			reasons[k] = e.reason
		}
	}
	return reasons
}

func (e *entry) event(from State, now time.Time) Event {
	return Event{
		Time:   now,
		Kind:   StateEvent,
		Site:   e.site.Name,
		URL:    &e.url,
		Family: e.family,
		Scheme: e.url.Scheme,
		From:   from,
		To:     e.state,
		Reason: e.reason,
		id:     e.id,
	}
}
