package main

import (
	"context"
	"time"

	"mirrortracker/internal/crawl"
	"mirrortracker/internal/crawl/ftplist"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/process"
	"mirrortracker/internal/ui"
)

// crawl crawls one site as the configuration says, shown on a line.
func (s *session) crawl(ctx context.Context, site mirror.Site, line *ui.Line) (crawl.Report, error) {
	var zone *time.Location
	if site.Zone != "" {
		var err error
		if zone, err = time.LoadLocation(site.Zone); err != nil {
			return crawl.Report{}, err
		}
	}
	limits := s.limits()
	source, err := ftplist.NewSource(ftplist.Config{
		URL:     site.URL,
		Way:     ftplist.Way(s.cfg.Crawl.Listing),
		Zone:    zone,
		Timeout: s.cfg.Crawl.Timeout.Duration,
		Whole:   s.cfg.Crawl.ListingTimeout.Duration,
		Limits:  limits,
		Now:     time.Now,
	})
	if err != nil {
		return crawl.Report{}, err
	}
	job := crawl.Job{
		Store:       s.store,
		Site:        site,
		Source:      source,
		Owner:       process.Name(),
		Gone:        process.Gone,
		Connections: s.cfg.Crawl.Connections,
		Limits:      limits,
		Retry:       crawl.Retry{Tries: s.cfg.Crawl.Retries, Pause: s.cfg.Crawl.RetryPause.Duration},
		Now:         time.Now,
		Log:         s.log,
		SaveEvery:   s.cfg.Crawl.SaveEvery.Duration,
		ResumeFor:   s.cfg.Crawl.ResumeFor.Duration,
		Watch: func(status func() crawl.Status) {
			line.Watch(func() ui.Far {
				now := status()
				return ui.Far{Dirs: now.Dirs + now.Reused, Files: now.Files, Current: string(now.Current)}
			})
		},
	}
	return job.Run(ctx)
}

func (s *session) limits() crawl.Limits {
	l := s.cfg.Crawl.Limits
	return crawl.Limits{
		Depth:   l.Depth,
		Name:    l.Name,
		Entries: l.Entries,
		Listing: int64(l.Listing),
		Total:   l.Total,
		Time:    l.Time.Duration,
	}
}
