package health

import (
	"slices"
	"time"

	"mirrortracker/internal/mirror"
)

// A track is what successive checks of one URL over one family add up to. It knows
// nothing of the others: whether it may fall, the ledger says.
type track struct {
	state   State
	since   time.Time // when it came into that state
	reason  string    // why
	checked time.Time // when the last check ended; zero before the first

	wants   State       // Down or Absent where the findings are enough for that, else the state
	last    string      // what the last finding against it says
	against int         // findings in a row that speak against it, of one missing file only once
	bad     int         // all bad findings in the row
	first   time.Time   // when the first of them was made
	file    mirror.Path // that was missing last
	inFavor int         // good findings in a row
	falls   []time.Time // when it went down lately, the oldest first
	slower  int         // checks since it went down
}

const (
	// enough is the number of findings in a row without which nothing falls.
	enough = 2

	// For as long as flapMemory a fall counts: as many good findings in a row as it
	// fell, but not more than maxReturn, are asked of what returns.
	flapMemory = 30 * time.Minute
	maxReturn  = 5

	// After a missing file so many others are asked for at once: of a site that has
	// changed since it was crawled, most are still there.
	moreFiles = 3
)

// take takes a finding in, and changes the state unless that would be a fall, which
// is only wanted.
func (t *track) take(f finding, now time.Time) {
	t.checked = now
	if f.bad() {
		t.doubt(f, now)
		return
	}
	switch f.verdict {
	case good:
		t.trust(now)
	case ours:
		t.forgive()
		if t.state != Absent {
			t.enter(Unknown, f.reason, now)
		}
	}
}

// trust takes in a good finding.
func (t *track) trust(now time.Time) {
	t.forgive()
	t.inFavor++
	if t.state != Down || t.inFavor >= t.probation(now) {
		t.enter(Up, "it answers", now)
	}
}

// forgive forgets what speaks against it.
func (t *track) forgive() {
	t.against, t.bad, t.first, t.file = 0, 0, time.Time{}, ""
	t.wants, t.last = t.state, ""
}

// doubt takes in a finding that speaks against it.
func (t *track) doubt(f finding, now time.Time) {
	t.inFavor = 0
	if t.bad++; t.bad == 1 {
		t.first = now
	}
	if f.verdict != missing || t.against == 0 || f.file != t.file {
		t.against++
	}
	t.file, t.last = f.file, f.reason
	to := Down
	if f.verdict == absent {
		to = Absent
	}
	switch {
	case to == Absent && (t.state == Unknown || t.state == Down):
		t.enter(Absent, f.reason, now)
	case t.against >= enough && t.state == Absent:
		t.enter(to, f.reason, now)
	case t.against >= enough && t.state.Offered():
		t.wants = to
	case f.verdict == missing && (t.state == Up || t.state == Unknown):
		t.enter(Stale, f.reason, now)
	}
	if t.state == Down {
		t.slower++
		t.reason = f.reason
	}
}

// fall gives it what it wants.
func (t *track) fall(now time.Time) {
	t.probation(now)
	t.falls = append(t.falls, now)
	t.slower = 0
	t.enter(t.wants, t.last, now)
}

// probation is the number of good findings that bring it back. It forgets falls that no
// longer count.
func (t *track) probation(now time.Time) int {
	t.falls = slices.DeleteFunc(t.falls, func(at time.Time) bool { return now.Sub(at) > flapMemory })
	return min(max(len(t.falls), 1), maxReturn)
}

func (t *track) enter(to State, reason string, now time.Time) {
	if t.state != to || t.since.IsZero() {
		t.state, t.since = to, now
	}
	t.reason = reason
	t.wants = to
}

// falling reports whether it wants to leave the answers.
func (t *track) falling() bool { return t.state.Offered() && t.wants != t.state }

// slowest is how long what is down, absent or busy is left alone at most, unless
// the interval is longer.
const slowest = time.Minute

// next returns in which time it is to be checked again, before jitter.
func (t *track) next(last verdict, interval time.Duration) time.Duration {
	long := max(slowest, interval)
	switch {
	case last == busy, last == ours, t.state == Absent && last == absent:
		return long
	case t.state == Down && t.inFavor > 0:
		return interval / 2
	case t.state == Down:
		return min(interval+time.Duration(t.slower)*interval/2, long)
	case t.bad == 1, last == missing && t.bad <= moreFiles:
		return interval / 4
	}
	return interval
}
