package receive

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mirrortracker/internal/mirror"
	"mirrortracker/internal/peer"
	"mirrortracker/internal/store"
)

var (
	// ErrRefused says that a snapshot is not taken, and why. The same one will not be
	// taken later either, unless the configuration or the clock changes.
	ErrRefused = errors.New("refused")
	// ErrOwn says that a snapshot is refused because its site is crawled here.
	ErrOwn = errors.New("is crawled here")
	// ErrKnown says that there is nothing new in it.
	ErrKnown = errors.New("nothing new")
)

func refuse(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrRefused, fmt.Errorf(format, args...))
}

// A View is what was here at a moment.
type View struct {
	rules  Rules
	now    time.Time
	sites  map[mirror.SiteID]mirror.Site
	force  map[mirror.SiteID]store.Snapshot
	learnt int
}

// Look returns what is here now.
func (r *Receiver) Look(ctx context.Context) (*View, error) {
	sites, err := r.Store.Sites(ctx)
	if err != nil {
		return nil, err
	}
	snapshots, err := r.Store.Current(ctx)
	if err != nil {
		return nil, err
	}
	v := &View{rules: r.Rules, now: r.Now(), sites: map[mirror.SiteID]mirror.Site{}, force: map[mirror.SiteID]store.Snapshot{}}
	for _, site := range sites {
		v.sites[site.ID()] = site
		if site.Learnt {
			v.learnt++
		}
	}
	for _, snap := range snapshots {
		v.force[snap.Site] = snap
	}
	return v, nil
}

// Check says why a snapshot that a peer offers would not be taken: [ErrKnown] where
// there is nothing new in it, otherwise [ErrRefused], and [ErrOwn] with it.
func (v *View) Check(o *peer.Offer, from *From) error {
	if err := o.Validate(); err != nil {
		return refuse("%w", err)
	}
	if !from.Trust.Have(o.URL) {
		return refuse("%s is not believed about %s", from, o.URL)
	}
	site, known := v.sites[o.Site]
	force, crawled := v.force[o.Site]
	switch age := v.now.Sub(o.Finished); {
	case known && !site.Learnt && crawled && force.Via == "":
		return refuse("%s %w, as %s", o.URL, ErrOwn, site.Name)
	case crawled && o.Finished.Unix() <= force.Finished.Unix():
		return fmt.Errorf("%w: the crawl of %s ended %s, and the snapshot in force is of %s", ErrKnown, o.URL,
			o.Finished.UTC().Format(time.RFC3339), force.Finished.Format(time.RFC3339))
	case age < -v.rules.Skew:
		return refuse("the crawl of %s is said to have ended %s, in the future", o.URL, o.Finished.UTC().Format(time.RFC3339))
	case age > v.rules.MaxAge:
		return refuse("the crawl of %s ended %s, longer ago than %s", o.URL, o.Finished.UTC().Format(time.RFC3339), v.rules.MaxAge)
	case !known && v.learnt >= v.rules.MaxSites:
		return refuse("%d sites are known from others already; %s would be one more", v.learnt, o.URL)
	}
	return nil
}
