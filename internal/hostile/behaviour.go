package hostile

import (
	"maps"
	"slices"
)

// An Ending is how the crawl of a site may end.
type Ending string

// The endings, as `crawler crawl --json` calls them.
const (
	Failed     Ending = "failed"     // nothing is published
	Incomplete Ending = "incomplete" // published without the digests of what is in doubt
	Complete   Ending = "complete"   // published with the digests of the honest tree
)

// A Behaviour is one way of being hostile.
type Behaviour struct {
	Name string

	// Site makes a server of its own; what it offers is for the caller to say,
	// unless Fixed.
	Site  func() *Site
	Fixed bool

	Ends []Ending // how a crawl may end
	Says string   // a pattern of the error, or of a problem, where it does not end complete

	Settings []string // that the crawler needs to come to an end soon: TRACKER_KEY=value
}

// May reports whether a crawl may end so.
func (b *Behaviour) May(end string) bool { return slices.Contains(b.Ends, Ending(end)) }

// Behaviours returns all of them.
func Behaviours() []Behaviour {
	return slices.Concat(talk(), transfers(), listings(), contradictions(), trees(), recursions(), indexes())
}

var (
	neverComplete = []Ending{Failed, Incomplete}
	mustFail      = []Ending{Failed}
	incomplete    = []Ending{Incomplete}
	neverWrong    = []Ending{Failed, Incomplete, Complete}
)

// honest is the honest site with some commands replaced.
func honest(script map[string]act) func() *Site {
	return func() *Site {
		return &Site{Tree: Dirs(Honest), Script: maps.Clone(script)}
	}
}

// twisted is the honest site whose directory Bad is listed otherwise.
func twisted(list func(form Form, out Out)) func() *Site {
	return func() *Site {
		return &Site{Tree: Dirs(Honest), Twist: func(dir string, form Form, out Out) bool {
			if dir == Bad {
				list(form, out)
			}
			return dir == Bad
		}}
	}
}

// flood sends a text again and again, until the client has had enough.
func flood(out Out, text string) {
	for out.Send(text) == nil {
	}
}
