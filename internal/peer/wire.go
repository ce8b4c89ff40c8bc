package peer

import (
	"errors"
	"fmt"
	"time"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/pack"
)

// Where things are, below the URL of a tracker.
const (
	SnapshotsPath = "peer/v1/snapshots"
	SitesPath     = "peer/v1/sites/"
	TrackersPath  = "peer/v1/trackers"
	NotifyPath    = "peer/v1/notify"
)

// Bounds of what trackers tell each other.
const (
	MaxHave     = 16      // roots that a request for a pack may name
	MaxNotice   = 4 << 10 // bytes of a notice
	MaxTrackers = 1000    // in a list
	MaxOffers   = 100_000 // in a list
)

// An Offer is a snapshot that a tracker has in force, and makes a pack of for those who
// ask.
type Offer struct {
	Site     mirror.SiteID `json:"site"` // follows from the URL
	URL      mirror.URL    `json:"url"`
	Name     string        `json:"name"`
	Root     digest.ID     `json:"root"`
	Started  time.Time     `json:"started"` // of the crawl
	Finished time.Time     `json:"finished"`
	Origin   string        `json:"origin"` // who crawled the site
	digest.Totals
}

// Validate reports what cannot be.
func (o *Offer) Validate() error {
	switch site := (mirror.Site{Name: o.Name, URL: o.URL}); {
	case site.Validate() != nil:
		return site.Validate()
	case site.ID() != o.Site:
		return fmt.Errorf("site %s has the identity %s, not %s", o.URL, site.ID(), o.Site)
	case o.Root.IsZero():
		return fmt.Errorf("site %s: it has no root", o.URL)
	case o.Started.IsZero() || o.Finished.Before(o.Started):
		return fmt.Errorf("site %s: a crawl cannot have begun %s and ended %s", o.URL, o.Started.Format(time.RFC3339), o.Finished.Format(time.RFC3339))
	}
	return pack.ValidTracker(o.Origin)
}

// A Tracker is one that a tracker knows.
type Tracker struct {
	Name string     `json:"name"`
	URL  mirror.URL `json:"url"`

	// Key is the public key by which the tracker that tells of this one knows it, as
	// minisign writes it; "" if it takes nothing from it.
	Key string `json:"key,omitempty"`

	Seen *time.Time `json:"seen"` // when it was last heard of; null for never
}

// Validate reports what cannot be.
func (t *Tracker) Validate() error {
	if err := ValidURL(t.URL); err != nil {
		return err
	}
	if t.Key != "" {
		if _, err := ParseKey(t.Key); err != nil {
			return fmt.Errorf("tracker %s: %w", t.URL, err)
		}
	}
	return pack.ValidTracker(t.Name)
}

// An Introduction is what a tracker says of itself and of the others that it knows.
type Introduction struct {
	Name     string      `json:"name"`
	URL      *mirror.URL `json:"url"` // null if it does not say
	Key      string      `json:"key"`
	Trackers []Tracker   `json:"trackers"`
}

// Validate reports what cannot be.
func (i *Introduction) Validate() error {
	if err := pack.ValidTracker(i.Name); err != nil {
		return err
	}
	if len(i.Trackers) > MaxTrackers {
		return fmt.Errorf("%d trackers are more than %d", len(i.Trackers), MaxTrackers)
	}
	if _, err := ParseKey(i.Key); err != nil {
		return err
	}
	for n := range i.Trackers {
		if err := i.Trackers[n].Validate(); err != nil {
			return err
		}
	}
	return nil
}

// A Notice says that a tracker has something new.
type Notice struct {
	Tracker string     `json:"tracker"` // its name
	URL     mirror.URL `json:"url"`
}

// ValidURL reports whether a tracker can have a URL.
func ValidURL(u mirror.URL) error {
	if u.Scheme != "http" && u.Scheme != "https" {
		return fmt.Errorf("tracker %s: its URL must begin with http:// or https://", u)
	}
	return nil
}

// ErrKey says that a text is no public key.
var ErrKey = errors.New(`a public key has 56 letters and digits, as "crawler peer key" and minisign write it`)
