package main

import (
	"cmp"
	"context"
	"time"

	"mirrortracker/internal/config"
	"mirrortracker/internal/crawl"
	"mirrortracker/internal/crawl/ftplist"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/polite"
	"mirrortracker/internal/process"
	"mirrortracker/internal/ui"
)

// An order says which site is crawled, and how.
type order struct {
	site     mirror.Site
	settings *config.Crawl
	pacer    *polite.Pacer
	line     *ui.Line // shows how far it is

	// stillDue is asked under the lease; nil where the site is crawled in any case.
	stillDue func(ctx context.Context) (bool, error)
}

// pace is how fast the site is crawled: as it says for itself, or as configured.
func (o *order) pace() polite.Pace {
	return polite.Pace{
		Connections: cmp.Or(o.site.Visit.Connections, o.settings.Connections),
		Rate:        cmp.Or(o.site.Visit.Rate, o.settings.Rate),
		Bandwidth:   cmp.Or(o.site.Visit.Bandwidth, int64(o.settings.Bandwidth)),
	}
}

// crawl crawls one site.
func (s *session) crawl(ctx context.Context, o order) (crawl.Report, error) {
	pace := o.pace()
	site := o.pacer.Site(ctx, o.site, pace)
	defer site.Close()
	source, err := s.source(o, site)
	if err != nil {
		return crawl.Report{}, err
	}
	job := crawl.Job{
		Store:       s.Store,
		Site:        o.site,
		Source:      source,
		Owner:       process.Name(),
		Gone:        process.Gone,
		StillDue:    o.stillDue,
		Connections: pace.Connections,
		Pace:        site,
		Limits:      limits(o.settings),
		Retry:       crawl.Retry{Tries: o.settings.Retries, Pause: o.settings.RetryPause.Duration},
		Now:         time.Now,
		Log:         s.Log,
		SaveEvery:   o.settings.SaveEvery.Duration,
		ResumeFor:   o.settings.ResumeFor.Duration,
		Suspect:     o.settings.Suspect,
		Watch: func(status func() crawl.Status) {
			o.line.Watch(func() ui.Far {
				now := status()
				return ui.Far{Dirs: now.Dirs + now.Reused, Files: now.Files, Current: string(now.Current)}
			})
		},
	}
	return job.Run(ctx)
}

// source is the site as it is visited, at its pace.
func (s *session) source(o order, pace *polite.Site) (crawl.Source, error) {
	var zone *time.Location
	if o.site.Zone != "" {
		var err error
		if zone, err = time.LoadLocation(o.site.Zone); err != nil {
			return nil, err
		}
	}
	conn, why := s.connection(o)
	conn.Limiter = pace.Bytes()
	maxIndexAge := time.Duration(0) // as the strategy thinks best
	if o.settings.Index == "off" {
		maxIndexAge = -1
	}
	source, err := ftplist.NewSource(ftplist.Config{
		URL:    o.site.URL,
		Way:    ftplist.Way(cmp.Or(o.site.Visit.Listing, o.settings.Listing)),
		Zone:   zone,
		Conn:   conn,
		Slots:  pace,
		Whole:  o.settings.ListingTimeout.Duration,
		Limits: limits(o.settings),
		Now:    time.Now,

		MaxIndexAge: maxIndexAge,
	})
	if err != nil || why == nil {
		return source, err
	}
	return unready{source, why}, nil
}

func limits(settings *config.Crawl) crawl.Limits {
	l := settings.Limits
	return crawl.Limits{
		Depth:   l.Depth,
		Name:    l.Name,
		Entries: l.Entries,
		Listing: int64(l.Listing),
		Total:   l.Total,
		Time:    l.Time.Duration,
	}
}
