package resolver

import "time"

// A retry says when sites that could not be loaded are tried again although
// nothing has changed: the trees below a root are all read again, so not at
// every check.
type retry struct {
	at    time.Time // zero: there is nothing to try
	pause time.Duration
}

// The pauses between two tries double from the first to the longest.
const (
	firstPause   = 4 * time.Second
	longestPause = 5 * time.Minute
)

func (r retry) due(now time.Time) bool { return !r.at.IsZero() && !now.Before(r.at) }

// after returns when to try again after a try that left such problems or none.
func (r retry) after(problems bool, now time.Time) retry {
	if !problems {
		return retry{}
	}
	pause := min(max(2*r.pause, firstPause), longestPause)
	return retry{now.Add(pause), pause}
}
