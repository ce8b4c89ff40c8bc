package health

import (
	"time"

	"mirrortracker/internal/mirror"
)

// An Event is one change, with its reason.
//
// A change of the brake has no site and no URL: its To is [Down] when the brake
// holds and [Up] when it lets go.
type Event struct {
	Time   time.Time   `json:"time"`
	Kind   Kind        `json:"event"`
	Site   string      `json:"site,omitempty"` // its name
	URL    *mirror.URL `json:"url,omitempty"`
	Family Family      `json:"family"`
	Scheme string      `json:"scheme,omitempty"` // of the URL; of a brake, "" for all
	From   State       `json:"from"`
	To     State       `json:"to"`
	Reason string      `json:"reason"` // for people

	id mirror.SiteID
}

// A Kind is what an event is about.
type Kind string

// The kinds.
const (
	StateEvent Kind = "state" // of a URL
	BrakeEvent Kind = "brake"
)

// beginning reports whether the event only says what the first check found, and that
// is nothing bad. There are as many of these at each start as there are URLs.
func (e *Event) beginning() bool { return e.From == Unknown && (e.To == Up || e.To == Absent) }
