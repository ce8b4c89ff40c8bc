package health

import (
	"fmt"
	"time"
)

// brakeLimits say when the brake holds.
type brakeLimits struct {
	share float64       // of what was asked, that may fail at once
	pause time.Duration // for which failures must last once the brake holds
}

// The brake is not for few: fewer URLs, or URLs of one host alone, may always fall.
const (
	brakeURLs  = 3
	brakeHosts = 2
)

// A circle is a group of URLs that a fault of ours could make fail together: those
// of a family, because our network is gone; or those of a scheme in it, because a
// port is closed or there are no certificates to verify others with.
type circle struct {
	family Family
	scheme string // "" for all
}

// circles are those that an entry belongs to.
func (e *entry) circles() [2]circle {
	return [...]circle{{e.family, ""}, {e.family, e.url.Scheme}}
}

// A brake holds a circle.
type brake struct{ since time.Time }

// A count is how many of a circle fail.
type count struct {
	from    time.Time // when the first of those that fail began to
	asked   int       // since then, of those offered
	failing int       // of these, or fell within the last interval
	hosts   map[string]bool
	such    *entry // one of those that fail
	ripe    bool   // whether any would fall now, were it not for the brake
}

// count counts, in every circle, those of which the last findings are bad, and those
// that were asked since the first of them was found: others say nothing about now.
func (l *ledger) count(now time.Time) map[circle]*count {
	counts := map[circle]*count{}
	for _, e := range l.entries {
		if !l.failing(e, now) {
			continue
		}
		began := e.first
		if !e.state.Offered() {
			began = e.since
		}
		for _, c := range e.circles() {
			n := counts[c]
			if n == nil {
				n = &count{from: began, hosts: map[string]bool{}, such: e}
				counts[c] = n
			}
			if began.Before(n.from) {
				n.from = began
			}
			n.failing++
			n.asked++
			n.hosts[e.url.Host] = true
			n.ripe = n.ripe || l.ripe(e, now)
		}
	}
	for _, e := range l.entries {
		if !e.state.Offered() || l.failing(e, now) {
			continue
		}
		for _, c := range e.circles() {
			if n := counts[c]; n != nil && !e.checked.Before(n.from) {
				n.asked++
			}
		}
	}
	return counts
}

// failing reports whether an entry counts against its circles: it wants to fall, has
// just begun to fail, or has fallen within the last interval.
func (l *ledger) failing(e *entry, now time.Time) bool {
	if e.state.Offered() {
		return e.falling() || e.against > 0 && now.Sub(e.first) < l.interval
	}
	return len(e.falls) > 0 && now.Sub(e.falls[len(e.falls)-1]) < l.interval
}

// over reports whether too many fail.
func (b brakeLimits) over(n *count) bool {
	return n != nil && n.failing >= brakeURLs && len(n.hosts) >= brakeHosts && float64(n.failing) > b.share*float64(n.asked)
}

// brake puts brakes on and takes them off.
func (l *ledger) brake(counts map[circle]*count, now time.Time) (changed []Event) {
	for c, n := range counts {
		if l.brakes[c] == nil && n.ripe && l.limits.over(n) {
			l.brakes[c] = &brake{since: now}
			changed = append(changed, c.event(Up, Down, now,
				fmt.Sprintf("%d of %d fail at once, which may be our fault: none is switched off unless it still fails in %s; such as %s: %s",
					n.failing, n.asked, l.limits.pause, &n.such.url, n.such.last)))
		}
	}
	for c := range l.brakes {
		if !l.limits.over(counts[c]) {
			delete(l.brakes, c)
			changed = append(changed, c.event(Down, Up, now, "few enough fail"))
		}
	}
	return changed
}

// held reports whether a brake keeps an entry from falling: until it was found to
// fail after the pause as well; and, where that is the brake of a whole family, while
// nothing in it answers at all.
func (l *ledger) held(e *entry, now time.Time) bool {
	for _, c := range e.circles() {
		b := l.brakes[c]
		switch {
		case b == nil:
		case e.checked.Before(b.since.Add(l.limits.pause)):
			return true
		case c.scheme == "" && !l.answered[c.family].After(b.since):
			return true
		}
	}
	return false
}

func (c circle) event(from, to State, now time.Time, reason string) Event {
	return Event{Time: now, Kind: BrakeEvent, Family: c.family, Scheme: c.scheme, From: from, To: to, Reason: reason}
}
